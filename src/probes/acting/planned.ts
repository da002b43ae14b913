/**
 * A session on which a statement that takes long to plan is planned once. Where policies look into tables that have
 * policies of their own, Postgres writes all of them into the plan of each statement: thousands of nodes, planned in
 * most of a second and executed in a fraction of that. The probes ask the same statements again and again with other
 * values: PREPARE keeps the plan for them.
 * https://www.postgresql.org/docs/17/sql-prepare.html#SQL-PREPARE-NOTES
 */
import { EngineLost, type Session } from '../../database/engine.ts';

/** From here on a statement is prepared when it comes again. In milliseconds. */
const longMs = 60;

/** For the transaction: a plan that fits all values, from the first execution on. */
export const planOnce = 'set local plan_cache_mode = force_generic_plan';

type Plan = { readonly name: string; state: 'wanted' | 'ready' | 'refused' };

export interface Planned extends Session {
  /** What stays on the connection when the transaction is over, and has to go. */
  readonly prepared: () => readonly string[];
}

export function planned(session: Session, fromMs: number = longMs): Planned {
  const plans = new Map<string, Plan>();
  const batch: Session['batch'] = async (statements, options) => {
    const asked = readBatch(statements);
    for (const each of asked) {
      const plan = each === null ? undefined : plans.get(each.key);
      if (plan?.state === 'wanted') await prepare(session, each!, plan);
    }
    const sent = statements.map((sql, index) => {
      const each = asked[index]!;
      const plan = each === null ? undefined : plans.get(each.key);
      return plan?.state === 'ready' ? `execute ${plan.name}(${each!.values.join(', ')})` : sql;
    });
    const outcomes = await session.batch(sent, options);
    outcomes.forEach(({ ms }, index) => {
      const each = asked[index];
      if (each && ms >= fromMs && !plans.has(each.key))
        plans.set(each.key, { name: `guard_probe_${plans.size + 1}`, state: 'wanted' });
    });
    return outcomes;
  };
  return {
    exec: (sql) => session.exec(sql),
    query: (sql, parameters) => session.query(sql, parameters),
    batch,
    prepared: () => [...plans.values()].flatMap(({ name, state }) => (state === 'ready' ? [name] : [])),
  };
}

/** PREPARE outlives the savepoint. What Postgres can't prepare (a value whose type nothing tells) is sent as it is. */
async function prepare(session: Session, { as, shape }: Asked, plan: Plan): Promise<void> {
  const statements = [
    'savepoint plan',
    as,
    `prepare ${plan.name} as ${shape}`,
    'rollback to savepoint plan',
    'release savepoint plan',
  ];
  const outcomes = await session.batch(statements).catch((error) => {
    // It was none of the caller's statements.
    throw error instanceof EngineLost ? new EngineLost(error.reason, error.message) : error;
  });
  plan.state = outcomes[2]!.ok ? 'ready' : 'refused';
}

interface Asked {
  /** The statement that became who asks. */
  readonly as: string;
  readonly key: string;
  /** With a parameter for each value. */
  readonly shape: string;
  /** As literals. */
  readonly values: readonly string[];
}

/** What users ask in a batch; null for what the superuser does, and where the batch does not say who it is. */
function readBatch(statements: readonly string[]): readonly (Asked | null)[] {
  let as: string | null = null;
  const saved = new Map<string, string | null>();
  return statements.map((sql) => {
    const savepoint = /^(rollback to )?savepoint (\w+)$/.exec(sql);
    if (savepoint?.[1] !== undefined) as = saved.get(savepoint[2]!) ?? null;
    else if (savepoint) saved.set(savepoint[2]!, as);
    else if (/^set local role none$|^select set_config\('role', 'none'/.test(sql)) as = null;
    else if (/^select set_config\('role', /.test(sql)) as = sql;
    else if (as !== null && /^(?:select|insert|update|delete)\b/.test(sql)) return askedBy(as, sql);
    return null;
  });
}

/** Names and values. */
const quoted = /"(?:[^"]|"")*"|'(?:[^']|'')*'/g;

function askedBy(as: string, sql: string): Asked | null {
  const values: string[] = [];
  // A dollar that stands there already would be no parameter of ours.
  if (sql.replace(quoted, '').includes('$')) return null;
  const shape = sql.replace(quoted, (token) => (token.startsWith('"') ? token : `$${values.push(token)}`));
  if (values.length === 0) return null;
  return { as, key: `${/'role', '(\w+)'/.exec(as)?.[1]} ${shape}`, shape, values };
}

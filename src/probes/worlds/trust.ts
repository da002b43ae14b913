/** Worlds in which the caller is among people with rights: a member, an admin, a friend, alone or beside the other user. */
import type { ForeignKey } from '../../model/schema.ts';
import { inEnglish } from '../../sql/acted-by.ts';
import { userA, userB } from '../acting/principals.ts';
import type { ValueAtom } from '../predicate/reading.ts';
import { isGiven, rank } from '../rank.ts';
import { isUnique } from '../rows/plan.ts';
import type { Value } from '../rows/type-values.ts';
import { type LaidRow, updating } from '../rows/world.ts';
import { choicesRead, type Spec, shownAll, type WorldContext } from './spec.ts';

/** Members tables that the policies look the caller up in. */
export function trustedTables(context: WorldContext): string[] {
  const { reading, ownership, table } = context;
  const members = [...reading.tables]
    .filter((key) => key !== table.key && ownership.trusted.has(key))
    .toSorted();
  // A table that trusts its own rows: `profiles.role` read by a policy on `profiles`.
  if (ownership.ownersOf(table.key).length > 0 && reading.tables.has(table.key)) members.push(table.key);
  return members;
}

/** What a row there may hold that the policy asks for; `ranked` where the right hangs on more than being in it. */
function assignments(
  context: WorldContext,
  key: string,
): { values: Record<string, Value>; ranked: boolean }[] {
  const { states, ranks } = choicesRead(context, key);
  const found: { values: Record<string, Value>; ranked: boolean }[] = [];
  const given = Object.keys(states).some((column) => isGiven(context.state.tables.get(key), column));
  if (Object.keys(states).length > 0) found.push({ values: states, ranked: given });
  for (const [column, choice] of ranks) {
    for (const value of choice.open.slice(0, 5))
      found.push({ values: { ...states, [column]: value }, ranked: true });
  }
  if (ranks.length > 1) {
    const highest = Object.fromEntries(ranks.map(([column, choice]) => [column, choice.open[0]!]));
    found.push({ values: { ...states, ...highest }, ranked: true });
  }
  return found;
}

/** Ranks of a row that nobody asked for: no default gave them, and they may be what opens. */
function unsaid(context: WorldContext, key: string, row: LaidRow): Record<string, Value> {
  const columns = context.state.tables.get(key)!.columns;
  const { ranks } = choicesRead(context, key);
  return Object.fromEntries(
    ranks
      .filter(([at, { each }]) => each && columns.find(({ name }) => name === at)?.default === null)
      .map(([at]) => [at, row.values[at] ?? null]),
  );
}

const inRow = (key: string, values: Record<string, Value>, of = ''): string =>
  `a row in ${key}${of}${Object.keys(values).length > 0 ? ` with ${shownAll(values)}` : ''}`;

export async function trustWorlds(context: WorldContext, key: string): Promise<Spec[]> {
  const row = await context.trusted.rowIn(key, userA);
  if ('failure' in row) {
    context.skip(`access through a row in ${key}`, row.failure);
    return [];
  }
  const ownTenant = sharesTenant(context, key) && hangsOnTenant(context, key);
  const parents = ownTenant ? await calledParents(context, key) : [];
  const renamed = parents.map(({ renaming }) => renaming);
  const plain = { via: key, onlyUsers: true, kept: new Set(parents.map(({ column }) => column)) };
  const specs: Spec[] = [];
  // In the probed table itself A's row was left out for others' rows: here it is back.
  if (row.inserts.length > 0 || key === context.table.key) {
    const when = inRow(key, unsaid(context, key, row.row));
    specs.push({ ...plain, changes: [...row.inserts, ...renamed], when, ownTenant });
  }
  for (const { values, ranked } of assignments(context, key)) {
    specs.push({
      ...plain,
      changes: [...row.inserts, ...renamed, updating(key, values, [row.row])],
      when: inRow(key, values),
      ranked,
      // A rank may be one over all organisations; not where a helper is asked about one and looks at none.
      ownTenant: ownTenant && (!ranked || context.reading.forgetful.has(key)),
    });
  }
  return [...specs, ...inThoseCalled(parents, specs, ownTenant && context.reading.forgetful.has(key))];
}

interface CalledParent {
  readonly column: string;
  /** The condition in words. */
  readonly words: string;
  /** Calls the parent of A's row otherwise. */
  readonly renaming: string;
}

/**
 * Parents of a member's row that policies ask for by a word of theirs: `areas.name = 'Safety'`. To be in that very one is
 * a role that somebody gives; what any member may is seen where the caller's is called otherwise.
 */
async function calledParents(context: WorldContext, key: string): Promise<CalledParent[]> {
  const found = new Map<string, CalledParent>();
  const parents = new Set(context.state.tables.get(key)!.foreignKeys.map(({ references }) => references));
  for (const atom of context.reading.values) {
    const column = `${atom.table}.${atom.column}`;
    if (atom.home || atom.table === key || !parents.has(atom.table) || !isCalled(atom)) continue;
    const choice = context.planner.choice(atom.table, atom.column);
    const parent = await context.trusted.rowIn(atom.table, userA);
    if (choice === null || 'failure' in parent || found.has(column)) continue;
    const called = parent.row.values[atom.column] ?? null;
    const theirs = context.world.row(atom.table, userB)?.values[atom.column];
    const taken = isUnique(parent.row.table, atom.column) ? theirs : undefined;
    const other = [choice.closed, ...choice.others].find(
      (value) => value !== null && value !== taken && !choice.open.includes(value),
    );
    if (!choice.open.includes(called) || other === undefined) continue;
    found.set(column, {
      column,
      words: shownAll({ [atom.column]: called }, `${atom.table}.`),
      renaming: updating(atom.table, { [atom.column]: other }, [parent.row]),
    });
  }
  return [...found.values()];
}

/** The same worlds with the parents called as the policies ask for. */
function inThoseCalled(
  parents: readonly CalledParent[],
  specs: readonly Spec[],
  ownTenant: boolean,
): readonly Spec[] {
  if (parents.length === 0) return [];
  const renamed = new Set(parents.map(({ renaming }) => renaming));
  const words = parents.map((parent) => parent.words).join(' and ');
  return specs.map(({ kept: _, ...spec }) => ({
    ...spec,
    changes: spec.changes.filter((change) => !renamed.has(change)),
    when: `${spec.when} where ${words}`,
    ownTenant,
  }));
}

/** The caller beside the row's owner: both in one organisation, the caller plain at first, then with each rank. */
export async function besideWorlds(context: WorldContext, key: string): Promise<Spec[]> {
  const keys = tenantKeys(context, key);
  if (keys.length === 0) return [];
  const theirs = await context.trusted.rowIn(key, userB);
  const mine = await context.trusted.rowIn(key, userA);
  if ('failure' in theirs || 'failure' in mine) return [];
  const tenant = Object.fromEntries(
    keys.flatMap((foreign) => foreign.columns.map((column) => [column, theirs.row.values[column] ?? null])),
  );
  const same = ` of the same ${keys[0]!.references}`;
  const plain = unsaid(context, key, mine.row);
  const parents = await calledParents(context, key);
  const renamed = parents.map(({ renaming }) => renaming);
  // Where rows are their parent's, a new one under the other's parent is what a member adds there.
  const byParent = context.ownership.ownersOf(context.table.key).length === 0;
  const specs = [{ values: {}, ranked: false }, ...assignments(context, key)].map(({ values, ranked }) => ({
    changes: [
      ...theirs.inserts,
      ...mine.inserts,
      ...renamed,
      updating(key, { ...tenant, ...values }, [mine.row]),
    ],
    kept: new Set(parents.map(({ column }) => column)),
    when: inRow(key, Object.keys(values).length === 0 ? plain : values, same),
    via: key,
    onlyUsers: true,
    ranked,
    subjects: byParent ? (['foreign', 'spoof'] as const) : (['foreign'] as const),
  }));
  return [...specs, ...inThoseCalled(parents, specs, false)];
}

/** The row's owner below the caller, where rows there hang on each other: whom one manages. */
export async function belowWorlds(context: WorldContext, key: string): Promise<Spec[]> {
  const foreign = context.state.tables.get(key)?.foreignKeys.find(({ references }) => references === key);
  if (foreign === undefined) return [];
  const theirs = await context.trusted.rowIn(key, userB);
  const mine = await context.trusted.rowIn(key, userA);
  if ('failure' in theirs || 'failure' in mine) return [];
  const below = Object.fromEntries(
    foreign.columns.map((column, at) => [column, mine.row.values[foreign.referencedColumns[at]!] ?? null]),
  );
  return [
    {
      changes: [...mine.inserts, ...theirs.inserts, updating(key, below, [theirs.row])],
      when: `rows below the caller's own in ${key}`,
      via: key,
      onlyUsers: true,
      subjects: ['foreign', 'unowned'],
    },
  ];
}

/** Keys of a members table to the organisation, project, team … on which the probed rows hang. */
function tenantKeys(context: WorldContext, key: string): readonly ForeignKey[] {
  const around = new Set([...context.planner.ancestors(context.table.key), context.table.key]);
  return (context.state.tables.get(key)?.foreignKeys ?? []).filter(
    (foreign) =>
      around.has(foreign.references) &&
      foreign.references !== key &&
      !namesActor(context, key, foreign) &&
      // A list of roles, asked for by their names, is nothing to be a member of; a profile is a person.
      !context.reading.values.some(
        (atom) => !atom.home && atom.table === foreign.references && isCalled(atom),
      ) &&
      !context.ownership
        .ownersOf(foreign.references)
        .some((owner) => owner.caller.kind === 'uid' && foreign.referencedColumns.includes(owner.column)) &&
      !context.ownership.ownersOf(key).some((owner) => foreign.columns.includes(owner.column)),
  );
}

/** Who entered or suspended somebody is nobody's organisation: `suspended_by`. */
const namesActor = ({ state }: WorldContext, key: string, { references, columns }: ForeignKey): boolean =>
  references === 'auth.users' &&
  columns.every(
    (column) =>
      /_by(_|$)/i.test(inEnglish(column)) ||
      state.tables.get(key)?.columns.find(({ name }) => name === column)?.notNull !== true,
  );

/** Asked for one of several words: `roles.code = 'admin'`. */
const isCalled = ({ column, open }: ValueAtom): boolean =>
  (rank.test(column) || /^(code|key|slug|name|title)$/i.test(column)) &&
  open.some((value) => typeof value === 'string' && /^[a-z]/i.test(value) && !/^(true|false)$/.test(value));

/** True where people's rows there belong to one organisation, project, team … on which the probed rows hang. */
export const sharesTenant = (context: WorldContext, key: string): boolean =>
  tenantKeys(context, key).length > 0;

/** B's row does hang on an organisation, and has no null where a link to it could be. */
function hangsOnTenant(context: WorldContext, key: string): boolean {
  const { b } = context.subjects;
  const tenants = new Set(tenantKeys(context, key).map(({ references }) => references));
  const seen = new Set<string>();
  const rows = b === undefined ? [] : [b];
  for (const { table, values } of rows) {
    if (tenants.has(table.key)) return true;
    for (const { columns, references } of table.foreignKeys) {
      if (seen.has(references) || columns.some((column) => values[column] == null)) continue;
      seen.add(references);
      const parent = context.world.row(references, userB);
      if (parent !== undefined) rows.push(parent);
    }
  }
  return false;
}

/** The caller's row names the very row of B: a friendship, a share, an invitation. */
export async function naming(context: WorldContext, key: string): Promise<Spec[]> {
  const row = await context.trusted.rowIn(key, userA);
  if ('failure' in row) return [];
  const { reading, world } = context;
  const callers = new Set(reading.callers.filter((atom) => atom.table === key).map((atom) => atom.column));
  const linked: Record<string, Value> = {};
  for (const { left, right } of reading.links) {
    for (const [near, far] of [
      [left, right],
      [right, left],
    ] as const) {
      if (near.table !== key || far.table === key) continue;
      const value = world.row(far.table, userB)?.values[far.column];
      if (value != null) linked[near.column] = value;
    }
  }
  const { states } = choicesRead(context, key);
  // A column that both names the caller and joins the row can do one at a time.
  return Object.entries(linked)
    .filter(([column]) => callers.size !== 1 || !callers.has(column))
    .map(([column, value]) => ({
      changes: [...row.inserts, updating(key, { ...states, [column]: value }, [row.row])],
      when: `a row in ${key} that names it by ${column}`,
      theirs: true,
      via: key,
      onlyUsers: true,
    }));
}

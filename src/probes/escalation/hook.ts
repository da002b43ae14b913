/**
 * A hook signs into the token what it reads of the user, and policies trust the token: A writes that into its own row,
 * inserts one or deletes it, signs in again, and looks at what the new token opens.
 */
import type { AccessCell, Escalation, ObjectAccess } from '../../model/access.ts';
import type { Routine, Table } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { type Claims, claimsOf, type Identity, userA, userB } from '../acting/principals.ts';
import { literal, qualified } from '../acting/quote.ts';
import { passes } from '../cells.ts';
import type { Reading } from '../predicate/reading.ts';
import { rank } from '../rank.ts';
import { inputsOf } from '../rows/arguments.ts';
import { type RowValues, uniqueKeys } from '../rows/plan.ts';
import { quietly } from '../rows/triggers.ts';
import { type LaidRow, whereIs } from '../rows/world.ts';
import {
  asA,
  closedTo,
  type EscalationContext,
  foreignPrizes,
  type Prize,
  tried,
  user,
  within,
} from './attempt.ts';
import { deleteOf, insertInto, type Sent, stepsOf, updateOf } from './sent.ts';

/** Ways worth trying: more would cost more than they tell. */
const enough = 12;

export async function byHook(
  context: EscalationContext,
  objects: readonly ObjectAccess[],
  readings: ReadonlyMap<string, Reading>,
): Promise<Escalation[]> {
  const prizes = objects.flatMap(({ object, cells }) =>
    cells.filter(asksForAClaim).map((cell) => ({ opens: object, via: object, cell })),
  );
  if (prizes.length === 0) return [];
  const words = new Set(
    [...readings.values()].flatMap(({ claims }) => claims.flatMap(({ values }) => values)),
  );
  const found: Escalation[] = [];
  for (const hook of [...context.state.routines.values()].filter(isTokenHook)) {
    for (const table of readBy(hook, context)) {
      for (const way of waysOf(hook, table, words, context)) {
        const escalation = await signed(context, hook, table, way, prizes);
        if (escalation === null) continue;
        found.push(escalation);
        break;
      }
    }
  }
  return found;
}

const asksForAClaim = (cell: AccessCell): boolean =>
  cell.principal === 'user' && passes(cell) && cell.when?.includes('a token whose claim ') === true;

/** Asked for a word in the token: a right, in one's own organisation too. */
const asksForAWord = ({ cell }: Prize): boolean => / is (".*"|true|false)$/.test(cell.when!);

/** `(event jsonb) returns jsonb` that hands back the claims, and that Auth was let call. */
function isTokenHook(routine: Routine): boolean {
  const [event, ...others] = inputsOf(routine);
  return (
    event?.type === 'jsonb' &&
    others.length === 0 &&
    routine.returns === 'jsonb' &&
    /'\{?claims\b/.test(routine.body) &&
    routine.grants.some(
      ({ grantee, privilege }) => grantee === 'supabase_auth_admin' && privilege === 'execute',
    )
  );
}

/** Tables that it reads and where users have rows of their own. */
const readBy = ({ body }: Routine, { state, exposed, ownership }: EscalationContext): Table[] =>
  [...state.tables.values()]
    .filter(
      (table) =>
        exposed.has(table.schema) &&
        new RegExp(`\\b${escapeRegExp(table.name)}\\b`).test(body) &&
        ownership.ownersOf(table.key).some(({ form }) => form === 'plain'),
    )
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));

interface Way {
  /** `insert`: a row of its own, beside the one that it has or as the first. `delete`: the row that holds it back. */
  readonly command: 'update' | 'insert' | 'delete';
  /** Columns that take what B's row holds. */
  readonly tenants: readonly string[];
  readonly rank: { readonly column: string; readonly value: string } | null;
}

/** What it reads there and A may write: B's organisation, a rank, both; by UPDATE, by INSERT, or by doing without. */
const waysOf = (
  hook: Routine,
  table: Table,
  words: ReadonlySet<string>,
  context: EscalationContext,
): readonly Way[] => [
  ...waysBy('update', hook, table, words, context),
  ...waysBy('insert', hook, table, words, context),
  { command: 'delete', tenants: [], rank: null },
];

function waysBy(
  command: 'update' | 'insert',
  hook: Routine,
  table: Table,
  words: ReadonlySet<string>,
  context: EscalationContext,
): Way[] {
  const { privileges, ownership, planner, state } = context;
  const owners = new Set(ownership.ownersOf(table.key).map(({ column }) => column));
  const columns = table.columns.filter(
    (column) =>
      !owners.has(column.name) &&
      privileges('authenticated', command, table.key)?.includes(column.name) &&
      new RegExp(`\\b${escapeRegExp(column.name)}\\b`).test(hook.body),
  );
  const tenants = columns.filter(
    (column) =>
      table.foreignKeys.some((key) => key.references !== table.key && key.columns.includes(column.name)) ||
      /(^|_)(tenant|org(ani[sz]ation)?|company|team|workspace)(_id)?$/i.test(column.name),
  );
  const ranks = columns.flatMap((column) => {
    if (tenants.includes(column)) return [];
    if (column.type === 'boolean') return [{ column: column.name, value: 'true' }];
    if (!rank.test(column.name) && planner.choice(table.key, column.name) === null) return [];
    const named = [...state.types.values()].find(
      ({ key, name }) => column.type === key || column.type === name,
    );
    const open = planner.choice(table.key, column.name)?.open.filter((value) => value !== null) ?? [];
    const values = [...new Set([...open, ...words])].filter(
      (value) => named === undefined || named.values.length === 0 || named.values.includes(value),
    );
    return values.map((value) => ({ column: column.name, value }));
  });
  const all = tenants.map((column) => column.name);
  return [
    ...(all.length === 0 ? [] : [{ command, tenants: all, rank: null }]),
    ...ranks.map((one) => ({ command, tenants: [], rank: one })),
    ...(all.length === 0 ? [] : ranks.map((one) => ({ command, tenants: all, rank: one }))),
  ].slice(0, enough);
}

async function signed(
  context: EscalationContext,
  hook: Routine,
  table: Table,
  way: Way,
  prizes: readonly Prize[],
): Promise<Escalation | null> {
  return within(context, async () => {
    const { world, planner } = context;
    const needed = [table.key, ...prizes.map(({ opens }) => opens)];
    for (const each of [userA, userB])
      for (const key of needed) await world.lay([...planner.ancestors(key), key], each);
    const a = world.row(table.key, userA);
    const b = world.row(table.key, userB);
    if (a === undefined || b === undefined) return null;
    const sent = statementOf(way, a, b, context);
    if (sent === null) return null;
    // Nobody has one yet, but for those that sign-up makes.
    if (way.command === 'insert' && keepsOut(table, a, way) && !context.createdBySignUp.has(table.key))
      await context.session.exec(quietly([`delete from ${table.key} where ${whereIs(a)}`]).join(';'));
    const before = await tokenBy(context, hook, claimsOf(userA));
    if (before === null) return null;
    const wanted = [
      ...foreignPrizes(context, way.tenants.length > 0 ? prizes : []),
      ...(way.rank === null && way.command !== 'delete' ? [] : prizes.filter(asksForAWord)),
    ];
    const closed = await closedTo(context, wanted, before);
    if (closed.length === 0) return null;
    const { outcome, proof } = await asA(context, table, sent.sql, before);
    if (!outcome.ok || outcome.affected === 0) return null;
    const after = await tokenBy(context, hook, claimsOf(userA));
    if (after === null) return null;
    const changes = changesIn(before.claims, after.claims);
    const opened = (await tried(context, closed, after)).find(({ holds }) => holds);
    if (opened === undefined || changes.length === 0) return null;
    return {
      object: table.key,
      opens: opened.prize.opens,
      principal: 'user',
      kind: 'hook',
      hook: hook.key,
      steps: stepsOf([sent]),
      reaches: opened.prize.cell.command,
      proof: [
        proof,
        {
          as: user.label,
          sql: '-- supabase.auth.refreshSession()',
          result: `"${hook.key}" signs ${changes.join(', ')}`,
        },
        opened.proof,
      ],
    };
  });
}

function statementOf(way: Way, a: LaidRow, b: LaidRow, context: EscalationContext): Sent | null {
  if (way.command === 'delete') return deleteOf(a);
  if (way.command === 'insert') return insertOf(way, a, b, context);
  const values = settingsOf(way, a, b);
  return Object.keys(values).length === 0 ? null : updateOf(a, values);
}

/** A row as A's, with what A chooses; its key is left to its default. */
function insertOf(way: Way, a: LaidRow, b: LaidRow, { privileges }: EscalationContext): Sent | null {
  const { table } = a;
  const allowed = privileges('authenticated', 'insert', table.key);
  const chosen = new Map<string, string | null>([
    ...way.tenants.map((column) => [column, b.values[column] ?? null] as const),
    ...(way.rank === null ? [] : [[way.rank.column, way.rank.value] as const]),
  ]);
  if ([...chosen.values()].includes(null)) return null;
  const sent = table.columns.flatMap((column) => {
    const { name: at, generated, identity, sequence } = column;
    const own = generated !== null || identity !== null || sequence !== null;
    const left = table.primaryKey?.columns.includes(at) && column.default !== null;
    const value = chosen.get(at) ?? a.values[at] ?? null;
    return own || left || value === null || allowed?.includes(at) !== true ? [] : [[at, value] as const];
  });
  return insertInto(table, Object.fromEntries(sent));
}

/** A key by which A's row stands in the way of another of A's. */
const keepsOut = (table: Table, a: LaidRow, way: Way): boolean =>
  uniqueKeys(table).some((columns) =>
    columns.every(
      (column) =>
        column !== null &&
        a.values[column] != null &&
        !way.tenants.includes(column) &&
        (way.rank?.column === column
          ? way.rank.value === a.values[column]
          : table.primaryKey?.columns.includes(column) !== true ||
            table.columns.find((each) => each.name === column)?.default === null),
    ),
  );

const settingsOf = (way: Way, a: LaidRow, b: LaidRow): RowValues =>
  Object.fromEntries(
    [
      ...way.tenants.map((column) => [column, b.values[column] ?? null] as const),
      ...(way.rank === null ? [] : [[way.rank.column, way.rank.value] as const]),
    ].filter(([column, value]) => value !== null && value !== a.values[column]),
  );

/** A as Auth signs it in, once the hook has been asked; null where that fails, or PostgREST would not take the token. */
async function tokenBy(
  { session }: EscalationContext,
  hook: Routine,
  claims: Claims,
): Promise<Identity | null> {
  const event = JSON.stringify({ user_id: userA.id, claims, authentication_method: 'password' });
  const outcomes = await session.batch([
    'savepoint hook',
    `select set_config('role', 'supabase_auth_admin', true), set_config('search_path', 'auth', true), set_config('request.jwt.claims', '', true)`,
    `select (${qualified(hook.schema, hook.name)}(${literal(event)}::jsonb) -> 'claims')::text as claims`,
    'rollback to savepoint hook',
    'release savepoint hook',
  ]);
  const outcome = outcomes[2]!;
  const text = outcome.ok ? outcome.rows[0]?.claims : null;
  const given: Claims | null = text == null ? null : JSON.parse(text);
  return given?.role === 'authenticated' && given.sub === userA.id ? { ...user, claims: given } : null;
}

/** `user_role = "admin"`. */
function changesIn(before: unknown, after: unknown, path: readonly string[] = []): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (after === null || typeof after !== 'object' || Array.isArray(after))
    return [`${path.join('.')} = ${JSON.stringify(after)}`];
  return Object.entries(after).flatMap(([key, value]) =>
    changesIn((before as Claims | null | undefined)?.[key], value, [...path, key]),
  );
}

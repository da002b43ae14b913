/** What a function that runs as its owner should ask, as the policies of the tables behind it ask it. */
import type { Command, Routine, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { looksAtCaller, routinesCalled, routinesNamed } from '../callers/caller.ts';
import { appliesTo, covers, predicateOf } from '../callers/roles.ts';
import { withoutDoubt } from '../conditions/overloads.ts';
import { readPredicate } from '../conditions/scope.ts';
import { opensTo } from '../conditions/truth.ts';
import { tableNamed } from '../owners/named-table.ts';
import { ownerColumns } from '../owners/owners.ts';
import { tenantOf } from '../owners/tenants.ts';
import { isOwn, ownerByName, ownerOf, tenantsOwn } from '../owners/whose.ts';
import { codeOf, onOneLine } from '../syntax/bodies.ts';
import { functionCalls } from '../syntax/tree.ts';
import { tablesTouched } from './touched-tables.ts';

export interface AskedOfRows {
  readonly question: string;
  /** Whose policies ask it, or whose rows an argument names. */
  readonly table: Table;
  readonly by: 'policies' | 'row';
}

/** Null where nothing of the project tells it. */
export function askedOfRows(routine: Routine, state: SchemaState): AskedOfRows | null {
  const tables = tablesTouched(routine, state).flatMap((key) => state.tables.get(key) ?? []);
  const code = codeOf(routine.body).bare;
  const written = tables.filter((table) => commandIn(code, table) !== 'select');
  for (const table of written.length > 0 ? written : tables) {
    const question =
      asPoliciesAsk(table, commandIn(code, table), routine, state) ?? ofTenant(table, routine, state);
    if (question !== null) return { question, table, by: 'policies' };
  }
  return ofRow(routine, tables, state);
}

function commandIn(code: string, { name }: Table): Command {
  const relation = `(?:only\\s+)?(?:"?\\w+"?\\s*\\.\\s*)?"?${escapeRegExp(name)}\\b`;
  const found = (['update', 'delete', 'insert'] as const).find((command) =>
    new RegExp(`\\b${verbs[command]}\\s+${relation}`, 'i').test(code),
  );
  return found ?? 'select';
}

const verbs = { update: 'update', delete: 'delete\\s+from', insert: 'insert\\s+into' } as const;

/**
 * Questions about the caller alone, that hang on no column: `can_edit('rota')`. Policies are added to each other: where one
 * of them asks for more of the row, they are no answer.
 */
function asPoliciesAsk(table: Table, command: Command, routine: Routine, state: SchemaState): string | null {
  const asked = new Set<string>();
  for (const policy of table.policies) {
    if (!policy.permissive || !covers(policy, command) || !appliesTo(policy, 'authenticated')) continue;
    const expression = predicateOf(policy, command);
    if (expression?.node == null || expression.text.length > 300) return null;
    if (opensTo(expression.node) !== null) return signedIn;
    const { columns } = readPredicate(expression.node, table, state);
    if (columns.some(({ depth, source }) => depth === 0 || source.columns === null)) return null;
    const text = onOneLine(expression.text);
    // Whoever signed in is too many.
    const asksMore =
      functionCalls(expression.node).some((call) => routinesCalled(call, state).length > 0) ||
      /\bfrom\b/i.test(text);
    if (!asksMore || !looksAtCaller(expression.node, state) || unfit.test(text)) return null;
    if (new RegExp(`\\b${escapeRegExp(routine.name)}\\b`, 'i').test(text)) return null;
    asked.add(qualified(text, state));
  }
  return asked.size === 0 || asked.size > 4 ? null : [...asked].join(' or ');
}

const signedIn = '(select auth.uid()) is not null';

const unfit = /user_?meta_?data|auth"?\."?users|service_role|current_setting/i;

/** An argument says which tenant: what policies ask of the column is asked of it. */
function ofTenant(table: Table, routine: Routine, state: SchemaState): string | null {
  const tenancy = tenantOf(table, state);
  const given = tenancy === null ? undefined : argumentFor(tenancy.column, routine);
  if (tenancy === null || given === undefined || unfit.test(tenancy.condition)) return null;
  const words = tenancy.condition.match(new RegExp(`\\b${escapeRegExp(tenancy.column)}\\b`, 'g')) ?? [];
  // In a sub-select the name may be that of the other table.
  const first = new RegExp(`^\\(?"?${escapeRegExp(tenancy.column)}\\b"?(?= (?:=|in)\\b)`);
  const place = words.length === 1 ? new RegExp(`"?\\b${escapeRegExp(tenancy.column)}\\b"?`) : first;
  return place.test(tenancy.condition)
    ? qualified(
        tenancy.condition.replace(place, () => quoteIdent(given)),
        state,
      )
    : null;
}

/** `p_team_id` for "team_id". */
const argumentFor = (column: string, { arguments: all }: Routine): string | undefined =>
  all.find(
    ({ name, mode }) =>
      (mode === 'in' || mode === 'inout') &&
      name !== null &&
      new RegExp(`^(?:p|_|in|arg|v|target)?_?${escapeRegExp(column)}_?$`, 'i').test(name),
  )?.name ?? undefined;

/** An argument says which row, `p_order_id` or `where id = p_id`: whether that is the caller's. */
function ofRow(routine: Routine, touched: readonly Table[], state: SchemaState): AskedOfRows | null {
  const code = codeOf(routine.body).bare;
  for (const { name, mode, type } of routine.arguments) {
    if (name === null || (mode !== 'in' && mode !== 'inout')) continue;
    const table = namedBy(name, state) ?? (touched.length === 1 ? touched[0] : undefined);
    const key = table?.primaryKey?.columns;
    if (table === undefined || key?.length !== 1) continue;
    if (table.columns.find((column) => column.name === key[0])?.type !== type) continue;
    if (
      table === touched[0] &&
      !new RegExp(`\\b${escapeRegExp(key[0]!)}\\s*=\\s*(?:\\w+\\.)?${escapeRegExp(name)}\\b`, 'i').test(code)
    )
      continue;
    const asked = asPoliciesAskOfRow(table, commandIn(code, table), key[0]!, name, routine, state);
    if (asked !== null) return { question: asked, table, by: 'policies' };
    const owner = ownerOf(table, state) ?? ownerByName(table, state);
    const own = tenantsOwn(owner, table, state) ?? (owner === undefined ? null : isOwn(owner, table, state));
    if (own === null || own.includes('…') || unfit.test(own)) continue;
    const ofOwner = qualified(own, state);
    return {
      question: rowWhere(table, key[0]!, name, routine, ofOwner),
      table,
      by: 'row',
    };
  }
  return null;
}

const rowWhere = (table: Table, key: string, argument: string, { name }: Routine, asked: string) =>
  `exists (select 1 from ${table.key} where ${quoteIdent(key)} = ${name}.${quoteIdent(argument)} and ${/\bor\b/i.test(asked) ? `(${asked})` : asked})`;

/**
 * Where policies leave the command to others than the owner, managers of a place, the row is asked as they ask it: its
 * owner would be let in, and they refused.
 */
function asPoliciesAskOfRow(
  table: Table,
  command: Command,
  key: string,
  argument: string,
  routine: Routine,
  state: SchemaState,
): string | null {
  if (command !== 'update' && command !== 'delete') return null;
  const owners = ownerColumns(table, state);
  const asked = new Set<string>();
  for (const policy of table.policies) {
    if (!policy.permissive || !covers(policy, command) || !appliesTo(policy, 'authenticated')) continue;
    const expression = predicateOf(policy, command);
    if (expression?.node == null || expression.text.length > 300 || opensTo(expression.node) !== null)
      return null;
    const { columns } = readPredicate(expression.node, table, state);
    const text = onOneLine(expression.text);
    if (columns.some(({ depth, name }) => depth === 0 && owners.includes(name))) return null;
    if (!looksAtCaller(expression.node, state) || unfit.test(text)) return null;
    if (new RegExp(`\\b${escapeRegExp(routine.name)}\\b`, 'i').test(text)) return null;
    asked.add(qualified(text, state));
  }
  // A name that an argument bears as well would be in doubt.
  const isTaken = routine.arguments.some(({ name }) => table.columns.some((column) => column.name === name));
  return asked.size === 0 || asked.size > 3 || isTaken
    ? null
    : rowWhere(table, key, argument, routine, [...asked].join(' or '));
}

function namedBy(argument: string, state: SchemaState): Table | undefined {
  const stem = /^(?:p_|_|in_|arg_|v_|target_)?([a-z]\w*?)_id_?$/i.exec(argument)?.[1];
  return stem === undefined ? undefined : tableNamed(stem.toLowerCase(), state);
}

/** As it is found with an empty search path too. */
function qualified(text: string, state: SchemaState): string {
  const named = text.replace(/(?<![\w.$"])([a-z_][\w$]*)(?=\s*\()/gi, (name) => {
    const [routine] = routinesNamed(state, null, name.toLowerCase());
    return routine === undefined ? name : `${quoteIdent(routine.schema)}.${name}`;
  });
  const typed = named.replace(/::([a-z_][\w$]*)/gi, (cast, name) => {
    const type = state.types.get(`public.${name}`);
    return type === undefined ? cast : `::public.${name}`;
  });
  return withoutDoubt(typed, state) ?? typed;
}

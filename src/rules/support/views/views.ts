/** What stands behind a view, and who sees it. */
import type { Command, SchemaState, Table, View } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { strings } from '../../../sql/names.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { type ApiRole, appliesTo, covers, holds, predicateOf, reachers, writes } from '../callers/roles.ts';
import { opensTo, truthOf } from '../conditions/truth.ts';
import { sensitiveColumns } from '../owners/owners.ts';
import { isDeclaredPublic, isOpenTo } from '../policies/openness.ts';
import { alternatives, columnParts, conjuncts, functionName, someNode, visitTree } from '../syntax/tree.ts';

/**
 * Tables that a view shows past their policies: through other views that read as their owner too, but for those that
 * `isTold`.
 */
export function tablesBehind(
  view: View,
  state: SchemaState,
  isTold: (inner: View) => boolean = () => false,
  seen: ReadonlySet<string> = new Set(),
): Table[] {
  if (seen.has(view.key)) return [];
  const deeper = new Set(seen).add(view.key);
  return view.reads.flatMap((key) => {
    const inner = state.views.get(key);
    if (inner !== undefined) {
      return inner.securityInvoker || isTold(inner) ? [] : tablesBehind(inner, state, isTold, deeper);
    }
    return state.tables.get(key) ?? [];
  });
}

/** Tables behind a view whose rows are not meant for all who may read it. */
export function guardedTables(view: View, state: SchemaState, isTold?: (inner: View) => boolean): Table[] {
  const roles = reachers(view, 'select', state);
  return [...new Set(tablesBehind(view, state, isTold))].filter(
    (table) =>
      table.rls &&
      !roles.every(
        (role) =>
          isDeclaredPublic(table, role) ||
          isOpenTo(table, 'select', role) ||
          isAlwaysOpen(table, role) ||
          repeatsPolicy(view, table, role, state),
      ),
  );
}

export interface GuardedWrite {
  readonly table: Table;
  readonly role: ApiRole;
  readonly command: Command;
}

/** What `roles` may write through a view of one table although the table's policies don't let them write every row. */
export function guardedWrites(
  view: View,
  roles: readonly ApiRole[],
  state: SchemaState,
  isTold?: (inner: View) => boolean,
): GuardedWrite[] {
  const [table, ...others] = new Set(tablesBehind(view, state, isTold));
  if (table === undefined || others.length > 0 || !table.rls || !isSimple(view)) return [];
  return roles.flatMap((role) =>
    writes
      .filter(
        (command) =>
          holds(view.grants, role, command) &&
          !isOpenTo(table, command, role) &&
          // Rows that its own WHERE keeps from the caller are not changed through it either.
          (command === 'insert' ? holdsAllRequired(view, table) : !asksWho(view, state)),
      )
      .map((command) => ({ table, role, command })),
  );
}

/** A row that lacks a required column can't be inserted through the view. */
const holdsAllRequired = ({ columns: shown }: View, { columns }: Table) =>
  columns.every(
    ({ name, notNull, default: value, identity, generated }) =>
      !notNull || value !== null || identity !== null || generated !== null || shown.includes(name),
  );

/** Columns by name of one table, and none of those of it that hold personal data. */
export function leavesOutSecrets(
  { definition, columns }: View,
  [table, ...others]: readonly Table[],
): boolean {
  const query = definition.node?.SelectStmt ?? definition.node;
  if (table === undefined || others.length > 0 || columns.length === 0 || !query?.targetList) return false;
  const all = table.columns.map(({ name }) => name);
  return sensitiveColumns(all, table).length > 0 && sensitiveColumns(columns, table).length === 0;
}

/** One SELECT with a WHERE and columns by name. */
export function choosesRows({ definition }: View): boolean {
  const query = definition.node?.SelectStmt ?? definition.node;
  if (query?.whereClause === undefined || (query.op !== undefined && query.op !== 'SETOP_NONE')) return false;
  return (query.targetList ?? []).every(
    ({ ResTarget }: SyntaxNode) =>
      !(ResTarget?.val?.ColumnRef?.fields ?? []).some((field: SyntaxNode) => field.A_Star !== undefined),
  );
}

/** Postgres writes through it: one relation, no grouping, no set operation (manual, CREATE VIEW, Updatable Views). */
function isSimple(view: View): boolean {
  const query = view.definition.node?.SelectStmt ?? view.definition.node;
  if (query === undefined || query === null) return false;
  const [from, ...more] = query.fromClause ?? [];
  return (
    from?.RangeVar !== undefined &&
    more.length === 0 &&
    (query.op === undefined || query.op === 'SETOP_NONE') &&
    [query.withClause, query.distinctClause, query.groupClause, query.havingClause, query.limitCount].every(
      (clause) => clause === undefined || clause === null,
    )
  );
}

/** It shows addresses and the like in part: `left(email, 2) || '***'`, `mask_email(email)`. */
export function masks({ definition }: View): boolean {
  const query = definition.node?.SelectStmt ?? definition.node;
  return someNode(query?.targetList ?? [], (kind, node) =>
    kind === 'FuncCall'
      ? /mask|redact|anonymi[sz]e|obfuscate/i.test(functionName(node).name)
      : kind === 'A_Const' && /\*{2,}|[x•]{3,}/.test(node.sval?.sval ?? ''),
  );
}

export const asksWho = (view: View, state: SchemaState) => looksAtCaller(view.definition.node, state);

const counting = new Set(['count', 'sum', 'avg', 'bool_or', 'bool_and', 'every']);
const bucketing = new Set(['date_trunc', 'date_part', 'extract', 'date_bin', 'date']);

/**
 * True where nothing of a user comes out: each SELECT from auth.users gives aggregates, by spans of time at most, or the
 * outermost one does.
 */
export function countsUsers({ definition }: View): boolean {
  const outer: SyntaxNode | undefined = definition.node?.SelectStmt ?? definition.node;
  if (outer === undefined || outer === null) return false;
  const inner: SyntaxNode[] = [];
  visitTree([{ SelectStmt: outer }], (kind, node) => {
    if (kind === 'SelectStmt' && fromUsers(node)) inner.push(node);
  });
  return isAggregated(outer) || (inner.length > 0 && inner.every(isAggregated));
}

const fromUsers = ({ fromClause }: SyntaxNode): boolean => {
  let found = false;
  visitTree(fromClause ?? [], (kind, node) => {
    found ||= kind === 'RangeVar' && node.schemaname === 'auth' && node.relname === 'users';
    return kind !== 'SelectStmt';
  });
  return found;
};

/** Every column stands in a count, or in a span of time that the rows are grouped by. */
function isAggregated({ op, targetList, groupClause }: SyntaxNode): boolean {
  if (op !== undefined && op !== 'SETOP_NONE') return false;
  let counts = groupClause !== undefined;
  let shows = false;
  visitTree(targetList ?? [], (kind, node) => {
    if (kind === 'ColumnRef') shows = true;
    if (kind === 'TypeCast') return strings(node.typeName?.names).at(-1) !== 'date';
    if (kind !== 'FuncCall') return true;
    const { name } = functionName(node);
    if (counting.has(name)) {
      counts = true;
      return false;
    }
    return !bucketing.has(name);
  });
  return counts && !shows;
}

/**
 * A policy shows the role all rows that meet a plain condition (`published`, or that or being the owner), and the view asks for the same columns: it
 * shows no more than the role reads anyway.
 */
function repeatsPolicy(view: View, table: Table, role: ApiRole, state: SchemaState): boolean {
  const asked = new Set<string>();
  visitTree(view.definition.node ?? {}, (kind, node) => {
    if (kind === 'SelectStmt') for (const name of columnsIn(node.whereClause)) asked.add(name);
  });
  return table.policies.some((policy) => {
    const node = predicateOf(policy, 'select')?.node ?? null;
    if (!policy.permissive || !covers(policy, 'select') || !appliesTo(policy, role) || node === null)
      return false;
    return alternatives(node).some((branch) =>
      conjuncts(branch).every((part) => {
        const opens = opensTo(part);
        if (opens !== null) return opens === 'everybody' || role === 'authenticated';
        const columns = columnsIn(part);
        return (
          columns.length > 0 &&
          !someNode(part, (kind) => kind === 'SubLink') &&
          !looksAtCaller(part, state) &&
          columns.every((name) => asked.has(name))
        );
      }),
    );
  });
}

function columnsIn(node: SyntaxNode | undefined): readonly string[] {
  const columns: string[] = [];
  visitTree(node ?? {}, (kind, inner) => {
    if (kind === 'ColumnRef') columns.push(...columnParts(inner).slice(-1));
  });
  return columns;
}

/** By a condition that is always true, meant or not (rls/tautology): nothing is left to pass by. */
export const isAlwaysOpen = (table: Table, role: string) =>
  table.policies.some(
    (policy) =>
      policy.permissive &&
      covers(policy, 'select') &&
      appliesTo(policy, role) &&
      truthOf(policy.using?.node ?? null, { table, who: 'anyone' }) === 'true',
  );

/** What the policies of a table grant on purpose: defaults that are nobody's own, catalogues that all users keep. */
import type { AccessCell } from '../../../model/access.ts';
import type { Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { inEnglish } from '../../../sql/acted-by.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, covers, predicateOf } from '../callers/roles.ts';
import { readPredicate } from '../conditions/scope.ts';
import { opensTo } from '../conditions/truth.ts';
import { isRead, isReadElsewhere } from '../owners/name-read.ts';
import { sensitiveColumns } from '../owners/owners.ts';
import { opensFor } from '../policies/openness.ts';
import { alternatives, bare, columnParts, conjuncts, constantOf, operatorOf } from '../syntax/tree.ts';
import type { LeakGroup } from './leak.ts';

/**
 * Whom it does not ask for, the policy shows rows of one kind, `is_custom = false`, which no user can give to its own: the
 * policies for INSERT and UPDATE ask for another one. They are the project's own defaults.
 */
export function showsDefaultsAlone(
  table: Table | null,
  role: string,
  owners: readonly string[],
  state: SchemaState,
): boolean {
  if (table?.rls !== true || owners.length === 0) return false;
  const permissive = table.policies.filter((policy) => policy.permissive);
  const open = permissive
    .filter((policy) => covers(policy, 'select') && appliesTo(policy, role))
    .flatMap(({ using }) => alternatives(using?.node ?? null))
    .filter((branch) => !looksAtCaller(branch, state));
  const writing = permissive.filter(
    (policy) =>
      (covers(policy, 'insert') || covers(policy, 'update')) &&
      (appliesTo(policy, 'authenticated') || appliesTo(policy, 'anon')) &&
      !asksForARoleAlone((policy.check ?? policy.using)?.node, table, state),
  );
  const written = writing.map(({ check, using }) => (check ?? using)?.node ?? null);
  return (
    open.length > 0 &&
    writing.some((policy) => covers(policy, 'insert')) &&
    open.every((branch) =>
      conjuncts(branch)
        .flatMap((part) => asked(part) ?? [])
        .some(({ column, value }) =>
          written.every((node) =>
            conjuncts(node).some((part) => {
              const other = asked(part);
              return other?.column === column && other.value !== value;
            }),
          ),
        ),
    )
  );
}

/** Looks at the caller, and at nothing of the row: an admin's. */
export const asksForARoleAlone = (
  node: SyntaxNode | null | undefined,
  table: Table,
  state: SchemaState,
): boolean =>
  looksAtCaller(node, state) &&
  opensTo(node ?? null) === null &&
  !readPredicate(node ?? null, table, state).columns.some(({ depth }) => depth === 0);

/** `is_custom`, `not is_custom`, `kind = 'own'`: what a condition asks a column of the row to hold. */
function asked(part: SyntaxNode): { readonly column: string; readonly value: string } | null {
  const inner = bare(part);
  const ofColumn = (node: SyntaxNode | null, value: unknown) => {
    const column = bare(node)?.ColumnRef;
    const name = column === undefined ? undefined : columnParts(column).at(-1);
    return name === undefined || value === undefined || value === null
      ? null
      : { column: name, value: String(value) };
  };
  if (inner?.BoolExpr?.boolop === 'NOT_EXPR') return ofColumn(inner.BoolExpr.args[0], false);
  if (inner?.BooleanTest !== undefined)
    return ofColumn(
      inner.BooleanTest.arg,
      { IS_TRUE: true, IS_FALSE: false }[inner.BooleanTest.booltesttype as string],
    );
  const comparison = inner?.A_Expr;
  if (comparison === undefined) return ofColumn(inner, true);
  if (comparison.kind !== 'AEXPR_OP' || operatorOf(comparison) !== '=') return null;
  return (
    ofColumn(comparison.lexpr, constantOf(comparison.rexpr)) ??
    ofColumn(comparison.rexpr, constantOf(comparison.lexpr))
  );
}

/** Who made an entry of a list. */
const note = /^(created|added|entered|submitted|uploaded)_by(_\w+)?$|^creator(_id)?$/i;

/**
 * All signed-in users read it, add to it and change what is in it, by policies named for them. Who made an entry is a
 * note, which DELETE alone asks about.
 */
export function isCatalogue({ object, leaks, opener }: LeakGroup, state: SchemaState): boolean {
  const table = state.tables.get(object.object);
  if (table === undefined || opener === null || opener === 'off' || !opener.rolesStated) return false;
  const policies = table.policies.filter((policy) => appliesTo(policy, 'authenticated'));
  const kept = policies.filter(({ command }) => command !== 'delete');
  return (
    leaks.every(({ command, principal }) => command === 'update' && principal !== 'anon') &&
    (['select', 'insert', 'update'] as const).every((command) =>
      kept.some(
        (policy) =>
          policy.permissive &&
          policy.rolesStated &&
          covers(policy, command) &&
          opensFor(predicateOf(policy, command)?.node ?? null, 'authenticated'),
      ),
    ) &&
    object.ownerColumns.length > 0 &&
    object.ownerColumns.every(
      (column) =>
        note.test(inEnglish(column)) &&
        table.columns.find(({ name }) => name === column)?.notNull === false &&
        !isRead(column, table, kept) &&
        !isReadElsewhere(table, column, state),
    ) &&
    sensitiveColumns(
      table.columns.map(({ name }) => name),
      table,
    ).length === 0
  );
}

/**
 * That a new row is signed by its maker, INSERT asks, and nothing afterwards; the name was written by who holds all rights
 * on rows of that kind, by a policy FOR ALL that asks for something else of the caller.
 */
export function isSignedByInsertAlone(
  column: string,
  { subject }: AccessCell,
  table: Table,
  policies: readonly Policy[],
  state: SchemaState,
): boolean {
  const others = policies.filter((policy) => policy.permissive && !isRead(column, table, [policy]));
  return (
    subject === 'spoof' &&
    table.columns.find(({ name }) => name === column)?.notNull === false &&
    policies.every((policy) => policy.command === 'insert' || others.includes(policy)) &&
    others.filter((policy) => covers(policy, 'insert')).every(({ command }) => command === 'all') &&
    !isReadElsewhere(table, column, state)
  );
}

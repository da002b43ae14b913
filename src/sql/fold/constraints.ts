/** Table constraints in the order in which Postgres makes them: checks, then what stands on an index, then foreign keys. */
import type { Check, ForeignKey, Index, Key, ReferentialAction, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import { endOfElement } from '../tokens.ts';
import type { Draft } from './draft.ts';
import { Failed } from './failed.ts';
import { chooseConstraintName, hasConstraint, joinColumns, truncated } from './generated-names.ts';
import {
  addIndexConstraint,
  type IndexConstraint,
  indexConstraint,
  mergeIndexConstraints,
} from './indexes.ts';
import { referencedColumns } from './references.ts';
import { elementPlace, expressionBehind, type Site } from './site.ts';
import { childrenOf } from './table-access.ts';

/** A `Constraint` node, and the column it was written at. */
export interface PlacedConstraint {
  readonly node: SyntaxNode;
  readonly column: string | null;
}

/** `creating`: with the table or its column, so that NOT VALID has nothing to wait for. */
export function addConstraints(
  draft: Draft,
  key: string,
  constraints: readonly PlacedConstraint[],
  site: Site,
  creating: boolean,
): void {
  for (const { node, column } of constraints) {
    if (node.contype === 'CONSTR_CHECK') addCheck(draft, key, node, column, site, creating);
  }
  const onIndexes = constraints
    .map(({ node, column }) => indexConstraint(node, column))
    .filter((constraint): constraint is IndexConstraint => constraint !== null);
  for (const constraint of mergeIndexConstraints(onIndexes)) addIndexConstraint(draft, key, constraint, site);
  for (const { node, column } of constraints) {
    if (node.contype === 'CONSTR_FOREIGN') addForeignKey(draft, key, node, column, site, creating);
  }
}

function addCheck(
  draft: Draft,
  key: string,
  node: SyntaxNode,
  column: string | null,
  site: Site,
  creating: boolean,
): void {
  const table = draft.get('table', key);
  if (table === undefined) return;
  // Postgres calls it after the column where the expression reads exactly one, wherever it was written.
  const read = referencedColumns(node.raw_expr).filter((name) => table.columns.some((c) => c.name === name));
  const single = read.length === 1 ? read[0]! : table.columns.length === 0 ? column : null;
  const check: Check = {
    name:
      truncated(node.conname ?? '') || chooseConstraintName(draft, table.schema, table.name, single, 'check'),
    expression: expressionBehind(site, 'check', node.raw_expr, site.offset(node)),
    validated: creating || node.skip_validation !== true,
    origin: elementPlace(site, node),
  };
  putCheck(draft, table, check, node.is_no_inherit !== true);
}

export function putCheck(draft: Draft, table: Table, check: Check, inherit = true): void {
  if (table.checks.some((other) => other.name === check.name)) return;
  draft.put('table', { ...table, checks: [...table.checks, check] });
  if (inherit) for (const child of childrenOf(draft, table.key)) putCheck(draft, child, check);
}

/** As Postgres writes them, in its tree and in `pg_constraint`. */
export const referentialActions: Readonly<Record<string, ReferentialAction>> = {
  a: 'no action',
  r: 'restrict',
  c: 'cascade',
  n: 'set null',
  d: 'set default',
};

/** As far as the migrations tell. */
export const hasColumns = ({ unknown, columns }: Table, names: readonly string[]): boolean =>
  unknown.length > 0 || names.every((name) => columns.some((column) => column.name === name));

/** Whether a foreign key may point at these columns, none meaning the primary key: else Postgres refuses it (42830). */
export function isKeyOf(table: Table | undefined, names: readonly string[]): boolean {
  if (table === undefined || table.unknown.length > 0) return true;
  if (names.length === 0) return table.primaryKey !== null;
  const asked = names.toSorted().join();
  return wholeKeys(table).some(({ columns }) => columns.toSorted().join() === asked);
}

/** What tells any row from all others: the primary key, unique constraints, and unique indexes that are as whole. */
export const wholeKeys = ({
  primaryKey,
  uniques,
  indexes,
}: Table): readonly Pick<Key, 'name' | 'columns'>[] => [
  ...(primaryKey === null ? [] : [primaryKey]),
  ...uniques,
  ...indexes.filter(isWholeKey),
];

/** It holds for each row, by its columns: no condition, no expression, and CONCURRENTLY did not fail over it. */
export const isWholeKey = (index: Index): index is Index & Pick<Key, 'columns'> =>
  index.unique && index.valid && index.predicate === null && !index.columns.includes(null);

function addForeignKey(
  draft: Draft,
  key: string,
  node: SyntaxNode,
  column: string | null,
  site: Site,
  creating: boolean,
): void {
  const table = draft.get('table', key);
  if (table === undefined) return;
  const columns = node.fk_attrs === undefined && column !== null ? [column] : strings(node.fk_attrs);
  const references = draft.relation(node.pktable);
  const named = strings(node.pk_attrs);
  const target = draft.get('table', references);
  if (!hasColumns(table, columns) || !isKeyOf(target, named)) {
    if (!creating) throw new Failed();
    return;
  }
  const start = site.offset(node);
  putForeignKey(draft, table, {
    name:
      truncated(node.conname ?? '') ||
      chooseConstraintName(draft, table.schema, table.name, joinColumns(columns), 'fkey'),
    columns,
    references,
    referencedColumns: named.length > 0 ? named : (target?.primaryKey?.columns ?? []),
    onDelete: referentialActions[node.fk_del_action] ?? 'no action',
    onUpdate: referentialActions[node.fk_upd_action] ?? 'no action',
    // The tree says the same of NO ACTION written and of nothing written.
    onDeleteStated:
      (node.fk_del_action ?? 'a') !== 'a' ||
      /\bon\s+delete\b/i.test(site.text.slice(start, endOfElement(site.text, start, site.end))),
    validated: creating || node.skip_validation !== true,
    origin: elementPlace(site, node),
  });
}

export function putForeignKey(draft: Draft, table: Table, foreignKey: ForeignKey): void {
  draft.put('table', { ...table, foreignKeys: [...table.foreignKeys, foreignKey] });
  for (const partition of childrenOf(draft, table.key)) {
    if (partition.kind !== 'partition') continue;
    // CloneFkReferencing(): the parent's name, unless the partition has a constraint of that name.
    const name = hasConstraint(partition, foreignKey.name)
      ? chooseConstraintName(draft, partition.schema, partition.name, joinColumns(foreignKey.columns), 'fkey')
      : foreignKey.name;
    putForeignKey(draft, partition, { ...foreignKey, name });
  }
}

/** The table without a constraint, its index included. */
export function withoutConstraint(table: Table, name: string): Table {
  const others = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] =>
    list.some((entry) => entry.name === name) ? list.filter((entry) => entry.name !== name) : list;
  return {
    ...table,
    primaryKey: table.primaryKey?.name === name ? null : table.primaryKey,
    uniques: others(table.uniques),
    exclusions: others(table.exclusions),
    foreignKeys: others(table.foreignKeys),
    checks: others(table.checks),
    indexes: table.indexes.filter((index) => !index.constraint || index.name !== name),
  };
}

export function dropConstraint(draft: Draft, table: Table, name: string, cascade: boolean): void {
  const key = [table.primaryKey, ...table.uniques].find((candidate) => candidate?.name === name);
  const check = table.checks.find((candidate) => candidate.name === name);
  const foreignKey = table.foreignKeys.find((candidate) => candidate.name === name);
  draft.put('table', withoutConstraint(table, name));
  if (key && cascade) dropForeignKeysTo(draft, table.key, key.columns);
  for (const child of childrenOf(draft, table.key)) {
    if (check !== undefined) dropConstraint(draft, child, name, cascade);
    if (child.kind !== 'partition') continue;
    const clone =
      key !== undefined
        ? [child.primaryKey, ...child.uniques].find((c) => c?.columns.join('\0') === key?.columns.join('\0'))
        : child.foreignKeys.find((c) => foreignKey !== undefined && c.name === name);
    if (clone) dropConstraint(draft, child, clone.name, cascade);
  }
}

/** Foreign keys to a table that can't stay: to one set of its columns, to one column, or to any. */
export function dropForeignKeysTo(draft: Draft, key: string, columns: readonly string[] | null): void {
  const wanted = columns === null ? null : [...columns].sort().join('\0');
  draft.each('table', (table) => {
    const kept = table.foreignKeys.filter(
      (fk) =>
        fk.references !== key || (wanted !== null && [...fk.referencedColumns].sort().join('\0') !== wanted),
    );
    return kept.length === table.foreignKeys.length ? table : { ...table, foreignKeys: kept };
  });
}

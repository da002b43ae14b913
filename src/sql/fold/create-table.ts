/** CREATE TABLE in all its forms, CREATE TABLE AS and SELECT INTO. */
import type { Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import { buildColumn } from './columns.ts';
import { addConstraints, type PlacedConstraint } from './constraints.ts';
import type { Draft } from './draft.ts';
import { copyColumns, copyRest, inheritColumns, inheritRest, putColumn } from './inherited.ts';
import type { Site } from './site.ts';
import { isKnownByName, newTable } from './table-access.ts';

export function createTable(draft: Draft, node: SyntaxNode, site: Site, foreign = false): void {
  const at = draft.newRelation(node.relation);
  const existing = draft.get('table', at.key);
  const knownByName = existing !== undefined && isKnownByName(existing) && existing.columns.length === 0;
  if (draft.isRelation(at.key) && !knownByName) {
    if (!node.if_not_exists) alreadyThere(draft, at.key, site);
    return;
  }
  const parents: string[] = (node.inhRelations ?? []).map((entry: SyntaxNode) =>
    draft.relation(entry.RangeVar),
  );
  // LIKE t in a CREATE TABLE t means another t: it is looked up before this one is there.
  const likes = new Map<SyntaxNode, string>();
  for (const { TableLikeClause: like } of node.tableElts ?? []) {
    if (like !== undefined) likes.set(like, draft.relation(like.relation));
  }
  const table: Table = {
    ...newTable(draft, at),
    kind: foreign ? 'foreign' : kindOf(node),
    parent: parents[0] ?? null,
    origin: site.origin,
  };
  draft.create('table', table);
  if (node.ofTypename !== undefined) ofType(draft, at.key, node.ofTypename, site);
  for (const parent of parents) inheritColumns(draft, at.key, parent, site);
  const constraints: PlacedConstraint[] = [];
  for (const element of node.tableElts ?? []) {
    if (element.ColumnDef !== undefined) {
      const built = buildColumn(draft, at, element.ColumnDef, site);
      putColumn(draft, at.key, built.column, site, element.ColumnDef);
      constraints.push(...built.constraints);
    } else if (element.Constraint !== undefined) {
      constraints.push({ node: element.Constraint, column: null });
    } else if (element.TableLikeClause !== undefined) {
      copyColumns(draft, at.key, element.TableLikeClause, likes.get(element.TableLikeClause)!, site);
    }
  }
  addConstraints(draft, at.key, constraints, site, true);
  for (const parent of parents) inheritRest(draft, at.key, parent, node.partbound !== undefined);
  for (const [like, source] of likes) copyRest(draft, at.key, like, source);
  if (knownByName) keepWhatWasSaid(draft, at.key, existing);
}

function alreadyThere(draft: Draft, key: string, site: Site): void {
  draft.unknown(
    site.origin,
    `${key} is created again`,
    draft.has('table', key) ? { kind: 'table', key } : null,
    'else',
  );
}

/** Policies, indexes … that earlier statements laid on a table they took for granted. */
function keepWhatWasSaid(draft: Draft, key: string, before: Table): void {
  draft.update('table', key, (table) => ({
    ...table,
    rls: before.rls,
    forceRls: before.forceRls,
    rlsOrigin: before.rlsOrigin,
    policies: before.policies,
    triggers: [...table.triggers, ...before.triggers],
    indexes: [...table.indexes, ...before.indexes.filter((index) => !index.constraint)],
    unknown: before.unknown.filter(({ about }) => about !== 'object'),
  }));
}

function ofType(draft: Draft, key: string, type: SyntaxNode, site: Site): void {
  draft.unknown(
    site.origin,
    `columns of the type ${draft.typeName(type)}`,
    { kind: 'table', key },
    'columns',
  );
}

export function tableFromQuery(
  draft: Draft,
  into: SyntaxNode,
  columns: readonly { name: string; type: string }[] | null,
  site: Site,
  ifNotExists: boolean,
): void {
  const at = draft.newRelation(into.rel);
  if (draft.isRelation(at.key)) {
    if (!ifNotExists) alreadyThere(draft, at.key, site);
    return;
  }
  const names = strings(into.colNames);
  draft.create('table', {
    ...newTable(draft, at),
    origin: site.origin,
    columns: (columns ?? []).map(({ name, type }, position) => ({
      name: names[position] ?? name,
      type,
      notNull: false,
      default: null,
      identity: null,
      generated: null,
      sequence: null,
      comment: null,
      origin: site.origin,
    })),
  });
  if (columns === null || columns.some(({ type }) => type === 'unknown')) {
    draft.unknown(site.origin, 'columns of a query', { kind: 'table', key: at.key }, 'columns');
  }
}

function kindOf({ partbound, partspec }: SyntaxNode): Table['kind'] {
  if (partbound !== undefined) return 'partition';
  return partspec === undefined ? 'table' : 'partitioned';
}

/** Rows of storage.buckets, as far as literals tell them. */
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import type { Draft } from './draft.ts';
import type { Site } from './site.ts';

const buckets = 'storage.buckets';

export function insertBuckets(draft: Draft, node: SyntaxNode, site: Site): void {
  if (draft.relation(node.relation) !== buckets) return;
  const columns = (node.cols ?? []).map(({ ResTarget: target }: SyntaxNode) => target.name as string);
  const select: SyntaxNode = node.selectStmt?.SelectStmt ?? {};
  const rows: readonly (readonly SyntaxNode[])[] =
    select.valuesLists?.map(({ List: list }: SyntaxNode) => list.items) ??
    (select.targetList && select.fromClause === undefined
      ? [select.targetList.map(({ ResTarget: target }: SyntaxNode) => target.val)]
      : []);
  if (rows.length === 0) draft.unknown(site.origin, 'buckets that a query gives', null, 'else');
  for (const row of rows) {
    const value = (name: string) => row[columns.indexOf(name)];
    const id = text(value('id'));
    if (id === null) {
      draft.unknown(site.origin, 'a bucket whose id is no literal', null, 'else');
      continue;
    }
    const old = draft.get('bucket', id);
    const conflict: string | undefined = node.onConflictClause?.action;
    if (old !== undefined && conflict !== 'ONCONFLICT_UPDATE') continue;
    const isPublic = truth(value('public')) ?? false;
    const updates = conflict === undefined || setsPublic(node.onConflictClause.targetList);
    const next = { id, public: old === undefined || updates ? isPublic : old.public, origin: site.origin };
    if (old === undefined) draft.create('bucket', next);
    else draft.put('bucket', next);
  }
}

const setsPublic = (targets: readonly SyntaxNode[] | undefined) =>
  (targets ?? []).some(({ ResTarget: target }) => target?.name === 'public');

export function updateBuckets(draft: Draft, node: SyntaxNode, site: Site): void {
  if (draft.relation(node.relation) !== buckets) return;
  const target = (node.targetList ?? []).find(({ ResTarget: entry }: SyntaxNode) => entry?.name === 'public');
  if (target === undefined) return;
  const isPublic = truth(target.ResTarget.val);
  const ids = idsOf(node.whereClause);
  if (isPublic === null || ids === null) {
    draft.unknown(site.origin, 'an update of storage.buckets that is no literal', null, 'else');
    return;
  }
  for (const id of ids === 'all' ? [...draft.all('bucket').keys()] : ids) {
    draft.update('bucket', id, (bucket) => ({ ...bucket, public: isPublic, origin: site.origin }));
  }
}

export function deleteBuckets(draft: Draft, node: SyntaxNode, site: Site): void {
  if (draft.relation(node.relation) !== buckets) return;
  const ids = idsOf(node.whereClause);
  if (ids === null)
    draft.unknown(site.origin, 'a delete from storage.buckets that is no literal', null, 'else');
  else for (const id of ids === 'all' ? [...draft.all('bucket').keys()] : ids) draft.remove('bucket', id);
}

/** `id = 'x'`, `id in ('x', 'y')`; null for anything else. */
function idsOf(where: SyntaxNode | undefined): readonly string[] | 'all' | null {
  if (where === undefined) return 'all';
  const expression = where.A_Expr;
  const column = strings(expression?.lexpr?.ColumnRef?.fields).at(-1);
  if (column !== 'id' && column !== 'name') return null;
  const operator = strings(expression.name).at(-1);
  if (operator !== '=') return null;
  const values: readonly SyntaxNode[] =
    expression.kind === 'AEXPR_IN' ? (expression.rexpr?.List?.items ?? []) : [expression.rexpr];
  const ids = values.map(text);
  return ids.includes(null) ? null : ids.filter((id) => id !== null);
}

function text(node: SyntaxNode | undefined): string | null {
  const value = (node?.TypeCast?.arg ?? node)?.A_Const?.sval;
  return value === undefined ? null : (value.sval ?? '');
}

function truth(node: SyntaxNode | undefined): boolean | null {
  const constant = (node?.TypeCast?.arg ?? node)?.A_Const;
  if (constant?.boolval !== undefined) return constant.boolval.boolval === true;
  if (constant?.sval !== undefined) return /^(t|true|on|yes|1)$/i.test(constant.sval.sval ?? '');
  return null;
}

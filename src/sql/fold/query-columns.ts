/** The columns a query gives, as far as the state tells: for views, CREATE TABLE AS and SELECT INTO. */
import type { SyntaxNode } from '../../model/sql.ts';
import { strings, typeName } from '../names.ts';
import type { Draft } from './draft.ts';
import { figureColumnName } from './generated-names.ts';
import { findByName } from './routines.ts';

export interface OutputColumn {
  readonly name: string;
  /** `unknown` where it can't be told without Postgres. */
  readonly type: string;
}

interface Source {
  readonly alias: string;
  readonly columns: readonly OutputColumn[] | null;
  /** Columns that a bare star shows elsewhere: merged by USING. */
  readonly merged?: readonly string[];
}
type Known = ReadonlyMap<string, readonly OutputColumn[] | null>;

/** Null where the names can't be told. */
export function outputColumns(
  draft: Draft,
  query: SyntaxNode,
  known: Known = new Map(),
): OutputColumn[] | null {
  const statement: SyntaxNode | undefined = query.SelectStmt ?? query;
  if (statement === undefined || query.ExecuteStmt !== undefined) return null;
  const ctes = new Map(known);
  for (const { CommonTableExpr: cte } of statement.withClause?.ctes ?? []) {
    const inner = cte.ctequery?.SelectStmt ? outputColumns(draft, recursiveStart(cte), ctes) : null;
    ctes.set(cte.ctename, renamed(inner, strings(cte.aliascolnames)));
  }
  if (statement.larg !== undefined) return outputColumns(draft, statement.larg, ctes);
  if (statement.valuesLists !== undefined) {
    const width: number = statement.valuesLists[0]?.List?.items?.length ?? 0;
    return Array.from({ length: width }, (_, at) => ({ name: `column${at + 1}`, type: 'unknown' }));
  }
  const sources = (statement.fromClause ?? []).flatMap((item: SyntaxNode) => sourcesOf(draft, item, ctes));
  const columns: OutputColumn[] = [];
  for (const { ResTarget: target } of statement.targetList ?? []) {
    const star = starOf(target.val, sources);
    if (star === null) return null;
    if (star !== undefined) columns.push(...star);
    else {
      const name = target.name ?? figureColumnName(target.val) ?? '?column?';
      columns.push({ name, type: typeOf(draft, target.val, sources) });
    }
  }
  return columns;
}

/** Of a recursive query the first arm says what it gives. */
const recursiveStart = (cte: SyntaxNode): SyntaxNode => cte.ctequery.SelectStmt.larg ?? cte.ctequery;

function renamed(columns: OutputColumn[] | null, names: readonly string[]): OutputColumn[] | null {
  return columns?.map((column, at) => ({ ...column, name: names[at] ?? column.name })) ?? null;
}

/** Undefined where the target is no star; null where the star's columns can't be told. */
function starOf(value: SyntaxNode, sources: readonly Source[]): readonly OutputColumn[] | null | undefined {
  const fields: readonly SyntaxNode[] | undefined = value.ColumnRef?.fields;
  if (fields === undefined || fields.at(-1)?.A_Star === undefined) return undefined;
  const alias = fields.length > 1 ? fields.at(-2)?.String?.sval : undefined;
  const wanted = alias === undefined ? sources : sources.filter((source) => source.alias === alias);
  if (wanted.length === 0 || wanted.some((source) => source.columns === null)) return null;
  return wanted.flatMap(({ columns, merged }) =>
    (columns ?? []).filter(({ name }) => alias !== undefined || !merged?.includes(name)),
  );
}

function sourcesOf(draft: Draft, item: SyntaxNode, known: Known): Source[] {
  if (item.RangeVar !== undefined) {
    const range = item.RangeVar;
    const alias: string = range.alias?.aliasname ?? range.relname;
    const names = strings(range.alias?.colnames);
    const cte = range.schemaname === undefined ? known.get(range.relname) : undefined;
    const columns = cte === undefined ? relationColumns(draft, draft.relation(range)) : cte;
    return [{ alias, columns: renamed(columns === null ? null : [...columns], names) }];
  }
  if (item.RangeSubselect !== undefined) {
    const inner = item.RangeSubselect;
    const columns = renamed(outputColumns(draft, inner.subquery, known), strings(inner.alias?.colnames));
    return [{ alias: inner.alias?.aliasname ?? '', columns }];
  }
  if (item.JoinExpr !== undefined) return joined(draft, item.JoinExpr, known);
  if (item.RangeFunction !== undefined) {
    const inner = item.RangeFunction;
    const named = (inner.coldeflist ?? []).map(({ ColumnDef: column }: SyntaxNode) => ({
      name: column.colname,
      type: draft.typeName(column.typeName),
    }));
    const call = inner.functions?.[0]?.List?.items?.[0]?.FuncCall;
    const alias: string = inner.alias?.aliasname ?? strings(call?.funcname).at(-1) ?? '';
    if (named.length > 0) return [{ alias, columns: named }];
    const columns = inner.functions?.length === 1 ? functionColumns(draft, call, alias) : null;
    const numbered =
      inner.ordinality && columns ? [...columns, { name: 'ordinality', type: 'bigint' }] : columns;
    return [{ alias, columns: renamed(numbered, strings(inner.alias?.colnames)) }];
  }
  return [{ alias: '', columns: null }];
}

/** JOIN … USING and NATURAL merge the columns of the same name, and put them first. */
function joined(draft: Draft, join: SyntaxNode, known: Known): Source[] {
  const left = sourcesOf(draft, join.larg, known);
  const right = sourcesOf(draft, join.rarg, known);
  if (join.alias !== undefined || join.isNatural)
    return [{ alias: join.alias?.aliasname ?? '', columns: null }];
  const using = strings(join.usingClause);
  if (using.length === 0) return [...left, ...right];
  const all = [...left, ...right];
  if (all.some((source) => source.columns === null))
    return all.map((source) => ({ ...source, columns: null }));
  const merged = using.map(
    (name) => left.flatMap((source) => source.columns ?? []).find((column) => column.name === name)!,
  );
  const rest = (source: Source): Source => ({ ...source, merged: [...(source.merged ?? []), ...using] });
  return [{ alias: '', columns: merged.filter(Boolean) }, ...all.map(rest)];
}

function relationColumns(draft: Draft, key: string): OutputColumn[] | null {
  const table = draft.get('table', key);
  if (table !== undefined) {
    return table.unknown.length > 0 ? null : table.columns.map(({ name, type }) => ({ name, type }));
  }
  const view = draft.get('view', key);
  if (view === undefined || view.unknown.length > 0) return null;
  return view.columns.map((name) => ({ name, type: 'unknown' }));
}

/** A set-returning function of ours with a row type, or a scalar one. */
function functionColumns(draft: Draft, call: SyntaxNode | undefined, alias: string): OutputColumn[] | null {
  if (call === undefined) return null;
  const found = findByName(draft, strings(call.funcname));
  const routine = found.length === 1 ? draft.get('routine', found[0]!) : undefined;
  if (routine === undefined)
    return scalarSets.has(strings(call.funcname).at(-1) ?? '') ? [{ name: alias, type: 'unknown' }] : null;
  const out = routine.arguments.filter(
    (arg) => arg.mode === 'table' || arg.mode === 'out' || arg.mode === 'inout',
  );
  if (out.length > 0) return out.map((arg, at) => ({ name: arg.name ?? `column${at + 1}`, type: arg.type }));
  const row = relationColumns(draft, routine.returns.replace(/^SETOF /, ''));
  return (
    row ??
    (routine.returns.endsWith('record')
      ? null
      : [{ name: alias, type: routine.returns.replace(/^SETOF /, '') }])
  );
}

const scalarSets = new Set([
  'generate_series',
  'unnest',
  'regexp_split_to_table',
  'string_to_table',
  'generate_subscripts',
]);

/** The easy types: columns, casts, literals, a few functions. */
function typeOf(draft: Draft, value: SyntaxNode, sources: readonly Source[]): string {
  if (value.ColumnRef !== undefined) {
    const names = strings(value.ColumnRef.fields);
    const from = names.length > 1 ? sources.filter((source) => source.alias === names.at(-2)) : sources;
    return (
      from.flatMap((source) => source.columns ?? []).find((column) => column.name === names.at(-1))?.type ??
      'unknown'
    );
  }
  if (value.TypeCast !== undefined) return draft.typeName(value.TypeCast.typeName);
  if (value.A_Const !== undefined) {
    if (value.A_Const.ival !== undefined) return 'integer';
    if (value.A_Const.boolval !== undefined) return 'boolean';
    if (value.A_Const.fval !== undefined) return 'numeric';
    return value.A_Const.sval !== undefined ? 'text' : 'unknown';
  }
  const called = strings(value.FuncCall?.funcname).at(-1);
  return (called !== undefined && functionTypes[called]) || 'unknown';
}

const functionTypes: Readonly<Record<string, string>> = {
  count: 'bigint',
  now: typeName({ names: [{ String: { sval: 'timestamptz' } }] }),
  gen_random_uuid: 'uuid',
  lower: 'text',
  upper: 'text',
  concat: 'text',
  row_number: 'bigint',
};

/** A name in a sub-select that its inner table takes for its own column, where the policy's row was meant. */
import type { Edit } from '../../../model/finding.ts';
import type { Expression, Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { predicatesOf } from '../conditions/predicates.ts';
import { type ColumnUse, type Comparison, type Reading, readPredicate } from '../conditions/scope.ts';
import { type Found, insertAt } from '../statements/sites.ts';
import { alterPolicy } from './policy-edits.ts';

export interface Capture {
  /** The name that the sub-select took. */
  readonly taken: ColumnUse;
  /** What it is compared with: itself, or the inner table's key to the policy's table. */
  readonly other: ColumnUse;
  /** The policy's table has a column of that name. */
  readonly outer: boolean;
  /** Another condition ties the sub-select to the row all the same. */
  readonly tied: boolean;
}

/** `x.a = x.a` once resolved, and `x.parent_id = x.id` where "id" was written alone and the parent's was meant. */
export function capturesIn(node: SyntaxNode | null, table: Table, state: SchemaState): readonly Capture[] {
  const reading = readPredicate(node, table, state);
  return reading.comparisons.flatMap((comparison) => {
    const pair = captured(comparison, reading, table, state);
    if (pair === null) return [];
    const [taken, other] = pair;
    return [
      {
        taken,
        other,
        outer: table.columns.some(({ name }) => name === taken.name),
        tied: isTied(reading, taken),
      },
    ];
  });
}

/** The name that was captured, and what it is compared with. */
function captured(
  { operator, left, right, depth }: Comparison,
  reading: Reading,
  table: Table,
  state: SchemaState,
): readonly [ColumnUse, ColumnUse] | null {
  if (operator !== '=' || depth === 0 || left.is !== 'column' || right.is !== 'column') return null;
  const [a, b] = [left.column, right.column];
  if (isMeantForRow(b, a, reading, table, state)) return [b, a];
  if (isMeantForRow(a, b, reading, table, state)) return [a, b];
  if (a.source !== b.source) return null;
  if (a.name === b.name) return a.unqualified && !b.unqualified ? [a, b] : [b, a];
  // The inner table's key leads to this table's column of that name: nobody compares it with the inner one on purpose.
  const leadsHere = (key: ColumnUse, target: ColumnUse) =>
    target.unqualified && key.source.key !== table.key && keyLeadsTo(key, target.name, table, state);
  if (leadsHere(a, b)) return [b, a];
  return leadsHere(b, a) ? [a, b] : null;
}

/**
 * `p.team_id = org_id`: of all names in a sub-select that asks nothing of the row, the one that the row has too stands
 * without its table, and its neighbour with one. Where two tables are joined by it, it is meant for them.
 */
function isMeantForRow(
  bare: ColumnUse,
  other: ColumnUse,
  reading: Reading,
  table: Table,
  state: SchemaState,
): boolean {
  const outer = table.columns.find(({ name }) => name === bare.name);
  if (!bare.unqualified || other.unqualified || outer === undefined) return false;
  if (bare.name === other.name) return false;
  if (bare.source.key === table.key || bare.depth !== other.depth) return false;
  const select = bare.within[bare.depth]!;
  if (reading.columns.some(({ depth, within }) => depth < bare.depth && within.includes(select)))
    return false;
  const type = ({ source, name }: ColumnUse) =>
    state.tables.get(source.key ?? '')?.columns.find((column) => column.name === name)?.type;
  if (type(other) !== outer.type) return false;
  return (
    bare.source === other.source ||
    reading.comparisons.some(({ left, right }) => {
      if (left.is !== 'column' || right.is !== 'column') return false;
      const pair = [left.column, right.column];
      return (
        pair.every(({ location }) => location !== bare.location) &&
        pair.some(({ source }) => source === bare.source) &&
        pair.some(({ source }) => source === other.source)
      );
    })
  );
}

/** By a foreign key; where the column has none, by its name: `team_id` is the id of "team" or "teams". */
function keyLeadsTo(key: ColumnUse, target: string, table: Table, state: SchemaState): boolean {
  const keys = (state.tables.get(key.source.key ?? '')?.foreignKeys ?? []).filter(
    ({ columns }) => columns.length === 1 && columns[0] === key.name,
  );
  if (keys.length > 0)
    return keys.some(
      ({ references, referencedColumns }) =>
        references === table.key && (referencedColumns[0] ?? target) === target,
    );
  const one = table.name.replace(/ies$/, 'y').replace(/(?<=[^s])s$/, '');
  return (
    table.primaryKey?.columns.length === 1 &&
    table.primaryKey.columns[0] === target &&
    [one, table.name].some((name) => key.name === `${name}_${target}`)
  );
}

/** Another condition of the sub-select that took the name compares something with a column of the row. */
function isTied(reading: Reading, { within, depth }: ColumnUse): boolean {
  const select = within[depth]!;
  return reading.comparisons.some(({ left, right }) =>
    [left, right].some(
      (side) => side.is === 'column' && side.column.depth < depth && side.column.within.includes(select),
    ),
  );
}

/** The condition with the row's column named by its table; null where that can't be said for certain. */
export function uncaptured(expression: Expression, table: Table, state: SchemaState): string | null {
  const captures = capturesIn(expression.node, table, state);
  // Tied to the row, it still has to ask who is calling.
  if (!looksAtCaller(expression.node, state)) return null;
  if (captures.length === 0 || !captures.every((capture) => isCertain(capture, table))) return null;
  let { text } = expression;
  for (const capture of captures) {
    const next = rewritten(text, capture, table);
    if (next === null) return null;
    text = next;
  }
  return text.trim();
}

/** Beside an alias that hides the policy's table, or for a row of the table that the sub-select reads, more must change. */
const isCertain = ({ outer, taken: { source } }: Capture, table: Table) =>
  outer && source.key !== table.key && source.alias !== table.name;

function rewritten(text: string, capture: Capture, table: Table): string | null {
  const [column, other, { alias }] = [capture.taken.name, capture.other.name, capture.other.source];
  const name = (part: string) => `(?:"${escapeRegExp(part)}"|\\b${escapeRegExp(part)}\\b)`;
  const prefix = `(?:(?:"?[\\w$]+"?\\s*\\.\\s*)?${name(alias)}\\s*\\.\\s*)`;
  const row = `${quoteIdent(table.name)}.${quoteIdent(column)}`;
  const full = `${prefix}?${name(other)}`;
  const bareName = `${prefix}?${name(column)}`;
  // The name that stands alone is the row's; where both have the alias either side will do.
  const orders = [
    new RegExp(`(${prefix}${name(other)}\\s*=\\s*)(?<![.\\w"])${name(column)}(?!\\s*[.(])`, 'i'),
    new RegExp(`(?<![.\\w"])${name(column)}(\\s*=\\s*${prefix}${name(other)})`, 'i'),
    new RegExp(`(${full}\\s*=\\s*)${bareName}(?!\\s*[.(])`, 'i'),
  ];
  for (const [at, order] of orders.entries()) {
    const matches = [...text.matchAll(new RegExp(order, 'gi'))];
    if (matches.length === 0) continue;
    return matches.length > 1
      ? null
      : text.replace(order, (_, rest: string) => (at === 1 ? `${row}${rest}` : `${rest}${row}`));
  }
  return null;
}

/** Names the row's column by its table where the policy's statement stands; empty where that is not certain. */
export function uncapturedEdits(
  { source, statement }: Found,
  table: Table,
  state: SchemaState,
): readonly Edit[] {
  return ['qual', 'with_check'].flatMap((clause) => {
    const node: SyntaxNode | undefined = statement.node[clause];
    if (node === undefined || !looksAtCaller(node, state)) return [];
    const captures = capturesIn(node, table, state);
    if (!captures.every((capture) => isCertain(capture, table))) return [];
    const reading = readPredicate(node, table, state);
    return reading.comparisons.flatMap((comparison): Edit[] => {
      const pair = captured(comparison, reading, table, state);
      return pair?.[0].unqualified === true
        ? [insertAt(source, source.offsetOfByte(pair[0].location), `${quoteIdent(table.name)}.`)]
        : [];
    });
  });
}

/** What is wrong with it, as a sentence after the policy's name. */
export const captureSaid = ({ taken, other }: Capture): string =>
  taken.name === other.name
    ? `"${taken.name}" in the sub-select is compared with itself, "${shown(taken)}" on both sides`
    : `"${taken.name}" in the sub-select is "${shown(taken)}" and not the row's, compared with "${shown(other)}"`;

const shown = ({ source, name }: ColumnUse) => `${source.alias}.${name}`;

/** A policy of which some condition is not tied to the row, and how it is written instead. */
export function captureOf(
  policy: Policy,
  table: Table,
  state: SchemaState,
): { readonly capture: Capture; readonly alter: string | null } | null {
  const predicates = predicatesOf(policy);
  const capture = predicates.flatMap(({ node }) => capturesIn(node, table, state)).find(({ tied }) => !tied);
  if (capture === undefined) return null;
  const taking = predicates.filter(({ node }) => capturesIn(node, table, state).length > 0);
  const clauses = taking.flatMap(({ clause, expression }) => {
    const condition = uncaptured(expression, table, state);
    return condition === null ? [] : [{ clause, condition }];
  });
  return { capture, alter: clauses.length < taking.length ? null : alterPolicy(policy, clauses, table) };
}

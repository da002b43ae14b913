/**
 * What policies ask of the columns of a new row: whoever inserts chooses them, and so they are no condition. Which values
 * satisfy, Postgres says: the parts of a WITH CHECK that speak of such columns alone are asked about candidates.
 */
import type { Outcome, Session } from '../../database/engine.ts';
import { suggested } from '../../database/rows/values.ts';
import type { Column, Policy, SchemaState, Table } from '../../model/schema.ts';
import { parseExpression } from '../../sql/parse.ts';
import { literal, name } from '../acting/quote.ts';
import { alternatives, conjuncts } from '../predicate/condition-text.ts';
import { readPolicies } from '../predicate/index.ts';
import { any, other } from '../predicate/reading.ts';
import { columnNames } from '../predicate/syntax.ts';
import { valuesNamedFor } from '../rows/check-hints.ts';
import { defaultOf, fitsType } from '../rows/choices.ts';
import type { Ownership } from '../rows/owners.ts';
import type { Value } from '../rows/type-values.ts';
import type { ValueSource } from '../rows/values.ts';

/** By role and column: what to send in place of the usual value. */
export type Asked = ReadonlyMap<string, ReadonlyMap<string, Value>>;

export interface NewRow {
  readonly table: Table;
  readonly state: SchemaState;
  readonly values: ValueSource;
  readonly ownership: Ownership;
  /** A row as it was laid: what is sent where nothing is asked. */
  readonly laid: Readonly<Record<string, Value>>;
}

/** Columns that are decided together are few, and so are their values: a query holds the product. */
const mostColumns = 3;
const mostRows = 1_500;

export async function askedOfNewRows(session: Session, row: NewRow): Promise<Asked> {
  const asked = new Map<string, Map<string, Value>>();
  for (const role of ['anon', 'authenticated']) {
    const columns = new Map<string, Value>();
    asked.set(role, columns);
    const policies = row.table.policies.filter((policy) => admits(policy, role)).map(checkOnly);
    if (policies.length === 0) continue;
    const decided = new Set<string>();
    for (const way of await answered(session, waysIn(policies, role), row)) {
      for (const { columns: asking, answer } of way) {
        // What one way in has settled, another does not unsettle.
        if (answer === null || asking.some((column) => decided.has(column.name))) continue;
        for (const [at, column] of asking.entries()) {
          decided.add(column.name);
          if (answer[at] !== usual(column, row)) columns.set(column.name, answer[at]!);
        }
      }
    }
    for (const [column, value] of namedByPolicies(policies, row))
      if (!decided.has(column)) columns.set(column, value);
  }
  return asked;
}

const admits = (policy: Policy, role: string): boolean =>
  (policy.command === 'insert' || policy.command === 'all') &&
  policy.roles.some((member) => member === 'public' || member === role);

/** A policy without WITH CHECK asks of the new row what it asks of the others. */
const checkOnly = (policy: Policy): Policy => (policy.check === null ? policy : { ...policy, using: null });

/** Conditions of which all must hold, one list a way in: those that ask for no rights first. */
function waysIn(policies: readonly Policy[], role: string): string[][] {
  const text = ({ check, using }: Policy) => (check ?? using)?.text ?? 'true';
  const always = policies
    .filter(({ permissive }) => !permissive)
    .flatMap((policy) => conjuncts(text(policy)));
  const weight = (parts: readonly string[]) => {
    const whole = parts.join(' ');
    return /\bSELECT\b.*\bFROM\b/is.test(whole) ? 2 : role === 'anon' && /\bauth\./i.test(whole) ? 1 : 0;
  };
  return policies
    .filter(({ permissive }) => permissive)
    .flatMap((policy) => alternatives(text(policy)))
    .map((branch) => [...conjuncts(branch), ...always])
    .toSorted((a, b) => weight(a) - weight(b));
}

/** A condition on a few columns of the new row. */
interface Part {
  readonly texts: readonly string[];
  readonly columns: readonly Column[];
}

/** Null where it asks for the caller, for other rows, or for columns that are not free. */
function partOf(text: string, row: NewRow): Part | null {
  if (/\b(auth|storage|realtime)\.|\bSELECT\b|\bcurrent_|\bsession_user\b/i.test(text)) return null;
  const node = parseExpression(text);
  if (node === null) return null;
  const named = new Set<string>();
  JSON.stringify(node, (key, value) => {
    if (key === 'ColumnRef') named.add(columnNames({ ColumnRef: value })?.at(-1) ?? '');
    return value;
  });
  const columns = row.table.columns.filter((column) => named.has(column.name));
  if (columns.length === 0 || columns.length !== named.size || columns.length > mostColumns) return null;
  return columns.every((column) => isFree(column, row)) ? { texts: [text], columns } : null;
}

/** Whoever inserts chooses it: no key, no owner, nothing that Postgres makes. */
const isFree = (column: Column, { table, ownership }: NewRow): boolean =>
  column.generated === null &&
  column.identity === null &&
  column.sequence === null &&
  table.primaryKey?.columns.includes(column.name) !== true &&
  !ownership.columnsOf(table.key).includes(column.name) &&
  !ownership.ownersOf(table.key).some((owner) => owner.column === column.name) &&
  !table.foreignKeys.some((key) => key.columns.includes(column.name));

/** Parts that share a column are one question. */
function together(parts: readonly Part[]): Part[] {
  const groups: Part[] = [];
  for (const part of parts) {
    const near = groups.filter((group) => group.columns.some((column) => part.columns.includes(column)));
    const joined = [...near, part];
    groups.splice(0, groups.length, ...groups.filter((group) => !near.includes(group)), {
      texts: [...new Set(joined.flatMap(({ texts }) => texts))],
      columns: [...new Set(joined.flatMap(({ columns }) => columns))],
    });
  }
  return groups.filter(({ columns }) => columns.length <= mostColumns);
}

interface Answered extends Part {
  /** Null where no candidate satisfies. */
  readonly answer: (Value | undefined)[] | null;
}

/** The ways in with what satisfies them: first those that take rows as they usually are. */
async function answered(
  session: Session,
  ways: readonly (readonly string[])[],
  row: NewRow,
): Promise<(readonly Answered[])[]> {
  const found: (readonly Answered[])[] = [];
  for (const parts of ways) {
    const groups = together(parts.flatMap((text) => partOf(text, row) ?? []));
    const answers = await satisfied(session, groups, row);
    found.push(groups.map((group, index) => ({ ...group, answer: answers[index] ?? null })));
  }
  const takesUsual = (way: readonly Answered[]) =>
    way.every(({ columns, answer }) => columns.every((column, at) => answer?.[at] === usual(column, row)));
  return found.toSorted((a, b) => Number(takesUsual(b)) - Number(takesUsual(a)));
}

/** For each group the first values that satisfy it, the usual ones before all others; null where none do. */
async function satisfied(
  session: Session,
  groups: readonly Part[],
  row: NewRow,
): Promise<((Value | undefined)[] | null)[]> {
  if (groups.length === 0) return [];
  const choices = groups.map((group) =>
    group.columns.map((column) => {
      const list = candidatesFor(column, group.texts, row);
      return list.slice(0, Math.floor(mostRows ** (1 / group.columns.length)));
    }),
  );
  const outcomes = await session.batch(
    groups.flatMap((group, index) => [
      'savepoint asked',
      questionOf(group, choices[index]!, row.table),
      'rollback to savepoint asked',
      'release savepoint asked',
    ]),
  );
  return groups.map((group, index) => {
    const outcome: Outcome = outcomes[index * 4 + 1]!;
    const found = outcome.ok ? outcome.rows[0] : undefined;
    return found === undefined
      ? null
      : group.columns.map((_, at) => choices[index]![at]![Number(found[`at${at}`])]);
  });
}

function questionOf(group: Part, choices: readonly (readonly Value[])[], table: Table): string {
  const lists = group.columns.map((column, at) => {
    const rows = choices[at]!.map((value, index) => `(${index}, ${literal(value)}::${column.type})`);
    return `(values ${rows.join(', ')}) as ${name(`list ${at}`)} (at${at}, ${name(column.name)})`;
  });
  const columns = group.columns.map((column, at) => `at${at}, ${name(column.name)}`).join(', ');
  const order = group.columns.map((_, at) => `at${at}`);
  const condition = group.texts.map((text) => `(${text})`).join(' and ');
  return `select ${order.join(', ')} from (select ${columns} from ${lists.join(', ')}) as ${name(table.name)} where ${condition} order by ${order.join(' + ')}, ${order.join(', ')} limit 1`;
}

function candidatesFor(column: Column, texts: readonly string[], row: NewRow): Value[] {
  const first = usual(column, row);
  const all = texts.join(' ');
  const type = /^(.*?)(?:\((\d+)\))?(\[\])?$/.exec(column.type)!;
  const labels = [...row.state.types.values()].find(
    (each) =>
      each.kind === 'enum' &&
      (each.key === column.type || (each.schema === 'public' && each.name === column.type)),
  );
  const kind = {
    name: type[1]!,
    kind: labels === undefined ? 'b' : 'e',
    array: column.type.endsWith('[]'),
    labels: labels?.kind === 'enum' ? labels.values : [],
    modifier: type[2] === undefined ? -1 : Number(type[2]) + 4,
  };
  const length =
    /^character/.test(kind.name) && type[2] !== undefined ? Number(type[2]) : Number.POSITIVE_INFINITY;
  const seed = { owner: 'A', turn: 9 };
  return [
    ...new Set([
      ...(first === undefined ? [] : [first]),
      ...texts.flatMap((text) => valuesNamedFor(parseExpression(text), column.name)),
      ...row.values.candidates(row.table, column.name, seed),
      ...suggested(kind, column.name, all, 1),
      null,
    ]),
  ].filter((value) =>
    value === null ? !column.notNull : value.length <= length && fitsType(value, column.type),
  );
}

/** What is sent, or stored, where nothing is asked; undefined where only Postgres knows. */
const usual = (column: Column, { laid }: NewRow): Value | undefined =>
  column.default === null ? (laid[column.name] ?? null) : defaultOf(column);

/** Values that policies compare a column with inside sub-selects and helpers, which can't be asked by themselves. */
function namedByPolicies(policies: readonly Policy[], row: NewRow): Map<string, Value> {
  const wanted = new Map<string, Value[]>();
  for (const atom of readPolicies({ ...row.table, policies }, row.state).values) {
    if (!atom.home || atom.open.length === 0 || atom.open.includes(other)) continue;
    wanted.set(atom.column, [...(wanted.get(atom.column) ?? []), ...atom.open]);
  }
  const named = new Map<string, Value>();
  for (const column of row.table.columns) {
    const values = wanted.get(column.name);
    const already = usual(column, row);
    if (values === undefined || already === undefined || !isFree(column, row)) continue;
    if (values.some((value) => value === already || (value === any && already !== null))) continue;
    const seed = { owner: 'A', turn: 9 };
    const first =
      values[0] === any
        ? row.values.candidates(row.table, column.name, seed).find((value) => value !== null)
        : values[0];
    if (first !== undefined) named.set(column.name, first);
  }
  return named;
}

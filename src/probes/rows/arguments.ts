/** Functions that are called as a stranger calls them, and their arguments: ids that are known, and no secret. */
import type { SqlError } from '../../model/replay.ts';
import type { FunctionArgument, Routine, SchemaState, Table } from '../../model/schema.ts';
import { type User, userB } from '../acting/principals.ts';
import { qualified } from '../acting/quote.ts';
import { secret } from '../secret.ts';
import { type BodyReading, readArguments } from './compared.ts';
import { uuidOf, type Value } from './type-values.ts';
import { updating, type World } from './world.ts';

interface Known {
  readonly state: SchemaState;
  readonly world: World;
}

/** `security definer` functions of exposed schemas that the API calls, by key. */
export const exposedDefiners = ({
  state,
  exposed,
}: {
  readonly state: SchemaState;
  readonly exposed: ReadonlySet<string>;
}): readonly Routine[] =>
  [...state.routines.values()]
    .filter(
      (routine) =>
        exposed.has(routine.schema) &&
        routine.securityDefiner &&
        routine.kind === 'function' &&
        !/^(event_)?trigger$/.test(routine.returns),
    )
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));

/** Each of its calls would take the seconds it sleeps: it is not called. */
export const waits = ({ body }: Routine): boolean => /\bpg_sleep(_for|_until)?\s*\(/i.test(body);

export const inputsOf = (routine: Routine): readonly FunctionArgument[] =>
  routine.arguments.filter((argument) => argument.mode !== 'out' && argument.mode !== 'table');

export const signatureOf = (routine: Routine): string =>
  `${qualified(routine.schema, routine.name)}(${inputsOf(routine)
    .map((argument) => argument.type)
    .join(', ')})`;

/** Arguments worth trying: the id of `person`; B's row of each table the body names. */
export function* argumentSets(
  context: Known,
  routine: Routine,
  watched: readonly Table[],
  person: User,
): Iterable<readonly Value[]> {
  const inputs = inputsOf(routine);
  if (inputs.length === 0) {
    yield [];
    return;
  }
  const keys = watched.flatMap((table) => {
    const row = context.world.row(table.key, userB);
    return row !== undefined && row.key.length === 1
      ? [{ table, value: row.values[row.key[0]!] ?? null }]
      : [];
  });
  const pages = asksForPages(routine);
  const valuesOf = (guess: Table | null, page: Page | null) =>
    inputs.map(
      (argument, index) =>
        (page && ofPage(argument, page)) ?? argumentValue(context, argument, index, guess, keys, person),
    );
  const sets: (readonly Value[])[] = [null, ...watched].map((guess) =>
    valuesOf(guess, pages ? { size: '100', number: '1' } : null),
  );
  // What the body itself says comes first.
  if (person === userB) sets.unshift(comparedValues(context, routine, sets[0]!));
  // Counted from 0; and a size that no bound refuses.
  if (pages) sets.push(valuesOf(null, { size: '100', number: '0' }), valuesOf(null, null));
  const seen = new Set<string>();
  for (const values of sets) {
    const id = JSON.stringify(values);
    if (seen.has(id)) continue;
    seen.add(id);
    yield values;
  }
}

/**
 * The values of B's row in the columns that the body compares arguments with: ids and words that a stranger knows. To
 * bring what else stands in a row (an endpoint, a key) is the proof that one may.
 */
function comparedValues(
  { state, world }: Known,
  routine: Routine,
  values: readonly Value[],
): readonly Value[] {
  const reading = readArguments(routine, state);
  const { compared } = reading;
  const period = periodOf(reading, world);
  return inputsOf(routine).map((argument, index) => {
    for (const { table, column } of compared.filter((one) => one.argument === index && !one.written)) {
      const value = world.row(table, userB)?.values[column] ?? null;
      if (value !== null && isKnown(state, table, column))
        return argument.type.endsWith('[]') ? `{${value}}` : value;
    }
    for (const { table, column } of compared.filter((one) => one.argument === index && one.written)) {
      const now = world.row(table, userB)?.values[column];
      const others =
        enumOf(state, argument.type)?.values ?? (argument.type === 'boolean' ? ['true', 'false'] : []);
      const another = others.find((value) => value !== now);
      if (now !== undefined && another !== undefined) return another;
    }
    const bound = isTime(argument.type) && reading.bounds.find((one) => one.argument === index);
    return (bound && period?.[bound.end]) || values[index]!;
  });
}

const isTime = (type: string): boolean => /^(date|timestamp)/.test(type);

/** Days around what B's rows hold in the columns that arguments bound: no longer than it takes, where a length is checked. */
function periodOf({ bounds }: BodyReading, world: World): Record<'lower' | 'upper', string> | null {
  const held = bounds.flatMap(({ table, column }) => {
    const row = world.row(table, userB);
    const type = row?.table.columns.find(({ name }) => name === column)?.type ?? '';
    const at = isTime(type) ? Date.parse((row?.values[column] ?? '').slice(0, 10)) : Number.NaN;
    return Number.isNaN(at) ? [] : [at];
  });
  if (held.length === 0) return null;
  const day = 24 * 60 * 60 * 1000;
  const text = (at: number) => new Date(at).toISOString().slice(0, 10);
  return { lower: text(Math.min(...held) - day), upper: text(Math.max(...held) + day) };
}

/** An id; one of a few words that a type or a CHECK lists; what people are called. */
function isKnown({ tables, types }: SchemaState, key: string, name: string): boolean {
  const table = tables.get(key);
  const column = table?.columns.find((candidate) => candidate.name === name);
  if (table === undefined || column === undefined || secret.test(name)) return false;
  if (!/^(text|character|citext|name)/.test(column.type) || types.has(column.type)) return true;
  return (
    /(^|_)(id|uid|e?mail|slug|user_?name|handle|name|status|state|type|kind|role|platform|category|locale|lang(uage)?|currency|country)$/i.test(
      name,
    ) || table.checks.some(({ expression: { text } }) => text.includes(name) && /\b(ANY|IN)\b/i.test(text))
  );
}

/**
 * Statements that make B's rows those that the body works on (`where status = 'active'`): what a row holds is no right of
 * who asks. A column that shows a row to others stays as it is.
 */
export function preparing(
  { state, world }: Known,
  routine: Routine,
  watched: readonly Table[],
): readonly string[] {
  const { asked } = readArguments(routine, state);
  return watched.flatMap(({ key }) => {
    const row = world.row(key, userB);
    const wanted = asked.filter(
      ({ table, column, value }) =>
        table === key && !showing.test(column) && row !== undefined && (row.values[column] ?? null) !== value,
    );
    return wanted.length === 0
      ? []
      : [updating(key, Object.fromEntries(wanted.map(({ column, value }) => [column, value])), [row!])];
  });
}

const showing = /public|publish|visib|shared|listed|searchable|discoverable|featured|approved|verified/i;

const enumOf = (state: SchemaState, type: string) =>
  [...state.types.values()].find(
    (candidate) => candidate.kind === 'enum' && (candidate.key === type || candidate.name === type),
  );

interface Page {
  readonly size: string;
  readonly number: string;
}

/** It gives rows a few at a time: B's may be none of the first. */
function asksForPages({ body }: Routine): boolean {
  const code = body.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ');
  return (
    /\b(limit|offset|fetch\s+(first|next))\b/i.test(code) &&
    !/\b(insert\s+into|update|delete\s+from|merge\s+into)\b/i.test(code)
  );
}

/** What an argument takes that says which rows of many; null for any other. */
function ofPage(argument: FunctionArgument, { size, number }: Page): Value {
  if (!/^(integer|bigint|smallint)$/.test(argument.type)) return null;
  const label = labelOf(argument);
  if (/(^|_)(offset|skip)$/i.test(label)) return '0';
  if (/^page(_?(number|num|no|index))?$/i.test(label)) return number;
  return /(^|_)(limit|(page|batch)?_?size|per_?page|count|max|top|take|rows|results)(_|$)/i.test(label)
    ? size
    : null;
}

const labelOf = (argument: FunctionArgument): string =>
  (argument.name ?? '').replace(/^(?:(?:p|in|arg|v)_|_+)/i, '');

/** Arguments that ask for a secret, and the secret of B's row that they may be compared with. */
export function secretsOf(
  context: Known,
  routine: Routine,
  watched: readonly Table[],
): { readonly index: number; readonly argument: string; readonly column: string; readonly value: string }[] {
  return inputsOf(routine).flatMap((argument, index) => {
    const label = labelOf(argument);
    if (!secret.test(label)) return [];
    for (const table of watched) {
      const secrets = table.columns.filter((column) => secret.test(column.name));
      const column = secrets.find(({ name }) => name === label) ?? secrets[0];
      const value = column && context.world.row(table.key, userB)?.values[column.name];
      if (column !== undefined && value != null)
        return [{ index, argument: argument.name!, column: column.name, value }];
    }
    return [];
  });
}

/** The same arguments, with the one that a foreign key found no row for pointing to B's; null where it is none of them. */
export function withParent(
  context: Known,
  routine: Routine,
  error: SqlError,
  values: readonly Value[],
): readonly Value[] | null {
  if (error.sqlstate !== '23503') return null;
  const [, missing] = /=\((.+)\) is not present in table /.exec(error.detail ?? '') ?? [];
  const table = context.state.tables.get(`${error.schema}.${error.table}`);
  const key = table?.foreignKeys.find(({ name }) => name === error.constraint);
  if (missing === undefined || key?.columns.length !== 1 || !values.includes(missing)) return null;
  const parent =
    key.references === 'auth.users'
      ? userB.id
      : (context.world.row(key.references, userB)?.values[key.referencedColumns[0]!] ?? null);
  if (parent === null) return null;
  // One id may stand for several arguments: the one called after the column is meant.
  const called = inputsOf(routine).map((argument) => labelOf(argument) === key.columns[0]);
  const oneOf = called.some((is, index) => is && values[index] === missing);
  return values.map((value, index) => (value === missing && (!oneOf || called[index]) ? parent : value));
}

/** The same arguments with less than one where a number had no room; null where it was none of them. */
export function withSmaller(error: SqlError, values: readonly Value[]): readonly Value[] | null {
  return error.sqlstate === '22003' && values.includes('1')
    ? values.map((value) => (value === '1' ? '0.5' : value))
    : null;
}

/** What the person's row of a table that the body names holds in the column that is called after the argument. */
const columnOf = (
  { world }: Known,
  keys: readonly { readonly table: Table }[],
  label: string,
  person: User,
): Value | undefined =>
  label === 'id'
    ? undefined
    : keys
        .map(({ table }) => world.row(table.key, person)?.values[label])
        .find((value) => value !== undefined && value !== null);

const calendar: readonly (readonly [RegExp, (date: string) => number])[] = [
  [/(^|_)(year|ano|an[io]o|annee|jahr|jaar|rok|exercicio)$/i, (date) => Number(date.slice(0, 4))],
  [/(^|_)(month|mes|mese|mois|monat|maand)$/i, (date) => Number(date.slice(5, 7))],
  [/(^|_)(quarter|trimestre|quartal)$/i, (date) => Math.ceil(Number(date.slice(5, 7)) / 3)],
];

/** The year, month or quarter of what B's rows hold, for an argument that is called so; null for any other. */
function calendarPart(
  { world }: Known,
  label: string,
  keys: readonly { readonly table: Table }[],
): string | null {
  const [, part] = calendar.find(([words]) => words.test(label)) ?? [];
  if (part === undefined) return null;
  for (const { table } of keys) {
    const row = world.row(table.key, userB);
    const dates = table.columns.filter(({ type }) => isTime(type));
    // A day that the row is about, before the moment it was made.
    for (const { name } of [...dates.filter(({ type }) => type === 'date'), ...dates]) {
      const value = row?.values[name];
      if (value != null && /^\d{4}-\d\d/.test(value)) return String(part(value));
    }
  }
  return null;
}

function argumentValue(
  context: Known,
  argument: FunctionArgument,
  index: number,
  guess: Table | null,
  keys: readonly { readonly table: Table; readonly value: Value }[],
  person: User,
): Value {
  const { type } = argument;
  const label = labelOf(argument);
  const enumType = enumOf(context.state, type);
  if (enumType) return enumType.values[0] ?? null;
  const part = /^(integer|bigint|smallint|numeric|text|character)/.test(type)
    ? calendarPart(context, label, keys)
    : null;
  if (part !== null) return part;
  const stem = label.replace(/_?(id|uuid)s?$/i, '').toLowerCase();
  const named = keys.find(
    ({ table }) =>
      stem !== '' &&
      (table.name === stem ||
        table.name === `${stem}s` ||
        table.name.endsWith(`_${stem}s`) ||
        table.name.endsWith(`_${stem}`)),
  );
  if (/^uuid/.test(type) || (/^(text|character)/.test(type) && /id$/i.test(label))) {
    const isPerson =
      /user|owner|profile|author|member|uid|account|customer|employee|target|sender|recipient/i.test(label);
    const one =
      named?.value ??
      columnOf(context, keys, label, person) ??
      (guess ? keys.find((key) => key.table === guess)?.value : undefined) ??
      (isPerson ? person.id : undefined) ??
      person.id;
    return type.endsWith('[]') ? `{${one}}` : one;
  }
  if (/^(integer|bigint|smallint)$/.test(type)) {
    const fits = named ?? (guess ? keys.find((key) => key.table === guess) : undefined);
    return /id$/i.test(label) && fits?.value != null && /^\d+$/.test(fits.value) ? fits.value : '1';
  }
  if (/email/i.test(label)) return person.email;
  if (type.endsWith('[]')) return '{}';
  if (/^jsonb?$/.test(type)) return '{}';
  if (type === 'boolean') return 'true';
  if (/^(numeric|real|double precision)/.test(type)) return '1';
  if (/^timestamp/.test(type)) return '2031-01-05 08:00:00+00';
  if (type === 'date') return '2031-01-05';
  if (/^(text|character varying|character)/.test(type)) {
    const row = guess ? context.world.row(guess.key, userB) : undefined;
    // An argument called after a column is most often compared with it.
    // A stranger knows names and addresses, but no secret.
    const same = row && label !== '' && !secret.test(label) ? row.values[label] : undefined;
    return same ?? `probe ${index}`;
  }
  if (/vector/.test(type)) return null;
  if (type === 'interval') return '1 day';
  return type === 'uuid' ? uuidOf(label, { owner: 'B', turn: 0 }) : null;
}

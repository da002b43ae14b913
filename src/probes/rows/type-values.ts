/** Values of a type, made for a row: ids, texts and numbers that never meet those of another. */
import type { DataType } from '../../model/schema.ts';

export type Value = string | null;

/** Whose row and which one: makes ids, unique texts and numbers that never meet. */
export interface Seed {
  /** A letter. */
  readonly owner: string;
  /** 0 for the row of the world; more for further rows and for values to change to. */
  readonly turn: number;
}

/** Begins with the n-th. */
export const rotate = <T>(list: readonly T[], by: number): T[] =>
  list.map((_, index) => list[(index + by) % list.length]!);

const texts = new Set([
  'text',
  'character varying',
  'character',
  'name',
  'citext',
  'extensions.citext',
  'public.citext',
]);

/** Values of a type, best first; at least one. */
export function byType(
  type: string,
  column: string,
  place: string,
  seed: Seed,
  types: ReadonlyMap<string, DataType>,
): readonly Value[] {
  if (type.endsWith('[]')) {
    const [first] = byType(type.slice(0, -2), column, place, seed, types);
    return first === null || first === undefined ? ['{}'] : [`{${arrayElement(first)}}`, '{}'];
  }
  const named = types.get(type);
  if (named?.kind === 'enum') return rotate(named.values, seed.turn);
  const plain = type.replace(/\(.*\)/, '').trim();
  const length = Number(/\((\d+)/.exec(type)?.[1] ?? Number.POSITIVE_INFINITY);
  const number = numberOf(seed);
  if (texts.has(plain)) return textValues(column, place, seed, length, plain);
  switch (plain) {
    case 'uuid':
      return [uuidOf(place, seed)];
    case 'smallint':
    case 'integer':
    case 'bigint':
      return [String(number), '1', '0', '10', '100', '50', '2026'];
    case 'numeric':
    case 'real':
    case 'double precision':
      return fittingNumbers(type, seed.turn * 2 + 3 + (seed.owner === 'B' ? 1 : 0));
    case 'money':
      return ['10'];
    case 'boolean':
      return seed.turn % 2 === 0 ? ['false', 'true'] : ['true', 'false'];
    case 'timestamp with time zone':
    case 'timestamp without time zone':
    case 'timestamp':
      return [`${dayOf(seed)} 08:00:00+00`, '2020-01-01 00:00:00+00'];
    case 'date':
      return [dayOf(seed), '2020-01-01', '1990-01-01'];
    case 'time without time zone':
    case 'time with time zone':
    case 'time':
      return [
        `0${8 + (seed.turn % 2)}:00:00+00`.slice(0, plain.startsWith('time with t') ? 11 : 8),
        '17:00:00',
      ];
    case 'interval':
      return [`${1 + seed.turn} hours`];
    case 'json':
    case 'jsonb':
      return [`{"probe": "${seed.owner}${seed.turn}"}`, '[]', '{}'];
    case 'bytea':
      return [`\\x${seed.owner.charCodeAt(0).toString(16)}0${seed.turn % 10}`];
    case 'inet':
    case 'cidr':
      return ['192.0.2.7'];
    case 'macaddr':
      return ['08:00:2b:01:02:03'];
    case 'bit':
    case 'bit varying':
      return ['1'.repeat(Number.isFinite(length) ? length : 1)];
    case 'tsvector':
    case 'tsquery':
      return ['probe'];
    case 'xml':
      return ['<probe/>'];
    case 'point':
      return ['(1,1)'];
    case 'line':
      return ['{1,1,1}'];
    case 'box':
    case 'lseg':
      return ['((1,1),(2,2))'];
    case 'path':
    case 'polygon':
      return ['((1,1),(2,2),(3,1))'];
    case 'circle':
      return ['<(1,1),1>'];
    case 'int4range':
    case 'int8range':
    case 'numrange':
      return [`[${number},${number + 1})`];
    case 'daterange':
      return [`[${dayOf(seed)},${dayOf({ ...seed, turn: seed.turn + 1 })})`];
    case 'tsrange':
    case 'tstzrange':
      return [`[${dayOf(seed)} 08:00,${dayOf(seed)} 09:00)`];
    case 'vector':
    case 'extensions.vector':
    case 'public.vector':
    case 'halfvec':
    case 'extensions.halfvec':
      return [
        `[${Array(Number.isFinite(length) ? length : 3)
          .fill('0.1')
          .join(',')}]`,
      ];
    case 'ltree':
    case 'extensions.ltree':
      return ['probe.a'];
    case 'hstore':
    case 'extensions.hstore':
      return ['a=>1'];
    case 'oid':
    case 'regclass':
      return ['1259'];
    case 'geometry':
    case 'geography':
    case 'extensions.geometry':
    case 'extensions.geography':
      return ['POINT(1 1)'];
  }
  if (named?.kind === 'composite') return ['(,,,,,,,,)', null];
  if (named?.kind === 'range') return ['empty'];
  return [null];
}

/** Numbers that precision and scale leave room for: `numeric(3,3)` holds what is less than one. */
function fittingNumbers(type: string, number: number): readonly Value[] {
  const { most, scale } = roomOf(type);
  const small = ((number * 10 ** -scale) % most).toFixed(Math.max(0, scale));
  const all = [String(number), ...(most <= number ? [small] : []), '0', '1', '0.5', '100'];
  return [...new Set(all)].filter((value) => holds(type, value));
}

/** False for a number that is too large for its `numeric(precision, scale)`. */
export const holds = (type: string, value: Value): boolean =>
  value === null || !/^numeric\(/.test(type) || !(Math.abs(Number(value)) >= roomOf(type).most);

function roomOf(type: string): { readonly most: number; readonly scale: number } {
  const [, precision, scale = '0'] = /^numeric\((\d+)(?:,(-?\d+))?\)/.exec(type) ?? [];
  return precision === undefined
    ? { most: Number.POSITIVE_INFINITY, scale: 0 }
    : { most: 10 ** (Number(precision) - Number(scale)), scale: Number(scale) };
}

const arrayElement = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** Small enough for smallint, away from what sequences and seeds give out. */
const numberOf = (seed: Seed): number => 31_000 + (seed.owner.charCodeAt(0) - 64) * 20 + seed.turn;

const dayOf = (seed: Seed): string => `2031-0${1 + (seed.turn % 8)}-${10 + (seed.owner.charCodeAt(0) % 15)}`;

/** A uuid of version 4 from a name: the same in every run. */
export function uuidOf(place: string, seed: Seed): string {
  // FNV-1a, four times over: no security hangs on it.
  let hex = '';
  for (let part = 0; part < 4; part += 1) {
    let hash = 0x811c9dc5;
    for (const character of `${part}:${place}:${seed.turn}`) {
      hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
    }
    hex += hash.toString(16).padStart(8, '0');
  }
  const letter = seed.owner.toLowerCase().charAt(0);
  const first = /[a-f]/.test(letter) ? letter : 'f';
  return `${first.repeat(4)}${hex.slice(4, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function textValues(
  column: string,
  place: string,
  seed: Seed,
  length: number,
  type: string,
): readonly Value[] {
  const tag = `${seed.owner.toLowerCase()}${seed.turn}`;
  const values: string[] = [];
  const is = (pattern: RegExp) => pattern.test(column);
  if (is(/e_?mail/i)) values.push(`${tag}@${seed.owner.toLowerCase().repeat(3)}.example`);
  if (is(/phone|mobile|whatsapp/i)) values.push(`+1202555${String(numberOf(seed)).slice(-4)}`);
  if (is(/url|link|website|avatar|image/i)) values.push(`https://${tag}.probe.example/x`);
  if (is(/uuid|_id$|^id$/i)) values.push(uuidOf(place, seed));
  if (is(/currency/i)) values.push('EUR');
  if (is(/country|locale|lang/i)) values.push('de');
  if (is(/slug|handle|username|subdomain|domain|code/i)) values.push(`probe-${tag}`, `probe${tag}`);
  if (is(/time_?zone/i)) values.push('UTC');
  values.push(
    `probe ${tag} ${column}`,
    `probe${tag}`,
    tag,
    uuidOf(place, seed),
    '1',
    `https://${tag}.probe.example/x`,
    `${tag}@probe.example`,
  );
  const fits =
    type === 'character' && Number.isFinite(length)
      ? values.map((value) => value.padEnd(length, 'x'))
      : values;
  return fits.map((value) => (Number.isFinite(length) ? value.slice(0, length) : value));
}

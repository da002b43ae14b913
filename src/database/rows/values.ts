/** A value for a column, as text that Postgres casts: by type, told apart by a number. */
import { textFitting } from './pattern.ts';

export interface ColumnType {
  /** As `format_type` prints it, without length: `character varying`, `public.mood`. */
  readonly name: string;
  /** pg_type.typtype: `b`ase, `e`num, `d`omain (already looked through), `c`omposite, `r`ange, `m`ultirange. */
  readonly kind: string;
  /** pg_type.typcategory `A`. */
  readonly array: boolean;
  readonly labels: readonly string[];
  /** atttypmod, −1 where there is none. */
  readonly modifier: number;
}

export function sampleOf(type: ColumnType, column: string, n: number): string | null {
  if (type.array) return '{}';
  if (type.kind === 'e') return type.labels[0] ?? null;
  if (type.kind === 'r') return 'empty';
  if (type.kind === 'm') return '{}';
  if (type.kind === 'c') return null;
  switch (bareName(type)) {
    case 'uuid':
      return `0000000${n}-0000-4000-8000-000000000000`;
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'numeric':
      return numericOf(type.modifier, n);
    case 'real':
    case 'double precision':
    case 'money':
    case 'oid':
      return String(n);
    case 'boolean':
      return 'true';
    case 'date':
      return `2024-01-0${n}`;
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return `2024-01-0${n} 00:00:00+00`;
    case 'time without time zone':
    case 'time with time zone':
      return `0${n}:00:00+00`;
    case 'interval':
      return `${n} days`;
    case 'json':
    case 'jsonb':
      return '{}';
    case 'bytea':
      return `\\x0${n}`;
    case 'inet':
    case 'cidr':
      return `10.0.0.${n}`;
    case 'macaddr':
      return `08:00:2b:01:02:0${n}`;
    case 'point':
      return `(${n},${n})`;
    case 'xml':
      return `<a>${n}</a>`;
    case 'tsvector':
    case 'tsquery':
    case 'hstore':
      return '';
    case 'ltree':
      return `a${n}`;
    case 'bit':
      return '0'.repeat(Math.max(1, type.modifier));
    case 'bit varying':
      return '0';
    case 'vector':
    case 'halfvec':
      return `[${Array(type.modifier > 0 ? type.modifier : 3)
        .fill(n)
        .join(',')}]`;
    case 'character':
    case 'character varying':
    case 'text':
    case 'citext':
    case 'name':
      return cut(words(column, n), type);
    case '"char"':
    case 'char':
      return 'a';
    default:
      return null;
  }
}

function words(column: string, n: number): string {
  if (/e?mail/i.test(column)) return `row${n}@example.com`;
  if (/url|uri|link|website/i.test(column)) return `https://example.com/${n}`;
  if (/phone|mobile/i.test(column)) return `+1555010000${n}`;
  return `${column} ${n}`;
}

/** Precision and scale are stored in two halves, with four bytes of header; null where the type has none. */
function precisionOf(modifier: number): { readonly precision: number; readonly scale: number } | null {
  if (modifier < 4) return null;
  const scale = (modifier - 4) & 0x7ff;
  return { precision: (modifier - 4) >> 16, scale: scale > 0x3ff ? scale - 0x800 : scale };
}

/** `n`, or so many of its smallest steps where the type leaves no digit before the point. */
function numericOf(modifier: number, n: number): string {
  const type = precisionOf(modifier);
  return type === null || type.precision > type.scale
    ? String(n)
    : (n / 10 ** type.scale).toFixed(type.scale);
}

function fitsNumeric(value: string, modifier: number): boolean {
  const type = precisionOf(modifier);
  return type === null || Math.abs(Number(value)) < 10 ** (type.precision - type.scale);
}

/** Length limits are stored with four bytes of header. */
function cut(text: string, type: ColumnType): string {
  const length = type.modifier > 4 ? type.modifier - 4 : text.length;
  return text.length <= length ? text : text.slice(text.length - length);
}

const WHOLE = /^(smallint|integer|bigint|oid)$/;
const NUMBER = /^(numeric|real|double precision|money)$/;
const TEXT = /^(character|character varying|text|citext|name)$/;
const DAYS = ['2024-01-01', '2024-06-01', '2030-01-01', '2020-01-01'];
/** The first and soon after it, for what ends within minutes or hours. */
const MOMENTS = [...DAYS, '2024-01-01 00:00:30', '2024-01-01 00:30:00', '2024-01-02'].map(
  (time) => `${time}+00`,
);

/**
 * Values of a column's type that the text of its CHECK constraints suggests, likeliest first: its literals, what fits its
 * regular expressions, the numbers around its numbers, common formats.
 */
export function suggested(type: ColumnType, column: string, checks: string, n: number): readonly string[] {
  const strings = [...checks.matchAll(/'((?:[^']|'')*)'/g)].map((match) => match[1]!.replaceAll("''", "'"));
  const numbers = [...checks.matchAll(/(?<![\w'.])-?\d+(?:\.\d+)?(?![\w'])/g)].map((match) =>
    Number(match[0]),
  );
  const around = [...new Set([...numbers.flatMap((value) => [value, value + 1, value - 1]), 1, 0, 2])];
  const samples = [1, 2].map((other) => sampleOf(type, column, other)).filter((value) => value !== null);
  const bare = bareName(type);
  if (type.array)
    return ['{}', ...strings.filter((text) => /^\w+$/.test(text)).map((text) => `{${text}}`), '{1}'];
  if (type.kind === 'e') return type.labels;
  if (bare === 'boolean') return ['true', 'false'];
  if (WHOLE.test(bare)) return around.filter(Number.isInteger).map(String).slice(0, 40);
  if (bare === 'numeric')
    return [...around.map(String), ...samples]
      .filter((value) => fitsNumeric(value, type.modifier))
      .slice(0, 40);
  if (NUMBER.test(bare)) return around.map(String).slice(0, 40);
  if (bare === 'date') return DAYS;
  if (bare.startsWith('timestamp')) return MOMENTS;
  if (bare.startsWith('time')) return ['08:00:00+00', '17:00:00+00'];
  if (/^jsonb?$/.test(bare)) return ['{}', '[]', 'null', '[1]', '{"a": 1}'];
  if (!TEXT.test(bare)) return samples;
  const fitting = strings.filter((text) => /[[\\^$+*{]/.test(text)).map((text) => textFitting(text, n - 1));
  const long = numbers.filter((value) => value > 0 && value < 2_000).map((value) => 'a'.repeat(value));
  const texts = [...fitting.filter((text) => text !== null), ...strings, ...samples, ...long, ...FORMATS];
  return [...new Set(texts.map((text) => cut(text, type)))].slice(0, 60);
}

const FORMATS = [
  'row1@example.com',
  'https://example.com/1',
  '+15550100001',
  'a-1',
  'abc',
  'ABC',
  'A1',
  '#ffffff',
  'USD',
  'en',
  '1',
  '0',
  '',
];

function bareName({ name }: ColumnType): string {
  return name
    .replace(/\(.*\)/, '')
    .replace(/^.*\./, '')
    .replaceAll('"', '');
}

/** A value for a column, as text that Postgres casts: by type, told apart by a number. */

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
  const bare = type.name
    .replace(/\(.*\)/, '')
    .replace(/^.*\./, '')
    .replaceAll('"', '');
  switch (bare) {
    case 'uuid':
      return `0000000${n}-0000-4000-8000-000000000000`;
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'numeric':
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

/** Length limits are stored with four bytes of header. */
function cut(text: string, type: ColumnType): string {
  const length = type.modifier > 4 ? type.modifier - 4 : text.length;
  return text.length <= length ? text : text.slice(text.length - length);
}

/** Values that a CHECK constraint's own text suggests: its literals, the numbers around its numbers, common formats. */
export function candidates(check: string): readonly string[] {
  const strings = [...check.matchAll(/'((?:[^']|'')*)'/g)].map((match) => match[1]!.replaceAll("''", "'"));
  const numbers = [...check.matchAll(/(?<![\w'.])-?\d+(?:\.\d+)?(?![\w'])/g)].map((match) =>
    Number(match[0]),
  );
  return [
    ...new Set([
      ...strings,
      ...numbers.flatMap((value) => [value, value + 1, value - 1].map(String)),
      ...numbers.filter((value) => value > 0 && value < 2_000).map((value) => 'a'.repeat(value)),
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
      '[]',
      '{}',
      '1',
      '0',
    ]),
  ].slice(0, 60);
}

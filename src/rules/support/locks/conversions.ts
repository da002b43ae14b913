/** What becomes of values when a column changes from one type to another, by the types as `format_type` prints them. */

/** True where Postgres changes the catalog only (ATColumnChangeRequiresRewrite, src/backend/commands/tablecmds.c). */
export function keepsBytes(from: string, to: string): boolean {
  if (from === to) return true;
  const [a, b] = [parse(from), parse(to)];
  if (a === null || b === null) return false;
  const text = /^(text|character varying|public\.citext|extensions\.citext)$/;
  if (text.test(a.name) && text.test(b.name)) {
    return (
      b.limits.length === 0 || (a.name === b.name && a.limits.length > 0 && a.limits[0]! <= b.limits[0]!)
    );
  }
  // Since 12 no rewrite where the session's time zone is UTC, as it is on Supabase.
  if (a.name === 'timestamp without time zone' && b.name === 'timestamp with time zone') return true;
  if (a.name !== b.name) return false;
  if (b.limits.length === 0) return true;
  if (a.limits.length === 0) return false;
  if (a.name === 'numeric') return a.limits[1] === b.limits[1] && a.limits[0]! <= b.limits[0]!;
  return /^(timestamp|time|interval|bit varying)/.test(a.name) && a.limits[0]! <= b.limits[0]!;
}

function parse(type: string): { name: string; limits: number[] } | null {
  const match = /^([^(]+?)(?:\(([\d,\s]+)\))?((?:\s+with.*)?)$/.exec(type);
  if (match === null) return null;
  return {
    name: `${match[1]}${match[3] ?? ''}`,
    limits: (match[2] ?? '').split(',').filter(Boolean).map(Number),
  };
}

/** No cast leads from a number, a flag or a time to a uuid, and none back. */
export const hasNoCast = (from: string, to: string) =>
  [from, to].includes('uuid') && [from, to].some((type) => castsToNoUuid.test(type));

const castsToNoUuid =
  /^(smallint|integer|bigint|real|double precision|boolean|date|interval|jsonb?|(numeric|time|timestamp)\b.*)$/;

/** Each value of the one type has one of the other: everything can be written as text, numbers only widen, times lose a part. */
export function alwaysConverts(from: string | undefined, to: string): boolean {
  if (/^(text|character varying)(\[\])?$/.test(to))
    return !to.endsWith('[]') || from?.endsWith('[]') === true;
  if (from === undefined) return false;
  const length = Number(/^character varying\((\d+)\)$/.exec(to)?.[1]);
  const written = writtenLength[from];
  if (written !== undefined && length >= written) return true;
  if (/^(date|timestamp\b.*)$/.test(from) && /^(date|timestamp\b.*|time\b.*)$/.test(to))
    return !(from === 'date' && to.startsWith('time ')) && !/^time\(/.test(to);
  if (from === 'boolean' && to === 'integer') return true;
  if (/^(real|double precision)$/.test(from)) return /^(double precision|numeric)$/.test(to);
  const [digits, room] = [integerDigits(from), integerDigits(to)];
  if (digits !== null && room !== null && /^numeric\(/.test(to))
    return digits <= room && decimalsLeft(from, to) === null;
  const [a, b] = [widening.indexOf(from.replace(/^numeric\(.*/, 'numeric')), widening.indexOf(to)];
  return a !== -1 && (a < b || to === 'numeric' || (to === 'double precision' && from !== 'numeric'));
}

/** Characters that the longest value takes, with its sign. */
const writtenLength: Readonly<Record<string, number>> = {
  uuid: 36,
  boolean: 5,
  smallint: 6,
  integer: 11,
  bigint: 20,
};

const widening = ['smallint', 'integer', 'bigint', 'numeric'];

/** How many digits stand before the point, at most. */
function integerDigits(type: string): number | null {
  const whole = { smallint: 5, integer: 10, bigint: 19 }[type];
  const [, precision, scale = '0'] = /^numeric\((\d+)(?:,(-?\d+))?\)$/.exec(type) ?? [];
  return whole ?? (precision === undefined ? null : Number(precision) - Number(scale));
}

/** A value of the one may be too large for the other once it is rounded. */
export const mayOverflow = (from: string | undefined, to: string): boolean => {
  const [digits, room] = [integerDigits(from ?? ''), integerDigits(to)];
  return digits === null || room === null || digits >= room;
};

/** A numeric of fewer decimals rounds without a word: how many are left. Null where it has as many. */
export function decimalsLeft(from: string | undefined, to: string): number | null {
  const now = /^numeric\((\d+)(?:,(-?\d+))?\)$/.exec(to);
  const old = /^(numeric|real|double precision)(?:\((\d+)(?:,(-?\d+))?\))?$/.exec(from ?? '');
  if (now === null || old === null) return null;
  const scale = Number(now[2] ?? 0);
  return old[2] !== undefined && Number(old[3] ?? 0) <= scale ? null : scale;
}

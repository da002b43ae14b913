/** Values that satisfy a comparison, and values that don't: worlds are built of them. */
import { other } from './reading.ts';

/** Open and closed values of time columns: years away from now, so that no clock decides a probe. */
const past = '2020-01-01 00:00:00+00';
const future = '2099-01-01 00:00:00+00';

export interface ComparedValues {
  readonly open: readonly (string | null)[];
  readonly closed: readonly (string | null)[];
}

/** Of a column of that type with a constant; null where the operator says nothing that can be laid out as values. */
export function comparedValues(
  operator: string,
  value: string,
  type: string | undefined,
): ComparedValues | null {
  const before = operator === '<' || operator === '<=';
  const after = operator === '>' || operator === '>=';
  const anyOther = type === 'boolean' ? (value === 'true' ? 'false' : 'true') : other;
  if (value === 'now()' && (before || after))
    return before ? { open: [past], closed: [future] } : { open: [future], closed: [past] };
  if (/^(=|~~|~~\*|@>|&&)$/.test(operator)) return { open: [value.replaceAll('%', 'x')], closed: [anyOther] };
  if (operator === '<>' || operator === '!=') return { open: [anyOther], closed: [value] };
  if ((before || after) && /^-?\d+(\.\d+)?$/.test(value)) {
    const number = Number(value);
    const [below, same, above] = [number - 1, number, number + 1].map(String) as [string, string, string];
    if (operator === '<') return { open: [below], closed: [same] };
    if (operator === '<=') return { open: [same], closed: [above] };
    if (operator === '>') return { open: [above], closed: [same] };
    return { open: [same], closed: [below] };
  }
  return null;
}

/** The cast that takes a column's values from one type to another, by a way that Postgres has. */
const families: readonly RegExp[] = [
  /^(smallint|integer|bigint|numeric|real|double precision)\b/,
  /^(text|character|character varying|citext|name|"char")\b/,
  /^(timestamp|date|time)\b/,
  /^(json|jsonb)$/,
  /^(boolean|integer)$/,
];

const isText = (type: string) => /^(text|character varying|(\w+\.)?citext)\b/.test(type);

/** Within a family of types the direct one, else by way of text, which every type has. One value stands for a list of one. */
export function converted(column: string, from: string, to: string): string {
  const [wasArray, isArray] = [from.endsWith('[]'), to.endsWith('[]')];
  if (wasArray && /^jsonb?$/.test(to)) return `to_${to}(${column})`;
  if (wasArray && !isArray)
    return isText(to) ? `array_to_string(${column}, ',')` : `${column}[1]::text::${to}`;
  if (isArray && !wasArray) {
    if (isText(from)) return `string_to_array(${column}, ',')${to === 'text[]' ? '' : `::${to}`}`;
    return `CASE WHEN ${column} IS NOT NULL THEN ARRAY[${column}::text]::${to} END`;
  }
  const direct =
    families.some((family) => family.test(from) && family.test(to)) || /^(text|character varying)\b/.test(to);
  if (direct) return `${column}::${to}`;
  return `${column}::${wasArray ? 'text[]' : 'text'}::${to}`;
}

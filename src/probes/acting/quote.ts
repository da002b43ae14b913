/** Names and values as SQL text. */

/** An identifier; always quoted, so that no list of key words is needed. */
export const name = (text: string): string => `"${text.replaceAll('"', '""')}"`;

export const qualified = (schema: string, object: string): string => `${name(schema)}.${name(object)}`;

/** A literal of unknown type: Postgres reads it as the column's. */
export const literal = (value: string | null): string =>
  value === null ? 'null' : `'${value.replaceAll("'", "''")}'`.replace(/^'(.*\\.*)'$/s, escaped);

// With a backslash inside, E'' means the same whatever `standard_conforming_strings` says.
const escaped = (_: string, inside: string) => `E'${inside.replaceAll('\\', '\\\\')}'`;

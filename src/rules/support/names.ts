/** Names as Postgres prints them. */
import type { SyntaxNode } from '../../model/sql.ts';

const plain = /^[a-z_][a-z0-9_$]*$/;

// Words quote_identifier() quotes: every keyword that is not unreserved (src/include/parser/kwlist.h, Postgres 17).
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
  char character check coalesce collate collation column concurrently constraint create cross current_catalog
  current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
  desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
  grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
  json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
  lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize not
  notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real
  references returning right row select session_user setof similar smallint some substring symmetric system_user table
  tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose
  when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
  xmlserialize xmltable`.split(/\s+/),
);

export const isReserved = (word: string) => reserved.has(word);

export const quoteIdentifier = (name: string) =>
  plain.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;

export const qualify = (schema: string, name: string) =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;

/** Key of a RangeVar, or of a list of name strings. */
export function keyOfRangeVar(relation: SyntaxNode): string {
  if (Array.isArray(relation)) {
    const parts = relation.map((part: SyntaxNode) => String(part.String?.sval ?? part));
    return qualify(parts.length > 1 ? parts.at(-2)! : 'public', parts.at(-1) ?? '');
  }
  return qualify(relation.schemaname ?? 'public', relation.relname ?? '');
}

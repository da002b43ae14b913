/** Names as Postgres spells them: quoting, keys of objects, types as `format_type` prints them. */
import type { SyntaxNode } from '../model/sql.ts';

// `select word from pg_get_keywords() where catcode <> 'U'` on Postgres 17: quote_identifier() quotes these.
const keywords = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
  char character check coalesce collate collation column concurrently constraint create cross current_catalog
  current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
  desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
  grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
  json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
  lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
  not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
  primary real references returning right row select session_user setof similar smallint some substring symmetric
  system_user table tablesample then time timestamp to trailing treat trim true union unique user using values
  varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
  xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
);

// Types of pg_catalog by the name in pg_type; those whose `format_type` differs have it behind a colon.
const builtinTypes = new Map(
  `aclitem any:"any" anyarray anycompatible anycompatiblearray anycompatiblemultirange anycompatiblenonarray
  anycompatiblerange anyelement anyenum anymultirange anynonarray anyrange bit bool:boolean box bpchar:character bytea
  char:"char" cid cidr circle cstring date datemultirange daterange event_trigger fdw_handler float4:real
  float8:double_precision gtsvector index_am_handler inet int2:smallint int2vector int4:integer int4multirange
  int4range int8:bigint int8multirange int8range internal interval json jsonb jsonpath language_handler line lseg
  macaddr macaddr8 money name numeric nummultirange numrange oid oidvector path pg_ddl_command pg_dependencies pg_lsn
  pg_mcv_list pg_ndistinct pg_node_tree pg_snapshot point polygon record refcursor regclass regcollation regconfig
  regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype table_am_handler text tid
  time:time_without_time_zone timestamp:timestamp_without_time_zone timestamptz:timestamp_with_time_zone
  timetz:time_with_time_zone trigger tsm_handler tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector
  txid_snapshot unknown uuid varbit:bit_varying varchar:character_varying void xid xid8 xml`
    .split(/\s+/)
    .map((entry): [string, string] => {
      const [name, printed] = entry.split(':');
      return [name!, (printed ?? name!).replaceAll('_', printed === undefined ? '_' : ' ')];
    }),
);

/** As Postgres' quote_identifier(): plain where it can be. */
export function quoteIdent(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !keywords.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** A string constant for a session with `standard_conforming_strings` on, its default. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Key of anything that lives in a schema: `public.t`, `public."My table"`. */
export function keyOf(schema: string, name: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/** Key of a routine: types as `format_type` prints them without modifiers. */
export function functionKey(schema: string, name: string, types: readonly string[]): string {
  return `${keyOf(schema, name)}(${types.join(', ')})`;
}

/** Values of a list of `String` nodes: a qualified name, columns, … */
export function strings(nodes: readonly SyntaxNode[] | undefined): string[] {
  return (nodes ?? []).map((node) => node.String?.sval ?? '');
}

/** A name's schema (null where none is written) and its last part. */
export function qualified(parts: readonly string[]): { schema: string | null; name: string } {
  return { schema: parts.length > 1 ? parts.at(-2)! : null, name: parts.at(-1) ?? '' };
}

/** How to spell a type that is not Postgres' own: `public.mood`. */
export type TypeResolver = (schema: string | null, name: string) => string;

const resolveToPublic: TypeResolver = (schema, name) => keyOf(schema ?? 'public', name);

/** `serial`, `bigserial`, …: the integer type behind it, or null. */
export function serialType(type: SyntaxNode | undefined): 'smallint' | 'integer' | 'bigint' | null {
  const names = strings(type?.names);
  if (names.length !== 1) return null;
  switch (names[0]) {
    case 'serial':
    case 'serial4':
      return 'integer';
    case 'bigserial':
    case 'serial8':
      return 'bigint';
    case 'smallserial':
    case 'serial2':
      return 'smallint';
    default:
      return null;
  }
}

/** A type as `format_type(oid, typmod)` prints it: `timestamp with time zone`, `character varying(20)[]`, `public.mood`. */
export function typeName(
  type: SyntaxNode | undefined,
  options: { resolve?: TypeResolver; modifiers?: boolean } = {},
): string {
  const { schema, name } = qualified(strings(type?.names));
  const modifiers = options.modifiers === false ? [] : (type?.typmods ?? []).map(modifier);
  const builtin = schema === null || schema === 'pg_catalog' ? builtinTypes.get(name) : undefined;
  const base =
    builtin === undefined
      ? `${(options.resolve ?? resolveToPublic)(schema, name)}${parenthesised(modifiers)}`
      : withModifiers(name, builtin, modifiers);
  return type?.arrayBounds === undefined ? base : `${base}[]`;
}

/** True for a type that pg_catalog has under this name. */
export function isBuiltinType(name: string): boolean {
  return builtinTypes.has(name);
}

const parenthesised = (modifiers: readonly string[]) =>
  modifiers.length > 0 ? `(${modifiers.join(',')})` : '';

function withModifiers(name: string, printed: string, modifiers: readonly string[]): string {
  if (modifiers.length === 0) return printed;
  switch (name) {
    case 'interval':
      return intervalWithModifiers(modifiers);
    case 'numeric':
      // A precision alone means scale 0, and is printed so.
      return `numeric(${modifiers[0]},${modifiers[1] ?? '0'})`;
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
      return printed.replace(' ', `(${modifiers[0]}) `);
    default:
      return `${printed}${parenthesised(modifiers)}`;
  }
}

// Bits of INTERVAL_MASK (src/include/utils/datetime.h) in the order Postgres prints the fields.
const intervalFields: readonly (readonly [number, string])[] = [
  [2, 'month'],
  [4, 'year'],
  [8, 'day'],
  [1024, 'hour'],
  [2048, 'minute'],
  [4096, 'second'],
];
const intervalFullRange = 32767;

function intervalWithModifiers([range, precision]: readonly string[]): string {
  const bits = Number(range);
  const digits = precision === undefined ? '' : `(${precision})`;
  if (bits === intervalFullRange) return `interval${digits}`;
  const order = ['year', 'month', 'day', 'hour', 'minute', 'second'];
  const fields = intervalFields.filter(([bit]) => (bits & bit) !== 0).map(([, field]) => field);
  fields.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const printed = fields.length > 1 ? `${fields[0]} to ${fields.at(-1)}` : fields[0];
  return `interval ${printed}${digits}`;
}

function modifier(node: SyntaxNode): string {
  const constant = node.A_Const;
  if (constant?.ival !== undefined) return String(constant.ival.ival ?? 0);
  if (constant?.sval !== undefined) return constant.sval.sval ?? '';
  // PostGIS: geometry(Point, 4326); its own output spells the kind with a capital.
  const word = strings(node.ColumnRef?.fields).at(-1) ?? '';
  return geometryKinds.get(word) ?? word;
}

const geometryKinds = new Map(
  'Geometry Point LineString Polygon MultiPoint MultiLineString MultiPolygon GeometryCollection PointZ PointM PointZM PolygonZ LineStringZ MultiPolygonZ'
    .split(' ')
    .map((kind) => [kind.toLowerCase(), kind]),
);

/** The names Postgres makes up: constraints, indexes, sequences (src/backend/commands/indexcmds.c, pg_constraint.c). */
import type { Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { keyOf } from '../names.ts';
import type { Draft } from './draft.ts';

/** NAMEDATALEN - 1. */
const nameLimit = 63;

/** makeObjectName(): `name1_name2_label`, the longer of the two names cut until it fits. */
function makeObjectName(name1: string, name2: string | null, label: string): string {
  const whole = name2 === null ? `${name1}_${label}` : `${name1}_${name2}_${label}`;
  if (Buffer.byteLength(whole) <= nameLimit) return whole;
  const first = Buffer.from(name1);
  const second = Buffer.from(name2 ?? '');
  const room = nameLimit - Buffer.byteLength(label) - 1 - (name2 === null ? 0 : 1);
  let length1 = first.length;
  let length2 = second.length;
  while (length1 + length2 > room) {
    if (length1 > length2) length1 -= 1;
    else length2 -= 1;
  }
  const parts = [clipped(first, length1)];
  if (name2 !== null) parts.push(clipped(second, length2));
  return [...parts, label].join('_');
}

/** The first bytes of a text, never cut inside a character. */
function clipped(bytes: Buffer, length: number): string {
  let end = length;
  while (end > 0 && end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}

/** A name as Postgres keeps it: 63 bytes at most. */
export function truncated(name: string): string {
  return Buffer.byteLength(name) <= nameLimit ? name : clipped(Buffer.from(name), nameLimit);
}

function choose(
  name1: string,
  name2: string | null,
  label: string,
  taken: (name: string) => boolean,
): string {
  for (let pass = 0; ; pass += 1) {
    const name = makeObjectName(name1, name2, pass === 0 ? label : `${label}${pass}`);
    if (!taken(name)) return name;
  }
}

/** ChooseRelationName(): free among relations, and among constraints too where a constraint is to have it. */
export function chooseRelationName(
  draft: Draft,
  schema: string,
  name1: string,
  name2: string | null,
  label: string,
  forConstraint: boolean,
): string {
  return choose(
    name1,
    name2,
    label,
    (name) => isRelationName(draft, schema, name) || (forConstraint && isConstraintName(draft, schema, name)),
  );
}

/** ChooseConstraintName(): free among the constraints of the schema. */
export function chooseConstraintName(
  draft: Draft,
  schema: string,
  table: string,
  columns: string | null,
  label: string,
  others: readonly string[] = [],
): string {
  return choose(
    table,
    columns,
    label,
    (name) => others.includes(name) || isConstraintName(draft, schema, name),
  );
}

function isRelationName(draft: Draft, schema: string, name: string): boolean {
  const key = keyOf(schema, name);
  return (
    draft.isRelation(key) ||
    draft.get('type', key)?.kind === 'composite' ||
    draft.lookups.holdersOfIndex(schema, name).length > 0
  );
}

const isConstraintName = (draft: Draft, schema: string, name: string) =>
  draft.lookups.hasConstraint(schema, name);

export function hasConstraint(table: Table, name: string): boolean {
  const { primaryKey, uniques, foreignKeys, checks, exclusions } = table;
  return (
    primaryKey?.name === name ||
    [uniques, foreignKeys, checks, exclusions].some((list) => list.some((entry) => entry.name === name))
  );
}

/** ChooseIndexNameAddition(): columns joined by underscores, until they are long enough. */
export function joinColumns(columns: readonly string[]): string {
  let joined = '';
  for (const column of columns) {
    if (joined !== '') joined += '_';
    joined += column;
    if (Buffer.byteLength(joined) > nameLimit) break;
  }
  return joined;
}

/** FigureColname(): what Postgres calls an unnamed output column; null where it finds nothing better than `?column?`. */
export function figureColumnName(node: SyntaxNode | undefined): string | null {
  return figure(node)?.name ?? null;
}

/** Strength as in FigureColnameInternal(): 1 is a mere type name, which an argument of a cast beats. */
function figure(node: SyntaxNode | undefined): { name: string; strength: 1 | 2 } | null {
  if (node === undefined) return null;
  const [kind] = Object.keys(node);
  const inside: SyntaxNode = node[kind!];
  const strong = (name: string) => ({ name, strength: 2 as const });
  switch (kind) {
    case 'ColumnRef': {
      const last = [...inside.fields].reverse().find((field: SyntaxNode) => field.String);
      return last === undefined ? null : strong(last.String.sval);
    }
    case 'A_Indirection': {
      const last = [...inside.indirection].reverse().find((field: SyntaxNode) => field.String);
      return last === undefined ? figure(inside.arg) : strong(last.String.sval);
    }
    case 'FuncCall':
      return strong(inside.funcname.at(-1).String.sval);
    case 'A_Expr':
      return inside.kind === 'AEXPR_NULLIF' ? strong('nullif') : null;
    case 'TypeCast': {
      const argument = figure(inside.arg);
      if (argument?.strength === 2) return argument;
      const type = inside.typeName?.names?.at(-1)?.String?.sval;
      return type === undefined ? argument : { name: type, strength: 1 };
    }
    case 'CollateClause':
      return figure(inside.arg);
    case 'GroupingFunc':
      return strong('grouping');
    case 'MergeSupportFunc':
      return strong('merge_action');
    case 'SubLink':
      switch (inside.subLinkType) {
        case 'EXISTS_SUBLINK':
          return strong('exists');
        case 'ARRAY_SUBLINK':
          return strong('array');
        case 'EXPR_SUBLINK': {
          const target = inside.subselect?.SelectStmt?.targetList?.[0]?.ResTarget;
          return target?.name !== undefined ? strong(target.name) : figure(target?.val);
        }
        default:
          return null;
      }
    case 'CaseExpr':
      return figure(inside.defresult) ?? { name: 'case', strength: 1 };
    case 'A_ArrayExpr':
      return strong('array');
    case 'RowExpr':
      return strong('row');
    case 'CoalesceExpr':
      return strong('coalesce');
    case 'MinMaxExpr':
      return strong(inside.op === 'IS_LEAST' ? 'least' : 'greatest');
    case 'SQLValueFunction':
      return strong(valueFunctions[inside.op] ?? 'current_user');
    case 'XmlExpr':
      return strong(
        String(inside.op ?? '')
          .replace(/^IS_/, '')
          .toLowerCase(),
      );
    case 'XmlSerialize':
      return strong('xmlserialize');
    case 'JsonParseExpr':
      return strong('json');
    case 'JsonScalarExpr':
      return strong('json_scalar');
    case 'JsonSerializeExpr':
      return strong('json_serialize');
    case 'JsonObjectConstructor':
      return strong('json_object');
    case 'JsonArrayConstructor':
    case 'JsonArrayQueryConstructor':
      return strong('json_array');
    case 'JsonObjectAgg':
      return strong('json_objectagg');
    case 'JsonArrayAgg':
      return strong('json_arrayagg');
    case 'JsonFuncExpr':
      return strong(
        String(inside.op ?? '')
          .replace(/_OP$/, '')
          .toLowerCase(),
      );
    default:
      return null;
  }
}

const valueFunctions: Readonly<Record<string, string>> = {
  SVFOP_CURRENT_DATE: 'current_date',
  SVFOP_CURRENT_TIME: 'current_time',
  SVFOP_CURRENT_TIME_N: 'current_time',
  SVFOP_CURRENT_TIMESTAMP: 'current_timestamp',
  SVFOP_CURRENT_TIMESTAMP_N: 'current_timestamp',
  SVFOP_LOCALTIME: 'localtime',
  SVFOP_LOCALTIME_N: 'localtime',
  SVFOP_LOCALTIMESTAMP: 'localtimestamp',
  SVFOP_LOCALTIMESTAMP_N: 'localtimestamp',
  SVFOP_CURRENT_ROLE: 'current_role',
  SVFOP_CURRENT_USER: 'current_user',
  SVFOP_USER: 'user',
  SVFOP_SESSION_USER: 'session_user',
  SVFOP_CURRENT_CATALOG: 'current_catalog',
  SVFOP_CURRENT_SCHEMA: 'current_schema',
};

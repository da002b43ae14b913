/** Enums, domains, composite types and ranges; a base type only as something that is there. */
import { literal } from '../quote.ts';
import { type Assembly, type CatalogRow, groupBy } from './assembly.ts';

export function types({
  rows,
  add,
  point,
  grants,
  schemaId,
  ownerTo,
  extensionOf,
  columnsOf,
  standsAlone,
  commentName,
}: Assembly): void {
  const domainConstraints = groupBy(
    rows.constraints.filter((row) => row.domain !== '0'),
    'domain',
  );
  for (const type of rows.types) {
    const { oid, name, owner } = type;
    if (!standsAlone(type)) continue;
    if (type.member) {
      grants(`TYPE ${name}`, type.acl, owner, extensionOf(`pg_type ${oid} 0`));
      continue;
    }
    const drafts = typeDefinition(type, columnsOf.get(type.relation) ?? [], domainConstraints.get(oid) ?? []);
    const id = add({
      kind: 'type',
      identity: name,
      ...drafts,
      properties: { ...drafts.properties, owner },
      create: drafts.create.length > 0 ? [...drafts.create, ...ownerTo('TYPE', name, owner)] : [],
      drop: [`DROP TYPE ${name}`],
      address: `pg_type ${oid} 0`,
      needs: [schemaId(type.schema)],
    });
    point(id, `pg_type ${type.array} 0`, `pg_class ${type.relation} 0`);
    for (const column of columnsOf.get(type.relation) ?? [])
      point(id, `pg_class ${type.relation} ${column.number}`);
    for (const constraint of domainConstraints.get(oid) ?? []) point(id, `pg_constraint ${constraint.oid} 0`);
    if (type.range !== null) point(id, `pg_type ${type.range.multirange_oid} 0`);
    commentName.set(id, `TYPE ${name}`);
    grants(`TYPE ${name}`, type.acl, owner, id);
  }
}

/** A table's row type, and the array over it, stand for the table. Once the tables are there. */
export function rowTypes({ rows, idOf, point, standsAlone }: Assembly): void {
  for (const row of rows.types) {
    const relation = standsAlone(row) ? null : idOf(`pg_class ${row.relation} 0`);
    if (relation) point(relation, `pg_type ${row.oid} 0`, `pg_type ${row.array} 0`);
  }
}

function typeDefinition(
  type: CatalogRow,
  columns: readonly CatalogRow[],
  constraints: readonly CatalogRow[],
): { definition: string; properties: Record<string, unknown>; create: string[] } {
  const { name } = type;
  if (type.type === 'e') {
    const labels = (type.labels ?? []) as string[];
    const sql = `CREATE TYPE ${name} AS ENUM (${labels.map(literal).join(', ')})`;
    return { definition: sql, properties: { type: 'enum', labels }, create: [sql] };
  }
  if (type.type === 'd') {
    const parts = [
      `CREATE DOMAIN ${name} AS ${type.base}`,
      type.collation === null ? '' : ` COLLATE ${type.collation}`,
      type.default === null ? '' : ` DEFAULT ${type.default}`,
      type.not_null ? ' NOT NULL' : '',
    ];
    const checks = constraints
      .filter((constraint) => constraint.type === 'c')
      .map((constraint) => ({ name: constraint.name as string, definition: constraint.definition as string }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const sql =
      parts.join('') + checks.map((check) => `\n  CONSTRAINT ${check.name} ${check.definition}`).join('');
    return {
      definition: sql,
      properties: {
        type: 'domain',
        base: type.base,
        collation: type.collation,
        default: type.default,
        notNull: type.not_null,
        checks,
      },
      create: [sql],
    };
  }
  if (type.type === 'c') {
    const attributes = columns.map(
      (column) =>
        `${column.name} ${column.type}${column.collation === null ? '' : ` COLLATE ${column.collation}`}`,
    );
    const sql = `CREATE TYPE ${name} AS (${attributes.join(', ')})`;
    return { definition: sql, properties: { type: 'composite', attributes }, create: [sql] };
  }
  if (type.type === 'r') {
    const { multirange_oid: _, ...range } = type.range;
    const options = [
      `SUBTYPE = ${range.subtype}`,
      range.opclass && `SUBTYPE_OPCLASS = ${range.opclass}`,
      range.diff && `SUBTYPE_DIFF = ${range.diff}`,
      range.canonical && `CANONICAL = ${range.canonical}`,
      `MULTIRANGE_TYPE_NAME = ${range.multirange}`,
    ];
    const sql = `CREATE TYPE ${name} AS RANGE (${options.filter(Boolean).join(', ')})`;
    return { definition: sql, properties: { type: 'range', ...range }, create: [sql] };
  }
  return { definition: `base type ${name}`, properties: { type: 'base' }, create: [] };
}

/** Columns and their defaults. */
import type { Assembly, CatalogRow } from './assembly.ts';
import { optionsClause } from './options.ts';
import { sequenceOptions, unusualOptions } from './sequences.ts';

/** The columns of one relation, `whole` being its id. Those of a view are part of the view. */
export function columns(
  into: Assembly,
  { oid, name, owner }: CatalogRow,
  whole: string,
  isView: boolean,
): void {
  const { relations, columnsOf, identities, add, point, grants, commentName } = into;
  for (const column of columnsOf.get(oid) ?? []) {
    const columnIdentity = `${name}.${column.name}`;
    const columnAddress = `pg_class ${oid} ${column.number}`;
    let columnId = whole;
    if (isView) point(whole, columnAddress);
    else {
      const sequence = identities.get(`${oid} ${column.number}`);
      const inherited = column.inherited > 0 && !column.local;
      columnId = add({
        kind: 'column',
        identity: columnIdentity,
        parent: whole,
        definition: [
          columnDefinition(into, column).slice(column.name.length + 1),
          ...columnSettings(name, column).map((sql) => sql.replace(/^.* SET /, 'SET ')),
        ].join(' '),
        properties: {
          table: name,
          name: column.name,
          type: column.type,
          notNull: column.not_null,
          identity: column.identity,
          sequence: sequence ? sequenceOptions(sequence) : null,
          sequenceName: sequence ? relations.get(sequence.oid)?.name : null,
          generated: column.generated ? column.default : null,
          generatedKind: column.generated,
          collation: column.collation,
          storage: column.storage,
          compression: column.compression,
          statistics: column.statistics,
          options: column.options ?? [],
          foreignOptions: column.foreign_options ?? [],
          inherited,
        },
        create: inherited
          ? []
          : [
              `ALTER TABLE ${name} ADD COLUMN ${columnDefinition(into, column)}`,
              ...columnSettings(name, column),
            ],
        drop: inherited ? null : [`ALTER TABLE ${name} DROP COLUMN ${column.name}`],
        address: columnAddress,
      });
      if (sequence) point(columnId, `pg_class ${sequence.oid} 0`);
    }
    commentName.set(`column ${columnIdentity}`, `COLUMN ${columnIdentity}`);
    if (column.default_oid !== null) {
      if (column.generated) point(columnId, `pg_attrdef ${column.default_oid} 0`);
      else {
        add({
          kind: 'default',
          identity: columnIdentity,
          parent: columnId,
          definition: column.default,
          properties: { table: name, column: column.name },
          create: [`ALTER TABLE ${name} ALTER COLUMN ${column.name} SET DEFAULT ${column.default}`],
          drop: [`ALTER TABLE ${name} ALTER COLUMN ${column.name} DROP DEFAULT`],
          address: `pg_attrdef ${column.default_oid} 0`,
        });
      }
    }
    grants(`TABLE ${name}`, column.acl, owner, columnId, column.name);
  }
}

export function columnDefinition({ relations, identities }: Assembly, column: CatalogRow): string {
  const parts = [column.name, column.type];
  const sequence = identities.get(`${column.relation} ${column.number}`);
  const options = optionsClause(column.foreign_options);
  if (options) parts.push(options.trim());
  if (column.collation !== null) parts.push(`COLLATE ${column.collation}`);
  if (column.generated) {
    parts.push(`GENERATED ALWAYS AS (${column.default})${column.generated === 's' ? ' STORED' : ' VIRTUAL'}`);
  }
  if (column.identity && sequence) {
    const when = column.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT';
    const parameters = unusualOptions(sequence, false);
    const name = relations.get(sequence.oid)?.name;
    // The name that Postgres chooses unasked is left to it.
    const usual = name === usualSequence(column, relations);
    const inside = [usual ? '' : `SEQUENCE NAME ${name}`, parameters].filter(Boolean).join(' ');
    parts.push(`GENERATED ${when} AS IDENTITY${inside === '' ? '' : ` (${inside})`}`);
  }
  if (column.not_null) parts.push('NOT NULL');
  return parts.join(' ');
}

function usualSequence(column: CatalogRow, relations: ReadonlyMap<string, CatalogRow>): string | null {
  const table = String(relations.get(column.relation)?.name ?? '');
  const usual = `${table}_${column.name}_seq`;
  return usual.includes('"') || usual.slice(usual.indexOf('.') + 1).length > 63 ? null : usual;
}

/** What a column has beside its definition: `pg_attribute`'s settings. */
export function columnSettings(table: string, column: CatalogRow): string[] {
  // Letters of pg_attribute.attstorage.
  const storage: Readonly<Record<string, string>> = { p: 'PLAIN', e: 'EXTERNAL', m: 'MAIN', x: 'EXTENDED' };
  const alter = `ALTER TABLE ${table} ALTER COLUMN ${column.name}`;
  return [
    ...(column.storage === null ? [] : [`${alter} SET STORAGE ${storage[column.storage]}`]),
    ...(column.compression === null
      ? []
      : [`${alter} SET COMPRESSION ${column.compression === 'l' ? 'lz4' : 'pglz'}`]),
    ...(column.statistics === null ? [] : [`${alter} SET STATISTICS ${column.statistics}`]),
    ...(column.options === null ? [] : [`${alter} SET (${column.options.join(', ')})`]),
  ];
}

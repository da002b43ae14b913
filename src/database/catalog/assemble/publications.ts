/** Publications, and what is in them. */
import type { Assembly } from './assembly.ts';

export function publications({ rows, relations, add, idOf, schemaId, ownerTo, commentName }: Assembly): void {
  for (const { oid, name, owner, all_tables, publish, via_root } of rows.publications) {
    const wanted = `publish = '${publish.join(', ')}', publish_via_partition_root = ${via_root}`;
    const id = add({
      kind: 'publication',
      identity: name,
      definition: `${all_tables ? 'all tables, ' : ''}${wanted}, owner ${owner}`,
      properties: { owner, allTables: all_tables, options: wanted },
      create: [
        `CREATE PUBLICATION ${name}${all_tables ? ' FOR ALL TABLES' : ''} WITH (${wanted})`,
        ...ownerTo('PUBLICATION', name, owner),
      ],
      drop: [`DROP PUBLICATION ${name}`],
      address: `pg_publication ${oid} 0`,
    });
    commentName.set(id, `PUBLICATION ${name}`);
  }
  for (const row of rows.publicationTables) {
    const relation = row.relation === null ? null : relations.get(row.relation);
    if (row.relation !== null && relation === undefined) continue;
    const what = relation ? `TABLE ${relation.name}` : `TABLES IN SCHEMA ${row.schema}`;
    const rest = `${row.columns === null ? '' : ` (${row.columns.join(', ')})`}${row.where === null ? '' : ` WHERE (${row.where})`}`;
    add({
      kind: 'publication table',
      identity: `${relation ? relation.name : `schema ${row.schema}`} in ${row.publication}`,
      parent: `publication ${row.publication}`,
      definition: `${what}${rest}`,
      create: [`ALTER PUBLICATION ${row.publication} ADD ${what}${rest}`],
      drop: [`ALTER PUBLICATION ${row.publication} DROP ${what}`],
      needs: [row.relation === null ? schemaId(row.schema) : idOf(`pg_class ${row.relation} 0`)],
      address: `pg_publication_rel ${row.oid} 0`,
    });
  }
}

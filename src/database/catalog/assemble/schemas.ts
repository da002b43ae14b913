/** Schemas and extensions. */
import type { Assembly } from './assembly.ts';

export function schemas({ rows, add, grants, commentName }: Assembly): void {
  for (const { oid, name, owner, acl, member } of rows.schemas) {
    const id = add({
      kind: 'schema',
      identity: name,
      definition: `owner ${owner}`,
      properties: { owner, member },
      create: member ? [] : [`CREATE SCHEMA ${name}${owner === 'postgres' ? '' : ` AUTHORIZATION ${owner}`}`],
      // What CREATE EXTENSION makes as supabase_admin stays when the extension goes: postgres can't drop it.
      drop: member || /^supabase_/.test(owner) ? null : [`DROP SCHEMA ${name}`],
      address: `pg_namespace ${oid} 0`,
    });
    commentName.set(id, `SCHEMA ${name}`);
    grants(`SCHEMA ${name}`, acl, owner, id);
  }
}

export function extensions({
  rows,
  objects,
  dependencies,
  byAddress,
  add,
  idOf,
  point,
  schemaId,
  replace,
  commentName,
}: Assembly): void {
  for (const { oid, name, schema, version, members } of rows.extensions) {
    const id = add({
      kind: 'extension',
      identity: name,
      definition: `schema ${schema}, version ${version}`,
      properties: { schema, version },
      create: [`CREATE EXTENSION ${name} WITH SCHEMA ${schema}`],
      drop: [`DROP EXTENSION ${name}`],
      address: `pg_extension ${oid} 0`,
      needs: [schemaId(schema)],
    });
    commentName.set(id, `EXTENSION ${name}`);
    for (const object of members ?? []) {
      const schemaOf = objects.get(idOf(`pg_namespace ${object} 0`) ?? '');
      // A schema that the extension made goes with it.
      if (schemaOf !== undefined) {
        replace(schemaOf.id, { parent: id });
        dependencies.get(id)!.delete(schemaOf.id);
        dependencies.get(schemaOf.id)!.add(id);
      }
      for (const catalog of ['pg_class', 'pg_type', 'pg_proc']) {
        if (!byAddress.has(`${catalog} ${object} 0`)) point(id, `${catalog} ${object} 0`);
      }
    }
  }
}

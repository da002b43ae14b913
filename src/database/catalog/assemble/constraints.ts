/** Constraints, indexes and extended statistics. */
import type { Assembly } from './assembly.ts';

export function constraints({ rows, add, point, idOf, relationName, commentName }: Assembly): void {
  for (const row of rows.constraints) {
    const table = relationName(row.relation);
    if (table === null) continue;
    const inherited = row.parent !== '0' || (row.inherited > 0 && !row.local);
    const id = add({
      kind: 'constraint',
      identity: `${row.name} on ${table}`,
      parent: idOf(`pg_class ${row.relation} 0`),
      definition: row.definition,
      properties: {
        table,
        name: row.name,
        type: row.type,
        validated: row.validated,
        inherited,
        columns: row.columns ?? [],
        references: row.references,
      },
      create: inherited ? [] : [`ALTER TABLE ${table} ADD CONSTRAINT ${row.name} ${row.definition}`],
      drop: inherited ? null : [`ALTER TABLE ${table} DROP CONSTRAINT ${row.name}`],
      address: `pg_constraint ${row.oid} 0`,
    });
    commentName.set(id, `CONSTRAINT ${row.name} ON ${table}`);
    if (['p', 'u', 'x'].includes(row.type)) {
      // Its index is no object of its own.
      point(id, `pg_class ${row.index} 0`);
    }
  }
}

/** After the constraints: an index that a constraint made is part of it. */
export function indexes({ rows, objects, add, idOf, relationName, replace, commentName }: Assembly): void {
  for (const row of rows.indexes) {
    const table = relationName(row.relation);
    if (table === null) continue;
    const after = [
      ...(row.clustered ? [`ALTER TABLE ${table} CLUSTER ON ${row.bare}`] : []),
      ...(row.replica_identity ? [`ALTER TABLE ${table} REPLICA IDENTITY USING INDEX ${row.bare}`] : []),
      ...(row.statistics ?? []).map(
        (setting: string) =>
          `ALTER INDEX ${row.name} ALTER COLUMN ${setting.split('=')[0]} SET STATISTICS ${setting.split('=')[1]}`,
      ),
    ];
    const marks = [
      row.clustered && 'clustered',
      row.replica_identity && 'replica identity',
      !row.valid && 'invalid',
    ]
      .filter(Boolean)
      .join(', ');
    const constraint = idOf(`pg_class ${row.oid} 0`);
    if (constraint !== null) {
      const object = objects.get(constraint)!;
      replace(constraint, {
        definition: marks ? `${object.definition} -- ${marks}` : object.definition,
        properties: {
          ...object.properties,
          clustered: row.clustered,
          replicaIdentity: row.replica_identity,
          index: row.name,
        },
        create: object.create.length > 0 ? [...object.create, ...after] : [],
      });
      continue;
    }
    const attached = row.parent !== null;
    const id = add({
      kind: 'index',
      identity: row.name,
      parent: idOf(`pg_class ${row.relation} 0`),
      definition: row.definition + (marks ? ` -- ${marks}` : ''),
      properties: {
        table,
        bare: row.bare,
        clustered: row.clustered,
        replicaIdentity: row.replica_identity,
        valid: row.valid,
        statistics: row.statistics ?? [],
        sql: row.definition,
        attached,
      },
      // A valid index on a partitioned table brings those of its partitions along.
      create: attached
        ? []
        : [row.valid ? row.definition.replace(' ON ONLY ', ' ON ') : row.definition, ...after],
      drop: attached ? null : [`DROP INDEX ${row.name}`],
      address: `pg_class ${row.oid} 0`,
    });
    commentName.set(id, `INDEX ${row.name}`);
  }
}

export function statistics({ rows, add, idOf, relationName, ownerTo, commentName }: Assembly): void {
  for (const row of rows.statistics) {
    const table = relationName(row.relation);
    if (table === null) continue;
    const id = add({
      kind: 'statistics',
      identity: row.name,
      parent: idOf(`pg_class ${row.relation} 0`),
      definition: `${row.definition}${row.target === null ? '' : `, target ${row.target}`}`,
      properties: { owner: row.owner },
      create: [
        row.definition,
        ...(row.target === null ? [] : [`ALTER STATISTICS ${row.name} SET STATISTICS ${row.target}`]),
        ...ownerTo('STATISTICS', row.name, row.owner),
      ],
      drop: [`DROP STATISTICS ${row.name}`],
      address: `pg_statistic_ext ${row.oid} 0`,
    });
    commentName.set(id, `STATISTICS ${row.name}`);
  }
}

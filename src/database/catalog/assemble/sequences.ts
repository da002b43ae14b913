/** Sequences, and the columns that own them. */
import type { Assembly, CatalogRow } from './assembly.ts';

export function sequences({
  rows,
  objects,
  add,
  grants,
  idOf,
  schemaId,
  ownerTo,
  extensionOf,
  commentName,
}: Assembly): void {
  const parameters = new Map(rows.sequences.map((row) => [row.oid as string, row]));
  for (const row of rows.relations) {
    const sequence = parameters.get(row.oid);
    if (row.kind !== 'S' || sequence === undefined) continue;
    const { oid, name, owner } = row;
    if (row.member) {
      grants(`SEQUENCE ${name}`, row.acl, owner, extensionOf(`pg_class ${oid} 0`));
      continue;
    }
    const owned = sequence.owned;
    const column = owned ? idOf(`pg_class ${owned.relation} ${owned.number}`) : null;
    if (owned?.internal) {
      grants(`SEQUENCE ${name}`, row.acl, owner, column);
      continue;
    }
    const definition = sequenceOptions(sequence);
    const id = add({
      kind: 'sequence',
      identity: name,
      definition: `${row.persistence === 'u' ? 'unlogged ' : ''}${definition}${owner === 'postgres' ? '' : `, owner ${owner}`}`,
      properties: { owner, options: definition, persistence: row.persistence, owned: column },
      create: [
        `CREATE ${row.persistence === 'u' ? 'UNLOGGED ' : ''}SEQUENCE ${[name, unusualOptions(sequence)].filter(Boolean).join(' ')}`,
        ...ownerTo('SEQUENCE', name, owner),
      ],
      drop: [`DROP SEQUENCE ${name}`],
      address: `pg_class ${oid} 0`,
      needs: [schemaId(row.schema)],
    });
    if (column !== null) {
      const target = objects.get(column)!;
      add({
        kind: 'sequence owner',
        identity: name,
        parent: id,
        definition: target.identity,
        create: [`ALTER SEQUENCE ${name} OWNED BY ${target.identity}`],
        drop: [`ALTER SEQUENCE ${name} OWNED BY NONE`],
        needs: [column],
      });
    }
    commentName.set(id, `SEQUENCE ${name}`);
    grants(`SEQUENCE ${name}`, row.acl, owner, id);
  }
}

/** All of a sequence's parameters. */
export function sequenceOptions(row: CatalogRow): string {
  return [
    row.type === 'bigint' ? '' : `AS ${row.type}`,
    `START WITH ${row.start} INCREMENT BY ${row.increment} MINVALUE ${row.min} MAXVALUE ${row.max} CACHE ${row.cache}`,
    row.cycle ? 'CYCLE' : 'NO CYCLE',
  ]
    .filter(Boolean)
    .join(' ');
}

const highest: Readonly<Record<string, string>> = {
  smallint: '32767',
  integer: '2147483647',
  bigint: '9223372036854775807',
};

/** Those that a new sequence would not have by itself. */
export function unusualOptions(row: CatalogRow, type = true): string {
  return [
    type && row.type !== 'bigint' && `AS ${row.type}`,
    row.start !== '1' && `START WITH ${row.start}`,
    row.increment !== '1' && `INCREMENT BY ${row.increment}`,
    row.min !== '1' && `MINVALUE ${row.min}`,
    row.max !== highest[row.type] && `MAXVALUE ${row.max}`,
    row.cache !== '1' && `CACHE ${row.cache}`,
    row.cycle && 'CYCLE',
  ]
    .filter(Boolean)
    .join(' ');
}

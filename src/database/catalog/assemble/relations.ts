/** Tables, foreign tables and views. */
import type { CatalogKind } from '../../../model/catalog.ts';
import type { Assembly, CatalogRow } from './assembly.ts';
import { columnDefinition, columnSettings, columns } from './columns.ts';
import { optionsClause } from './options.ts';

const kindOf: Readonly<Record<string, CatalogKind>> = {
  r: 'table',
  p: 'table',
  f: 'foreign table',
  v: 'view',
  m: 'materialized view',
};

export function relations(into: Assembly): void {
  const { rows, grants, extensionOf, commentName } = into;
  for (const row of rows.relations) {
    const { oid, name, owner } = row;
    const kind = kindOf[row.kind];
    if (kind === undefined) continue;
    if (row.member) {
      grants(`TABLE ${name}`, row.acl, owner, extensionOf(`pg_class ${oid} 0`));
      continue;
    }
    const isView = kind === 'view' || kind === 'materialized view';
    const id = isView ? view(into, row, kind) : table(into, row, kind);
    commentName.set(id, `${kind.toUpperCase()} ${name}`);
    grants(`TABLE ${name}`, row.acl, owner, id);
    columns(into, row, id, isView);
  }
}

function view({ add, schemaId, ownerTo, columnsOf }: Assembly, row: CatalogRow, kind: CatalogKind): string {
  const { oid, name, owner } = row;
  const word = kind.toUpperCase();
  const options = (row.options ?? []) as string[];
  const using = row.access_method ? ` USING ${row.access_method}` : '';
  const place = row.tablespace ? ` TABLESPACE ${row.tablespace}` : '';
  const head = `CREATE ${word} ${name}${using}${options.length > 0 ? ` WITH (${options.join(', ')})` : ''}${place}`;
  const body = String(row.view).replace(/;\s*$/, '');
  const create = `${head} AS\n${body}${kind === 'materialized view' && !row.populated ? '\n WITH NO DATA' : ''}`;
  return add({
    kind,
    identity: name,
    definition: owner === 'postgres' ? create : `${create}\n-- owner ${owner}`,
    properties: {
      owner,
      options,
      columns: (columnsOf.get(oid) ?? []).map((column) => `${column.name} ${column.type}`),
    },
    create: [create, ...ownerTo(word, name, owner)],
    drop: [`DROP ${word} ${name}`],
    address: `pg_class ${oid} 0`,
    needs: [schemaId(row.schema)],
  });
}

function table(into: Assembly, row: CatalogRow, kind: CatalogKind): string {
  const { rows, add, schemaId, columnsOf } = into;
  const { oid, name, owner } = row;
  const ofTable = columnsOf.get(oid) ?? [];
  const queue = rows.queues.find(({ name: queueName }) =>
    ['q', 'a'].some((prefix) => name === `pgmq.${prefix}_${queueName.toLowerCase()}`),
  );
  const id = add({
    kind,
    identity: name,
    parent: queue === undefined ? null : `queue ${queue.name}`,
    definition: tableDefinition(row, ofTable),
    properties: {
      owner,
      persistence: row.persistence,
      options: row.options ?? [],
      toastOptions: row.toast_options ?? [],
      accessMethod: row.access_method,
      tablespace: row.tablespace,
      replicaIdentity: row.replica_identity,
      partitionKey: row.partition_key,
      bound: row.bound,
      ofType: row.of_type,
      parents: row.parents ?? [],
      server: row.server,
      foreignOptions: row.foreign_options ?? [],
      columns: ofTable.map((column) => column.name as string),
    },
    create: createTable(into, row, ofTable),
    drop: [`DROP ${kind.toUpperCase()} ${name}`],
    address: `pg_class ${oid} 0`,
    needs: [
      schemaId(row.schema),
      row.server && `server ${row.server}`,
      ...(row.parents ?? []).map((parent: string) => `table ${parent}`),
    ],
  });
  if (kind === 'table') {
    add({
      kind: 'rls',
      identity: name,
      parent: id,
      definition: `${row.rls ? 'enabled' : 'disabled'}${row.force ? ', forced' : ''}`,
      properties: { enabled: row.rls, forced: row.force },
      create: [
        ...(row.rls ? [`ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`] : []),
        ...(row.force ? [`ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`] : []),
      ],
    });
  }
  return id;
}

function createTable(into: Assembly, row: CatalogRow, ofTable: readonly CatalogRow[]): string[] {
  const { name } = row;
  const foreign = row.kind === 'f';
  const partition = row.bound !== null;
  const listed = partition ? ofTable : ofTable.filter((column) => column.local || column.inherited === 0);
  const body = listed.map((column) => `\n  ${columnDefinition(into, column)}`).join(',');
  const parents = partition ? [] : (row.parents ?? []);
  const unlogged = row.persistence === 'u' ? 'UNLOGGED ' : '';
  const options = [
    ...(row.options ?? []),
    ...(row.toast_options ?? []).map((option: string) => `toast.${option}`),
  ];
  const head = [
    `CREATE ${foreign ? 'FOREIGN ' : unlogged}TABLE ${name} (${body}${body ? '\n' : ''})`,
    parents.length > 0 && `INHERITS (${parents.join(', ')})`,
    foreign && `SERVER ${row.server}${optionsClause(row.foreign_options)}`,
    row.partition_key && `PARTITION BY ${row.partition_key}`,
    row.access_method && `USING ${row.access_method}`,
    options.length > 0 && `WITH (${options.join(', ')})`,
    row.tablespace && `TABLESPACE ${row.tablespace}`,
  ];
  const identities: Readonly<Record<string, string>> = { n: 'NOTHING', f: 'FULL' };
  return [
    head.filter(Boolean).join(' '),
    ...(row.of_type ? [`ALTER TABLE ${name} OF ${row.of_type}`] : []),
    ...(partition ? [`ALTER TABLE ${row.parents[0]} ATTACH PARTITION ${name} ${row.bound}`] : []),
    ...listed.flatMap((column) => columnSettings(name, column)),
    ...(identities[row.replica_identity] && !foreign
      ? [`ALTER TABLE ${name} REPLICA IDENTITY ${identities[row.replica_identity]}`]
      : []),
    ...into.ownerTo(foreign ? 'FOREIGN TABLE' : 'TABLE', name, row.owner),
  ];
}

/** The table in a few words; its columns are objects of their own. */
function tableDefinition(row: CatalogRow, columns: readonly CatalogRow[]): string {
  return [
    `${row.persistence === 'u' ? 'unlogged ' : ''}${row.kind === 'p' ? 'partitioned ' : ''}${row.kind === 'f' ? 'foreign ' : ''}table`,
    `owner ${row.owner}`,
    row.partition_key && `partition by ${row.partition_key}`,
    row.parents &&
      `${row.bound ? 'partition of' : 'inherits'} ${row.parents.join(', ')}${row.bound ? ` ${row.bound}` : ''}`,
    row.of_type && `of ${row.of_type}`,
    row.server && `server ${row.server}${optionsClause(row.foreign_options)}`,
    row.options && `with ${row.options.join(', ')}`,
    row.toast_options && `toast with ${row.toast_options.join(', ')}`,
    row.access_method && `using ${row.access_method}`,
    row.tablespace && `tablespace ${row.tablespace}`,
    row.replica_identity !== 'd' && `replica identity ${row.replica_identity}`,
    `columns ${columns.map((column) => column.name).join(', ')}`,
  ]
    .filter(Boolean)
    .join('; ');
}

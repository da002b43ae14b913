/** The catalog's relations as the state knows them, for the conditions and loops of DO blocks. */
import type { Grant, Table } from '../../model/schema.ts';
import type { Draft } from './draft.ts';

export type Value = string | number | boolean | null | readonly Value[] | Row;
export interface Row {
  readonly [column: string]: Value;
}

/** Object identifiers are stood for by keys: two of them are compared, never counted with. */
type Rows = (draft: Draft, wanted: Wanted) => Iterable<Row>;

/** Columns that the query compares with a value: other rows need not be made. */
export type Wanted = ReadonlyMap<string, Value>;

/** True where a row with this value in one of these columns may be asked for. */
function asked(wanted: Wanted, value: string, ...columns: readonly string[]): boolean {
  return columns.every((column) => !wanted.has(column) || wanted.get(column) === value);
}

function tablesAsked(draft: Draft, wanted: Wanted): Iterable<Table> {
  const key =
    wanted.get('conrelid') ?? wanted.get('attrelid') ?? wanted.get('polrelid') ?? wanted.get('tgrelid');
  if (typeof key === 'string') {
    const table = draft.get('table', key);
    return table === undefined ? [] : [table];
  }
  return tablesOf(draft).filter(
    ({ name, schema }) =>
      asked(wanted, name, 'tablename', 'table_name', 'event_object_table') &&
      asked(wanted, schema, 'schemaname', 'table_schema', 'event_object_schema'),
  );
}

const platformRoles = [
  'anon',
  'authenticated',
  'authenticator',
  'dashboard_user',
  'pgbouncer',
  'postgres',
  'service_role',
  'supabase_admin',
  'supabase_auth_admin',
  'supabase_realtime_admin',
  'supabase_replication_admin',
  'supabase_storage_admin',
];

const offeredExtensions =
  'btree_gin btree_gist citext hstore http hypopg index_advisor ltree moddatetime pg_cron pg_graphql pg_hashids pg_jsonschema pg_net pg_stat_statements pg_trgm pgaudit pgcrypto pgmq pgtap postgis supabase_vault unaccent uuid-ossp vector wrappers'.split(
    ' ',
  );

/** Rows of a relation; null where the state can't tell them. */
export function catalogRows(draft: Draft, schema: string | null, name: string, wanted: Wanted): Row[] | null {
  const rows = relationOf(schema, name);
  return rows === undefined ? null : [...rows(draft, wanted)];
}

function relationOf(schema: string | null, name: string) {
  if (schema === 'information_schema') return informationSchema[name];
  if (schema === null || schema === 'pg_catalog') return catalog[name];
  return `${schema}.${name}` === 'storage.buckets' ? buckets : undefined;
}

const tablesOf = (draft: Draft) => [...draft.all('table').values()];
const viewsOf = (draft: Draft) => [...draft.all('view').values()];
const upper = (flag: boolean) => (flag ? 'YES' : 'NO');

function* buckets(draft: Draft): Iterable<Row> {
  for (const { id, public: isPublic } of draft.all('bucket').values())
    yield { id, name: id, public: isPublic };
}

function* policies(draft: Draft, wanted: Wanted): Iterable<Row> {
  for (const table of tablesAsked(draft, wanted)) {
    for (const policy of table.policies) {
      if (!asked(wanted, policy.name, 'policyname', 'polname')) continue;
      yield {
        schemaname: table.schema,
        tablename: table.name,
        policyname: policy.name,
        polname: policy.name,
        polrelid: table.key,
        // Cut out of the file only where somebody looks.
        get qual() {
          return policy.using?.text ?? null;
        },
        get with_check() {
          return policy.check?.text ?? null;
        },
        cmd: policy.command.toUpperCase(),
        permissive: policy.permissive ? 'PERMISSIVE' : 'RESTRICTIVE',
        roles: policy.roles,
      };
    }
  }
}

const numbersOf = (table: Table | undefined, columns: readonly string[] | undefined) =>
  (columns ?? []).map((name) => (table?.columns.findIndex((column) => column.name === name) ?? -1) + 1);

/** As pg_get_constraintdef prints it, near enough for LIKE; the identifier is the table's key and the name. */
export function constraintDefinition(draft: Draft, id: string): string | undefined {
  const [key, name] = id.split('\0') as [string, string];
  const table = draft.get('table', key);
  const check = table?.checks.find((candidate) => candidate.name === name);
  if (check !== undefined) return `CHECK ((${check.expression.text.replace(/\s+/g, ' ')}))`;
  const fk = table?.foreignKeys.find((candidate) => candidate.name === name);
  if (fk !== undefined) {
    const onDelete = fk.onDelete === 'no action' ? '' : ` ON DELETE ${fk.onDelete.toUpperCase()}`;
    return `FOREIGN KEY (${fk.columns.join(', ')}) REFERENCES ${fk.references.replace(/^public\./, '')}(${fk.referencedColumns.join(', ')})${onDelete}`;
  }
  if (table?.primaryKey?.name === name) return `PRIMARY KEY (${table.primaryKey.columns.join(', ')})`;
  const unique = table?.uniques.find((candidate) => candidate.name === name);
  return unique && `UNIQUE (${unique.columns.join(', ')})`;
}

function* constraints(draft: Draft, wanted: Wanted): Iterable<Row> {
  for (const table of tablesAsked(draft, wanted)) {
    const rows = (
      list: readonly {
        readonly name: string;
        readonly columns?: readonly string[];
        readonly references?: string;
        readonly referencedColumns?: readonly string[];
        readonly onDelete?: string;
      }[],
      contype: string,
      type: string,
    ) =>
      list
        .filter(({ name }) => asked(wanted, name, 'conname', 'constraint_name'))
        .map(({ name, columns, references, referencedColumns, onDelete }) => ({
          oid: `${table.key}\0${name}`,
          confrelid: references ?? null,
          conkey: numbersOf(table, columns),
          confkey: numbersOf(draft.get('table', references ?? ''), referencedColumns),
          confdeltype: onDelete === undefined ? null : (deleteTypes[onDelete] ?? 'a'),
          conname: name,
          conrelid: table.key,
          connamespace: table.schema,
          contype,
          constraint_name: name,
          constraint_schema: table.schema,
          table_schema: table.schema,
          table_name: table.name,
          constraint_type: type,
          columns: columns ?? [],
        }));
    if (table.primaryKey) yield* rows([table.primaryKey], 'p', 'PRIMARY KEY');
    yield* rows(table.uniques, 'u', 'UNIQUE');
    yield* rows(table.foreignKeys, 'f', 'FOREIGN KEY');
    yield* rows(table.checks, 'c', 'CHECK');
    yield* rows(table.exclusions, 'x', 'EXCLUDE');
  }
}

const deleteTypes: Readonly<Record<string, string>> = {
  restrict: 'r',
  cascade: 'c',
  'set null': 'n',
  'set default': 'd',
};

function* keyColumns(draft: Draft, wanted: Wanted): Iterable<Row> {
  for (const row of constraints(draft, wanted)) {
    if (row.contype === 'c') continue;
    for (const column of row.columns as readonly string[]) yield { ...row, column_name: column };
  }
}

function* columns(draft: Draft, wanted: Wanted): Iterable<Row> {
  for (const table of tablesAsked(draft, wanted)) {
    for (const [at, column] of table.columns.entries()) {
      if (!asked(wanted, column.name, 'column_name', 'attname')) continue;
      yield {
        table_schema: table.schema,
        table_name: table.name,
        column_name: column.name,
        ordinal_position: at + 1,
        is_nullable: upper(!column.notNull),
        data_type: column.type.endsWith('[]')
          ? 'ARRAY'
          : column.type.includes('.')
            ? 'USER-DEFINED'
            : column.type.replace(/\(.*?\)/, ''),
        get column_default() {
          return column.default?.text ?? null;
        },
        is_generated: column.generated === null ? 'NEVER' : 'ALWAYS',
        is_identity: upper(column.identity !== null),
        attrelid: table.key,
        attname: column.name,
        attnum: at + 1,
        attnotnull: column.notNull,
        attisdropped: false,
      };
    }
  }
  for (const view of viewsOf(draft)) {
    for (const [at, name] of view.columns.entries()) {
      yield {
        table_schema: view.schema,
        table_name: view.name,
        column_name: name,
        attrelid: view.key,
        attname: name,
        attnum: at + 1,
      };
    }
  }
}

function* indexes(draft: Draft, wanted: Wanted): Iterable<Row> {
  for (const holder of [...tablesOf(draft), ...viewsOf(draft)]) {
    for (const index of holder.indexes) {
      if (!asked(wanted, index.name, 'indexname', 'relname')) continue;
      yield { schemaname: holder.schema, tablename: holder.name, indexname: index.name };
    }
  }
}

function* classes(draft: Draft, wanted: Wanted): Iterable<Row> {
  const isAsked = (name: string, key: string, kind: string, schema: string) =>
    asked(wanted, name, 'relname') &&
    asked(wanted, key, 'oid') &&
    asked(wanted, kind, 'relkind') &&
    asked(wanted, schema, 'relnamespace');
  for (const table of tablesOf(draft)) {
    const relkind = table.kind === 'partitioned' ? 'p' : table.kind === 'foreign' ? 'f' : 'r';
    if (!isAsked(table.name, table.key, relkind, table.schema)) continue;
    yield {
      oid: table.key,
      relname: table.name,
      relnamespace: table.schema,
      relkind,
      relacl: accessList(table.grants, table.owner),
      relrowsecurity: table.rls,
      relforcerowsecurity: table.forceRls,
    };
  }
  for (const { key, name, schema, kind } of viewsOf(draft)) {
    const relkind = kind === 'view' ? 'v' : 'm';
    if (!isAsked(name, key, relkind, schema)) continue;
    yield { oid: key, relname: name, relnamespace: schema, relkind, relrowsecurity: false };
  }
  for (const { key, name, schema } of draft.all('sequence').values()) {
    if (isAsked(name, key, 'S', schema))
      yield { oid: key, relname: name, relnamespace: schema, relkind: 'S' };
  }
  if (!asked(wanted, 'i', 'relkind')) return;
  for (const { schemaname, indexname } of indexes(draft, wanted)) {
    yield { oid: `${schemaname}.${indexname}`, relname: indexname!, relnamespace: schemaname!, relkind: 'i' };
  }
}

function* triggers(draft: Draft, wanted: Wanted): Iterable<Row> {
  for (const holder of [...tablesAsked(draft, wanted), ...viewsOf(draft)]) {
    for (const trigger of holder.triggers) {
      if (!asked(wanted, trigger.name, 'tgname', 'trigger_name')) continue;
      for (const event of trigger.events) {
        yield {
          tgname: trigger.name,
          tgrelid: holder.key,
          tgisinternal: false,
          trigger_name: trigger.name,
          trigger_schema: holder.schema,
          event_object_schema: holder.schema,
          event_object_table: holder.name,
          event_manipulation: event.toUpperCase(),
        };
      }
    }
  }
}

function* types(draft: Draft, wanted: Wanted): Iterable<Row> {
  const letters = { enum: 'e', composite: 'c', domain: 'd', range: 'r' } as const;
  for (const type of draft.all('type').values()) {
    if (!asked(wanted, type.name, 'typname')) continue;
    yield { oid: type.key, typname: type.name, typnamespace: type.schema, typtype: letters[type.kind] };
  }
  for (const table of tablesOf(draft)) {
    if (!asked(wanted, table.name, 'typname')) continue;
    yield { oid: table.key, typname: table.name, typnamespace: table.schema, typtype: 'c' };
  }
}

function* enumLabels(draft: Draft): Iterable<Row> {
  for (const type of draft.all('type').values()) {
    for (const [at, label] of type.values.entries()) {
      yield { enumlabel: label, enumtypid: type.key, enumsortorder: at + 1 };
    }
  }
}

/** What aclexplode() makes of an access list; the owner's own part by its first privilege only. */
function accessList(grants: readonly Grant[], owner: string): Value {
  return [{ grantee: owner, privilege: 'all' }, ...grants].map(({ grantee, privilege }) => ({
    // PUBLIC is role 0 there.
    grantee: grantee === 'public' ? 0 : grantee,
    privilege_type: privilege.toUpperCase(),
  }));
}

function* routines(draft: Draft, wanted: Wanted): Iterable<Row> {
  for (const routine of draft.all('routine').values()) {
    if (!asked(wanted, routine.name, 'proname', 'routine_name')) continue;
    yield {
      oid: routine.key,
      proname: routine.name,
      pronamespace: routine.schema,
      proacl: accessList(routine.grants, routine.owner),
      prosecdef: routine.securityDefiner,
      prorettype: routine.returns,
      proconfig:
        Object.keys(routine.config).length === 0
          ? null
          : Object.entries(routine.config).map(([name, value]) => `${name}=${value}`),
      prokind: routine.kind === 'procedure' ? 'p' : routine.kind === 'aggregate' ? 'a' : 'f',
      routine_name: routine.name,
      routine_schema: routine.schema,
      specific_schema: routine.schema,
      routine_type: routine.kind.toUpperCase(),
    };
  }
}

function* publicationTables(draft: Draft, wanted: Wanted): Iterable<Row> {
  for (const publication of draft.all('publication').values()) {
    for (const table of tablesAsked(draft, wanted)) {
      const member =
        publication.allTables ||
        publication.schemas.includes(table.schema) ||
        publication.tables.some((entry) => entry.table === table.key);
      if (member) yield { pubname: publication.name, schemaname: table.schema, tablename: table.name };
    }
  }
}

const catalog: Readonly<Record<string, Rows>> = {
  pg_policies: policies,
  pg_policy: policies,
  pg_constraint: constraints,
  pg_attribute: columns,
  pg_indexes: indexes,
  pg_class: classes,
  pg_trigger: triggers,
  pg_type: types,
  pg_enum: enumLabels,
  pg_proc: routines,
  pg_publication_tables: publicationTables,
  pg_publication: (draft) =>
    [...draft.all('publication').values()].map(({ name, allTables }) => ({
      oid: name,
      pubname: name,
      puballtables: allTables,
    })),
  pg_publication_rel: (draft) =>
    [...draft.all('publication').values()].flatMap(({ name, tables }) =>
      tables.map(({ table }) => ({ prpubid: name, prrelid: table })),
    ),
  pg_namespace: (draft) => [...draft.all('schema').keys()].map((name) => ({ oid: name, nspname: name })),
  pg_extension: (draft) =>
    [...draft.all('extension').values()].map(({ name, schema }) => ({
      oid: name,
      extname: name,
      extnamespace: schema,
    })),
  pg_tables: (draft, wanted) =>
    [...tablesAsked(draft, wanted)].map(({ schema, name, rls }) => ({
      schemaname: schema,
      tablename: name,
      rowsecurity: rls,
    })),
  pg_views: (draft) =>
    viewsOf(draft)
      .filter(({ kind }) => kind === 'view')
      .map(({ schema, name }) => ({ schemaname: schema, viewname: name })),
  pg_matviews: (draft) =>
    viewsOf(draft)
      .filter(({ kind }) => kind !== 'view')
      .map(({ schema, name }) => ({ schemaname: schema, matviewname: name })),
  pg_sequences: (draft) =>
    [...draft.all('sequence').values()].map(({ schema, name }) => ({
      schemaname: schema,
      sequencename: name,
    })),
  pg_roles: () => platformRoles.map((rolname) => ({ rolname })),
  pg_available_extensions: () => offeredExtensions.map((name) => ({ name })),
  // Members of extensions are no part of a state; sequences hang on their columns.
  pg_depend: (draft) =>
    [...draft.all('sequence').values()]
      .filter(({ ownedBy }) => ownedBy !== null)
      .map(({ key, ownedBy }) => ({ objid: key, refobjid: ownedBy!.replace(/\.[^.]*$/, ''), deptype: 'a' })),
};

const informationSchema: Readonly<Record<string, Rows>> = {
  tables: (draft, wanted) => [
    ...[...tablesAsked(draft, wanted)].map(({ schema, name }) => ({
      table_schema: schema,
      table_name: name,
      table_type: 'BASE TABLE',
    })),
    ...viewsOf(draft)
      .filter(({ kind }) => kind === 'view')
      .map(({ schema, name }) => ({ table_schema: schema, table_name: name, table_type: 'VIEW' })),
  ],
  columns,
  table_constraints: constraints,
  key_column_usage: keyColumns,
  triggers,
  routines,
  schemata: (draft) => [...draft.all('schema').keys()].map((name) => ({ schema_name: name })),
  views: (draft) => viewsOf(draft).map(({ schema, name }) => ({ table_schema: schema, table_name: name })),
  sequences: (draft) =>
    [...draft.all('sequence').values()].map(({ schema, name }) => ({
      sequence_schema: schema,
      sequence_name: name,
    })),
};

/** From the catalog's rows to objects: identity, definition, the SQL that makes and drops each, and what it needs. */
import type { CatalogKind, CatalogObject, Snapshot } from '../../model/catalog.ts';
import { changePrivileges, parseAcl, privilegeWords } from './privileges.ts';
import type { queries } from './queries.ts';
import { dollarQuote, literal } from './quote.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows are what the queries beside this file select.
export type CatalogRow = Record<string, any>;
export type CatalogRows = Readonly<Record<keyof typeof queries, readonly CatalogRow[]>> & {
  readonly buckets: readonly CatalogRow[];
  readonly cronJobs: readonly CatalogRow[];
  readonly queues: readonly CatalogRow[];
};

/** Oids of the catalogs themselves, fixed since Postgres 8 to 15: `pg_depend` names classes by them. */
const classes: Readonly<Record<string, string>> = {
  1260: 'pg_authid',
  1247: 'pg_type',
  1255: 'pg_proc',
  1259: 'pg_class',
  2604: 'pg_attrdef',
  2606: 'pg_constraint',
  2618: 'pg_rewrite',
  2620: 'pg_trigger',
  2615: 'pg_namespace',
  3079: 'pg_extension',
  3256: 'pg_policy',
  3381: 'pg_statistic_ext',
  3466: 'pg_event_trigger',
  6104: 'pg_publication',
  6106: 'pg_publication_rel',
  6237: 'pg_publication_namespace',
  2617: 'pg_operator',
  2616: 'pg_opclass',
  2753: 'pg_opfamily',
  2605: 'pg_cast',
  3456: 'pg_collation',
  2607: 'pg_conversion',
  3602: 'pg_ts_config',
  3600: 'pg_ts_dict',
  2328: 'pg_foreign_data_wrapper',
  1417: 'pg_foreign_server',
  1418: 'pg_user_mapping',
  2612: 'pg_language',
  3576: 'pg_transform',
};

interface Draft {
  readonly kind: CatalogKind;
  readonly identity: string;
  readonly parent?: string | null;
  readonly definition: string;
  readonly properties?: Record<string, unknown>;
  /** Grants are many and seldom made anew: their statements are written when asked for. */
  readonly create?: readonly string[] | (() => readonly string[]);
  readonly drop?: readonly string[] | null | (() => readonly string[]);
  readonly needs?: readonly (string | null | undefined)[];
  readonly address?: string | null;
}

export function assemble(rows: CatalogRows): Snapshot {
  const objects = new Map<string, CatalogObject>();
  const dependencies = new Map<string, Set<string>>();
  /** `pg_class 16385 0` to the id of the object that stands for it. */
  const byAddress = new Map<string, string>();
  /** How COMMENT ON names an object, by id. */
  const commentName = new Map<string, string>();
  const server = rows.server[0]!;
  const major = Number(server.major);

  // Oids come as text: JSON has no type for them.
  const idOf = (address: string) => byAddress.get(address) ?? null;
  const point = (id: string, ...addresses: string[]) => {
    for (const address of addresses) byAddress.set(address, id);
  };
  const add = (draft: Draft): string => {
    const id = `${draft.kind} ${draft.identity}`;
    const needs = new Set<string>();
    for (const need of [draft.parent, ...(draft.needs ?? [])]) if (need) needs.add(need);
    dependencies.set(id, needs);
    const { create = [], drop = null } = draft;
    objects.set(id, {
      id,
      kind: draft.kind,
      identity: draft.identity,
      parent: draft.parent ?? null,
      definition: draft.definition,
      properties: draft.properties ?? {},
      get create() {
        return typeof create === 'function' ? create() : create;
      },
      get drop() {
        return typeof drop === 'function' ? drop() : drop;
      },
      dependencies: [],
      address: draft.address ?? null,
    });
    if (draft.address) point(id, draft.address);
    return id;
  };
  const schemaId = (schema: string) => (objects.has(`schema ${schema}`) ? `schema ${schema}` : null);
  /** `OWNER TO`, left out where it is who runs migrations. */
  const ownerTo = (type: string, name: string, owner: string) =>
    owner === 'postgres' ? [] : [`ALTER ${type} ${name} OWNER TO ${owner}`];

  const grants = (
    on: string,
    acl: readonly string[] | null,
    owner: string,
    parent: string | null,
    column: string | null = null,
  ) => {
    for (const entry of parseAcl(acl)) {
      const by = entry.grantor === owner ? '' : ` by ${entry.grantor}`;
      const where = column === null ? on : `column ${on.replace(/^TABLE /, '')}.${column}`;
      const shown = where.replace(/^[A-Z ]+(?= )/, (word) => word.toLowerCase());
      const target = { on, grantee: entry.grantee, column };
      add({
        kind: 'grant',
        identity: `${shown} to ${entry.grantee}${by}`,
        parent,
        definition: privilegeWords(entry.privileges),
        properties: { ...target, privileges: entry.privileges, owner: entry.grantee === owner },
        create: () => changePrivileges('', entry.privileges, target),
        drop: () => changePrivileges(entry.privileges, '', target),
        needs: objects.has(`role ${entry.grantee}`) ? [`role ${entry.grantee}`] : [],
      });
    }
  };

  // ── roles, the database ────────────────────────────────────────────────────────────────────────────────────────
  for (const role of rows.roles) {
    const flags = [
      ['SUPERUSER', role.superuser],
      ['INHERIT', role.inherit],
      ['CREATEROLE', role.createrole],
      ['CREATEDB', role.createdb],
      ['LOGIN', role.login],
      ['REPLICATION', role.replication],
      ['BYPASSRLS', role.bypassrls],
    ].map(([word, on]) => (on ? word : `NO${word}`));
    if (role.connection_limit !== -1) flags.push(`CONNECTION LIMIT ${role.connection_limit}`);
    if (role.valid_until !== null) flags.push(`VALID UNTIL ${literal(role.valid_until)}`);
    const { oid, name, ...properties } = role;
    const wanted = flags.filter(
      (flag) => !/^NO(SUPERUSER|CREATEROLE|CREATEDB|LOGIN|REPLICATION|BYPASSRLS)$|^INHERIT$/.test(flag),
    );
    const id = add({
      kind: 'role',
      identity: name,
      definition: flags.join(' '),
      properties,
      create: [`CREATE ROLE ${name}${wanted.length > 0 ? ` WITH ${wanted.join(' ')}` : ''}`],
      drop: [`DROP ROLE ${name}`],
      address: `pg_authid ${oid} 0`,
    });
    commentName.set(id, `ROLE ${name}`);
  }
  for (const { role, member, grantor, admin, inherit, set } of rows.memberships) {
    const options = [
      admin && 'ADMIN OPTION',
      inherit === false && 'INHERIT FALSE',
      set === false && 'SET FALSE',
    ];
    const words = options.filter(Boolean).join(', ');
    // The bootstrap superuser's own grants come with CREATE ROLE: nobody else can take them back.
    const own = grantor !== server.bootstrap;
    add({
      kind: 'membership',
      identity: `${member} in ${role} by ${grantor}`,
      parent: objects.has(`role ${role}`) ? `role ${role}` : null,
      definition: words || 'member',
      properties: { role, member, admin, inherit, set },
      create: own ? [`GRANT ${role} TO ${member}${words ? ` WITH ${words}` : ''}`] : [],
      drop: own ? [`REVOKE ${role} FROM ${member}`] : null,
      needs: [objects.has(`role ${member}`) ? `role ${member}` : null],
    });
  }
  add({ kind: 'database', identity: 'database', definition: `owner ${server.owner}` });
  grants('DATABASE postgres', server.acl, server.owner, 'database database');
  for (const { role, here, setting } of rows.settings) {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(setting) as unknown as [string, string, string];
    const settingSql = (rest: string) => {
      if (role !== null && !here) return `ALTER ROLE ${role} ${rest}`;
      // On Supabase the database is always called so; elsewhere the one at hand is meant.
      const who = role === null ? 'DATABASE postgres' : `ROLE ${role} IN DATABASE postgres`;
      return `ALTER ${who} ${rest}`;
    };
    // Lists keep their own quotes (GUC_LIST_QUOTE in Postgres' guc_tables.c).
    const list =
      /^(search_path|temp_tablespaces|(session|local|shared)_preload_libraries|unix_socket_directories)$/;
    add({
      kind: 'setting',
      identity: `${name} of ${role ?? 'database'}${role !== null && here ? ' in database' : ''}`,
      parent: role !== null && objects.has(`role ${role}`) ? `role ${role}` : null,
      definition: `${name} = ${value}`,
      create: [settingSql(`SET ${name} TO ${list.test(name) ? value || "''" : literal(value)}`)],
      drop: [settingSql(`RESET ${name}`)],
    });
  }

  // ── schemas, extensions ────────────────────────────────────────────────────────────────────────────────────────
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
        objects.set(schemaOf.id, { ...schemaOf, parent: id });
        dependencies.get(id)!.delete(schemaOf.id);
        dependencies.get(schemaOf.id)!.add(id);
      }
      for (const catalog of ['pg_class', 'pg_type', 'pg_proc']) {
        if (!byAddress.has(`${catalog} ${object} 0`)) point(id, `${catalog} ${object} 0`);
      }
    }
  }
  const extensionOf = (address: string) => {
    const id = idOf(address);
    return id?.startsWith('extension ') ? id : null;
  };

  // ── types ──────────────────────────────────────────────────────────────────────────────────────────────────────
  const columnsOf = groupBy(rows.columns, 'relation');
  const domainConstraints = groupBy(
    rows.constraints.filter((row) => row.domain !== '0'),
    'domain',
  );
  const compositeRelations = new Set(rows.relations.filter((row) => row.kind === 'c').map((row) => row.oid));
  for (const type of rows.types) {
    const { oid, name, owner } = type;
    if (type.type === 'c' && !compositeRelations.has(type.relation)) continue;
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

  // ── routines ───────────────────────────────────────────────────────────────────────────────────────────────────
  for (const row of rows.routines) {
    const { oid, identity, owner } = row;
    if (row.member) {
      grants(`FUNCTION ${identity}`, row.acl, owner, extensionOf(`pg_proc ${oid} 0`));
      continue;
    }
    const kind: CatalogKind = row.kind === 'p' ? 'procedure' : row.kind === 'a' ? 'aggregate' : 'function';
    const word = kind.toUpperCase();
    const definition = row.kind === 'a' ? aggregateDefinition(row) : String(row.definition).trimEnd();
    const id = add({
      kind,
      identity,
      definition: owner === 'postgres' ? definition : `${definition}\n-- owner ${owner}`,
      properties: { owner, arguments: row.arguments, result: row.result },
      create: [definition, ...ownerTo(word, identity, owner)],
      drop: [`DROP ${word} ${identity}`],
      address: `pg_proc ${oid} 0`,
      needs: [schemaId(row.schema)],
    });
    commentName.set(id, `${word} ${identity}`);
    grants(`${kind === 'procedure' ? 'PROCEDURE' : 'FUNCTION'} ${identity}`, row.acl, owner, id);
  }

  // ── relations ──────────────────────────────────────────────────────────────────────────────────────────────────
  const relations = new Map(rows.relations.map((row) => [row.oid as string, row]));
  const sequences = new Map(rows.sequences.map((row) => [row.oid as string, row]));
  const identitySequence = new Map<string, CatalogRow>();
  for (const sequence of rows.sequences) {
    if (sequence.owned?.internal)
      identitySequence.set(`${sequence.owned.relation} ${sequence.owned.number}`, sequence);
  }
  const kindOf: Readonly<Record<string, CatalogKind>> = {
    r: 'table',
    p: 'table',
    f: 'foreign table',
    v: 'view',
    m: 'materialized view',
    S: 'sequence',
  };
  const queueTables = new Map<string, string>();
  for (const { name, partitioned, unlogged } of rows.queues) {
    const id = add({
      kind: 'queue',
      identity: name,
      definition:
        [partitioned && 'partitioned', unlogged && 'unlogged'].filter(Boolean).join(', ') || 'queue',
      create: [
        `SELECT pgmq.create${unlogged ? '_unlogged' : partitioned ? '_partitioned' : ''}(${literal(name)})`,
      ],
      drop: [`SELECT pgmq.drop_queue(${literal(name)})`],
    });
    for (const prefix of ['q', 'a']) queueTables.set(`pgmq.${prefix}_${name.toLowerCase()}`, id);
  }
  for (const row of rows.relations) {
    const { oid, name, owner } = row;
    if (row.kind === 'c' || row.kind === 'S') continue;
    const address = `pg_class ${oid} 0`;
    if (row.member) {
      grants(`TABLE ${name}`, row.acl, owner, extensionOf(address));
      continue;
    }
    const kind = kindOf[row.kind]!;
    const columns = columnsOf.get(oid) ?? [];
    const options = (row.options ?? []) as string[];
    const needs = [schemaId(row.schema), ...(row.parents ?? []).map((parent: string) => `table ${parent}`)];
    const word = kind.toUpperCase();
    let id: string;
    if (kind === 'view' || kind === 'materialized view') {
      const head = `CREATE ${word} ${name}${options.length > 0 ? ` WITH (${options.join(', ')})` : ''}`;
      const body = String(row.view).replace(/;\s*$/, '');
      const create = `${head} AS\n${body}${kind === 'materialized view' && !row.populated ? '\n WITH NO DATA' : ''}`;
      id = add({
        kind,
        identity: name,
        definition: owner === 'postgres' ? create : `${create}\n-- owner ${owner}`,
        properties: {
          owner,
          options,
          columns: columns.map((column) => `${column.name} ${column.type}`),
        },
        create: [create, ...ownerTo(word, name, owner)],
        drop: [`DROP ${word} ${name}`],
        address,
        needs,
      });
    } else {
      const properties = {
        owner,
        persistence: row.persistence,
        options,
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
        columns: columns.map((column) => column.name as string),
      };
      id = add({
        kind,
        identity: name,
        parent: queueTables.get(name) ?? null,
        definition: tableDefinition(row, columns),
        properties,
        create: createTable(row, columns, identitySequence, relations),
        drop: [`DROP ${word} ${name}`],
        address,
        needs,
      });
      if (kind === 'table') {
        const state = row.rls
          ? row.force
            ? 'enabled, forced'
            : 'enabled'
          : row.force
            ? 'disabled, forced'
            : 'disabled';
        add({
          kind: 'rls',
          identity: name,
          parent: id,
          definition: state,
          properties: { enabled: row.rls, forced: row.force },
          create: [
            ...(row.rls ? [`ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`] : []),
            ...(row.force ? [`ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`] : []),
          ],
        });
      }
    }
    commentName.set(id, `${word} ${name}`);
    grants(`TABLE ${name}`, row.acl, owner, id);

    for (const column of columns) {
      const columnIdentity = `${name}.${column.name}`;
      const columnAddress = `pg_class ${oid} ${column.number}`;
      const isView = kind === 'view' || kind === 'materialized view';
      let columnId = id;
      if (isView) point(id, columnAddress);
      else {
        const sequence = identitySequence.get(`${oid} ${column.number}`);
        const inherited = column.inherited > 0 && !column.local;
        columnId = add({
          kind: 'column',
          identity: columnIdentity,
          parent: id,
          definition: [
            columnDefinition(column, sequence, relations).slice(column.name.length + 1),
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
                `ALTER TABLE ${name} ADD COLUMN ${columnDefinition(column, sequence, relations)}`,
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
  for (const row of rows.types) {
    // A table's row type, and the array over it.
    const relation =
      row.type === 'c' && !compositeRelations.has(row.relation) && idOf(`pg_class ${row.relation} 0`);
    if (relation) point(relation, `pg_type ${row.oid} 0`, `pg_type ${row.array} 0`);
  }
  for (const row of rows.relations) {
    const sequence = sequences.get(row.oid);
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
      definition: `${definition}${owner === 'postgres' ? '' : `, owner ${owner}`}`,
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

  // ── constraints, indexes ───────────────────────────────────────────────────────────────────────────────────────
  const constraintOfIndex = new Map<string, string>();
  const relationNames = (oid: string): string | null =>
    relations.get(oid)?.member ? null : (relations.get(oid)?.name ?? null);
  for (const row of rows.constraints) {
    const table = relationNames(row.relation);
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
      constraintOfIndex.set(row.index, id);
      point(id, `pg_class ${row.index} 0`);
    }
  }
  for (const row of rows.indexes) {
    const table = relationNames(row.relation);
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
    const constraint = constraintOfIndex.get(row.oid);
    if (constraint !== undefined) {
      const object = objects.get(constraint)!;
      objects.set(constraint, {
        ...object,
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
      create: attached ? [] : [row.definition, ...after],
      drop: attached ? null : [`DROP INDEX ${row.name}`],
      address: `pg_class ${row.oid} 0`,
    });
    commentName.set(id, `INDEX ${row.name}`);
  }
  for (const row of rows.statistics) {
    const table = relationNames(row.relation);
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

  // ── what hangs on tables ───────────────────────────────────────────────────────────────────────────────────────
  const commands: Readonly<Record<string, string>> = {
    r: 'SELECT',
    a: 'INSERT',
    w: 'UPDATE',
    d: 'DELETE',
    '*': 'ALL',
  };
  for (const row of rows.policies) {
    const relation = relations.get(row.relation);
    if (relation === undefined) continue;
    const roles = (row.roles as string[]).map((role) => (role === 'public' ? 'PUBLIC' : role));
    const sql = [
      `CREATE POLICY ${row.name} ON ${relation.name}`,
      `${row.permissive ? '' : ' AS RESTRICTIVE'} FOR ${commands[row.command]} TO ${roles.join(', ')}`,
      row.using === null ? '' : `\n  USING (${row.using})`,
      row.check === null ? '' : `\n  WITH CHECK (${row.check})`,
    ].join('');
    const id = add({
      kind: 'policy',
      identity: `${row.name} on ${relation.name}`,
      parent: idOf(`pg_class ${row.relation} 0`),
      definition: sql,
      properties: {
        table: relation.name,
        name: row.name,
        command: commands[row.command]!.toLowerCase(),
        permissive: row.permissive,
        roles: row.roles,
        using: row.using,
        check: row.check,
      },
      create: [sql],
      drop: [`DROP POLICY ${row.name} ON ${relation.name}`],
      address: `pg_policy ${row.oid} 0`,
      needs: (row.roles as string[]).map((role) => (objects.has(`role ${role}`) ? `role ${role}` : null)),
    });
    commentName.set(id, `POLICY ${row.name} ON ${relation.name}`);
  }
  for (const row of rows.triggers) {
    const relation = relations.get(row.relation);
    if (relation === undefined) continue;
    const enabled = triggerState(row.enabled, 'TRIGGER', relation.name, row.name);
    const id = add({
      kind: 'trigger',
      identity: `${row.name} on ${relation.name}`,
      parent: idOf(`pg_class ${row.relation} 0`),
      definition: `${row.definition}${enabled.word}`,
      properties: { table: relation.name, name: row.name, enabled: row.enabled, sql: row.definition },
      create: [row.definition, ...enabled.sql],
      drop: [`DROP TRIGGER ${row.name} ON ${relation.name}`],
      address: `pg_trigger ${row.oid} 0`,
    });
    commentName.set(id, `TRIGGER ${row.name} ON ${relation.name}`);
  }
  for (const row of rows.rules) {
    const relation = relations.get(row.relation);
    if (relation === undefined) continue;
    if (row.definition === null) {
      const view = idOf(`pg_class ${row.relation} 0`);
      if (view !== null) point(view, `pg_rewrite ${row.oid} 0`);
      continue;
    }
    const enabled = triggerState(row.enabled, 'RULE', relation.name, row.name);
    const sql = String(row.definition).replace(/;\s*$/, '');
    const id = add({
      kind: 'rule',
      identity: `${row.name} on ${relation.name}`,
      parent: idOf(`pg_class ${row.relation} 0`),
      definition: `${sql}${enabled.word}`,
      create: [sql, ...enabled.sql],
      drop: [`DROP RULE ${row.name} ON ${relation.name}`],
      address: `pg_rewrite ${row.oid} 0`,
    });
    commentName.set(id, `RULE ${row.name} ON ${relation.name}`);
  }

  // ── publications, event triggers, default privileges, the rest ─────────────────────────────────────────────────
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
  for (const row of rows.eventTriggers) {
    const tags = row.tags === null ? '' : ` WHEN TAG IN (${row.tags.map(literal).join(', ')})`;
    const states: Readonly<Record<string, string>> = {
      D: 'DISABLE',
      R: 'ENABLE REPLICA',
      A: 'ENABLE ALWAYS',
    };
    const create = [
      `CREATE EVENT TRIGGER ${row.name} ON ${row.event}${tags} EXECUTE FUNCTION ${row.function_name}()`,
      ...(row.enabled === 'O' ? [] : [`ALTER EVENT TRIGGER ${row.name} ${states[row.enabled]}`]),
      ...ownerTo('EVENT TRIGGER', row.name, row.owner),
    ];
    const id = add({
      kind: 'event trigger',
      identity: row.name,
      definition: create.join(';\n'),
      create,
      drop: [`DROP EVENT TRIGGER ${row.name}`],
      needs: [idOf(`pg_proc ${row.function} 0`)],
      address: `pg_event_trigger ${row.oid} 0`,
    });
    commentName.set(id, `EVENT TRIGGER ${row.name}`);
  }
  const objectClasses: Readonly<Record<string, string>> = {
    r: 'TABLES',
    S: 'SEQUENCES',
    f: 'FUNCTIONS',
    T: 'TYPES',
    n: 'SCHEMAS',
  };
  for (const { role, schema, class: objectClass, acl, base } of rows.defaultPrivileges) {
    const on = objectClasses[objectClass]!;
    const to = Object.fromEntries(parseAcl(acl).map((entry) => [entry.grantee, entry.privileges]));
    const from = Object.fromEntries(parseAcl(base).map((entry) => [entry.grantee, entry.privileges]));
    const prefix = `ALTER DEFAULT PRIVILEGES FOR ROLE ${role}${schema === null ? '' : ` IN SCHEMA ${schema}`} `;
    const change = (a: Record<string, string>, b: Record<string, string>) =>
      [...new Set([...Object.keys(a), ...Object.keys(b)])]
        .sort()
        .flatMap((grantee) => changePrivileges(a[grantee] ?? '', b[grantee] ?? '', { on, grantee, prefix }));
    add({
      kind: 'default privilege',
      identity: `${on.toLowerCase()} by ${role}${schema === null ? '' : ` in ${schema}`}`,
      parent: schema === null ? null : schemaId(schema),
      definition: Object.entries(to)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([grantee, privileges]) => `${grantee}: ${privilegeWords(privileges)}`)
        .join('\n'),
      properties: { role, schema, on, prefix, to, from },
      create: change(from, to),
      drop: change(to, from),
      needs: [objects.has(`role ${role}`) ? `role ${role}` : null],
    });
  }
  for (const { class: catalog, oid, type, identity, definition } of rows.others) {
    const id = add({
      kind: 'other',
      identity: `${type} ${identity}`,
      definition: JSON.stringify(definition),
      drop: [`DROP ${type.toUpperCase()} ${identity}`],
      address: `${catalog} ${oid} 0`,
    });
    commentName.set(id, `${type.toUpperCase()} ${identity}`);
  }

  // ── rows that are schema ───────────────────────────────────────────────────────────────────────────────────────
  for (const { row } of rows.buckets) {
    const given = Object.entries(row as Record<string, unknown>).filter(([, value]) => value !== null);
    add({
      kind: 'bucket',
      identity: row.id,
      definition: given.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', '),
      properties: row,
      create: [
        `INSERT INTO storage.buckets (${given.map(([key]) => key).join(', ')}) VALUES (${given
          .map(([, value]) => valueLiteral(value))
          .join(', ')})`,
      ],
      // Storage's own trigger refuses a DELETE that does not say it means it.
      drop: [
        `DO ${dollarQuote(
          `begin\n  perform set_config('storage.allow_delete_query', 'true', true);\n  delete from storage.buckets where id = ${literal(row.id)};\nend`,
        )}`,
      ],
    });
  }
  for (const { jobid, name, schedule, command, database, username, active } of rows.cronJobs) {
    add({
      kind: 'cron job',
      identity: name ?? command,
      definition: `${schedule} ${command}${active ? '' : ' (inactive)'}`,
      properties: { name, schedule, command, active, username, here: database },
      create: [
        `SELECT cron.schedule(${[...(name === null ? [] : [name]), schedule, command].map(literal).join(', ')})`,
        ...(active || name === null
          ? []
          : [
              `SELECT cron.alter_job(job_id => (SELECT jobid FROM cron.job WHERE jobname = ${literal(name)}), active => false)`,
            ]),
      ],
      drop: [
        name === null
          ? `SELECT cron.unschedule(jobid) FROM cron.job WHERE command = ${literal(command)}`
          : `SELECT cron.unschedule(${literal(name)})`,
      ],
      address: `cron.job ${jobid} 0`,
    });
  }

  // ── comments ───────────────────────────────────────────────────────────────────────────────────────────────────
  for (const { class: classOid, oid, sub, text } of rows.comments) {
    const catalog = classes[classOid];
    let target = idOf(`${catalog} ${oid} ${sub}`);
    if (target === null || target.startsWith('extension ') !== (catalog === 'pg_extension')) continue;
    // A comment on a primary key's index is one on the constraint's index; columns of views are part of the view.
    if (sub > 0 && !target.startsWith('column ')) {
      const column = columnsOf.get(oid)?.find((entry) => entry.number === sub);
      if (column === undefined) continue;
      target = `column ${relations.get(oid)?.name}.${column.name}`;
    }
    const on = commentName.get(target);
    if (on === undefined) continue;
    add({
      kind: 'comment',
      identity: on.replace(/^[A-Z ]+(?= )/, (word) => word.toLowerCase()),
      parent: objects.has(target) ? target : idOf(`${catalog} ${oid} 0`),
      definition: text,
      create: [`COMMENT ON ${on} IS ${literal(text)}`],
      drop: [`COMMENT ON ${on} IS NULL`],
    });
  }

  // ── who needs whom ─────────────────────────────────────────────────────────────────────────────────────────────
  for (const line of String(rows.dependencies[0]?.text ?? '').split('\n')) {
    const [catalog, oid, sub, refCatalog, refOid, refSub] = line.split(' ') as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const resolve = (c: string, o: string, s: string) =>
      idOf(`${classes[c]} ${o} ${s}`) ?? (s === '0' ? null : idOf(`${classes[c]} ${o} 0`));
    const from = resolve(catalog, oid, sub);
    const to = resolve(refCatalog, refOid, refSub);
    if (from === null || to === null || from === to) continue;
    // A sequence goes with its column, but is made before it: "sequence owner" stands for that bond.
    if (from.startsWith('sequence ') && to.startsWith('column ')) continue;
    dependencies.get(from)?.add(to);
  }
  for (const [id, object] of objects) {
    const needs = [...dependencies.get(id)!].filter((need) => need !== id && objects.has(need));
    (object.dependencies as string[]).push(...needs.sort());
  }
  const ordered = new Map([...objects].sort(([a], [b]) => (a < b ? -1 : 1)));
  const own = (key: string) =>
    parseAcl(server[key]).find((entry) => entry.grantee !== 'PUBLIC')?.privileges ?? '';
  return {
    objects: ordered,
    major,
    ownerPrivileges: {
      table: own('table'),
      sequence: own('sequence'),
      function: own('function'),
      type: own('type'),
      schema: own('schema'),
    },
  };
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

function aggregateDefinition(row: CatalogRow): string {
  const { sfunc, stype, finalfunc, combinefunc, initcond, parallel } = row.aggregate;
  const options = [
    `SFUNC = ${sfunc}`,
    `STYPE = ${stype}`,
    finalfunc && `FINALFUNC = ${finalfunc}`,
    combinefunc && `COMBINEFUNC = ${combinefunc}`,
    initcond !== null && `INITCOND = ${literal(initcond)}`,
    parallel !== 'u' && `PARALLEL = ${parallel === 's' ? 'SAFE' : 'RESTRICTED'}`,
  ].filter(Boolean);
  const name = row.identity.slice(
    0,
    row.identity.length - /\([^()]*(\([^()]*\)[^()]*)*\)$/.exec(row.identity)![0].length,
  );
  return `CREATE AGGREGATE ${name}(${row.arguments || '*'}) (${options.join(', ')})`;
}

/** All of a sequence's parameters. */
function sequenceOptions(row: CatalogRow): string {
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
function unusualOptions(row: CatalogRow, type = true): string {
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

function columnDefinition(
  column: CatalogRow,
  sequence: CatalogRow | undefined,
  relations: ReadonlyMap<string, CatalogRow>,
): string {
  const parts = [column.name, column.type];
  if (column.collation !== null) parts.push(`COLLATE ${column.collation}`);
  if (column.generated) {
    parts.push(`GENERATED ALWAYS AS (${column.default})${column.generated === 's' ? ' STORED' : ' VIRTUAL'}`);
  }
  if (column.identity && sequence) {
    const when = column.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT';
    const options = unusualOptions(sequence, false);
    const name = relations.get(sequence.oid)?.name;
    // The name that Postgres chooses unasked is left to it.
    const usual = name === usualSequence(column, relations);
    const inside = [usual ? '' : `SEQUENCE NAME ${name}`, options].filter(Boolean).join(' ');
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
function columnSettings(table: string, column: CatalogRow): string[] {
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

function createTable(
  row: CatalogRow,
  columns: readonly CatalogRow[],
  sequences: ReadonlyMap<string, CatalogRow>,
  relations: ReadonlyMap<string, CatalogRow>,
): string[] {
  const { name } = row;
  const foreign = row.kind === 'f';
  const partition = row.bound !== null;
  const listed = partition ? columns : columns.filter((column) => column.local || column.inherited === 0);
  const body = listed
    .map(
      (column) => `\n  ${columnDefinition(column, sequences.get(`${row.oid} ${column.number}`), relations)}`,
    )
    .join(',');
  const parents = partition ? [] : (row.parents ?? []);
  const unlogged = row.persistence === 'u' ? 'UNLOGGED ' : '';
  const options = [
    ...(row.options ?? []),
    ...(row.toast_options ?? []).map((option: string) => `toast.${option}`),
  ];
  const head = foreign
    ? `CREATE FOREIGN TABLE ${name} (${body}\n) SERVER ${row.server}${foreignOptions(row.foreign_options)}`
    : [
        `CREATE ${unlogged}TABLE ${name} (${body}${body ? '\n' : ''})`,
        parents.length > 0 && `INHERITS (${parents.join(', ')})`,
        row.partition_key && `PARTITION BY ${row.partition_key}`,
        row.access_method && `USING ${row.access_method}`,
        options.length > 0 && `WITH (${options.join(', ')})`,
        row.tablespace && `TABLESPACE ${row.tablespace}`,
      ]
        .filter(Boolean)
        .join(' ');
  const identities: Readonly<Record<string, string>> = { n: 'NOTHING', f: 'FULL' };
  return [
    head,
    ...(partition ? [`ALTER TABLE ${row.parents[0]} ATTACH PARTITION ${name} ${row.bound}`] : []),
    ...listed.flatMap((column) => columnSettings(name, column)),
    ...(identities[row.replica_identity]
      ? [`ALTER TABLE ${name} REPLICA IDENTITY ${identities[row.replica_identity]}`]
      : []),
    ...(row.owner === 'postgres'
      ? []
      : [`ALTER ${foreign ? 'FOREIGN ' : ''}TABLE ${name} OWNER TO ${row.owner}`]),
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

function foreignOptions(options: readonly string[] | null): string {
  if (!options || options.length === 0) return '';
  const pairs = options.map((option) => {
    const at = option.indexOf('=');
    return `${option.slice(0, at)} ${literal(option.slice(at + 1))}`;
  });
  return ` OPTIONS (${pairs.join(', ')})`;
}

function triggerState(enabled: string, word: 'TRIGGER' | 'RULE', table: string, name: string) {
  const states: Readonly<Record<string, string>> = { D: 'DISABLE', R: 'ENABLE REPLICA', A: 'ENABLE ALWAYS' };
  const state = states[enabled];
  return {
    word: state === undefined ? '' : ` -- ${state.toLowerCase()}`,
    sql: state === undefined ? [] : [`ALTER TABLE ${table} ${state} ${word} ${name}`],
  };
}

function valueLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) {
    const elements = value.map(
      (element) => `"${String(element).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
    );
    return literal(`{${elements.join(',')}}`);
  }
  return literal(typeof value === 'string' ? value : JSON.stringify(value));
}

function groupBy(rows: readonly CatalogRow[], key: string): Map<string, CatalogRow[]> {
  const groups = new Map<string, CatalogRow[]>();
  for (const row of rows) {
    const group = groups.get(row[key]);
    if (group) group.push(row);
    else groups.set(row[key], [row]);
  }
  return groups;
}

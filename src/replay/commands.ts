/**
 * How a statement of a migration is sent. Most go as they are, as role `postgres`. What Supabase lets `postgres` do by
 * an extension of its own (supautils) takes a detour here; what it refuses, and a plain Postgres would allow, is refused.
 */
import { extensionPlan, platformRoles, policyTables } from '../database/platform/index.ts';
import type { Statement, SyntaxNode } from '../model/sql.ts';
import { extensionsIn } from './extensions.ts';

export interface Surroundings {
  readonly engine: 'embedded' | 'server';
  /** Opens the detour (see `detour.ts`). */
  readonly secret: string;
  /** The database's own name: `postgres` on Supabase, another on a server. */
  readonly database: string;
  /** Extensions whose files this Postgres has: some that are missing elsewhere are there on Supabase's own image. */
  readonly available: ReadonlySet<string>;
  /** pgTAP's own SQL, for a server that does not have it. */
  readonly pgtap: string | null;
}

export type Command =
  | {
      readonly kind: 'run';
      /** In this order, in one transaction with what stands around them. `main` is the index of the statement itself. */
      readonly sql: readonly string[];
      readonly main: number;
      /** True where `sql[main]` is the statement's own text, so that positions of errors in it hold. */
      readonly verbatim: boolean;
    }
  | {
      readonly kind: 'pass over';
      readonly reason: string;
    };

export function commandFor(statement: Statement, around: Surroundings): Command {
  const { kind, node, sql } = statement;
  const plain: Command = { kind: 'run', sql: [sql], main: 0, verbatim: true };
  const instead = (text: string): Command => ({ kind: 'run', sql: [text], main: 0, verbatim: false });
  const detour = () => instead(detourSql(sql, around.secret));

  switch (kind) {
    case 'CreatePolicyStmt':
    case 'AlterPolicyStmt':
      return policyTables.has(relationKey(node.table)) ? detour() : plain;
    case 'RenameStmt':
      if (node.renameType === 'OBJECT_POLICY' && policyTables.has(relationKey(node.relation)))
        return detour();
      if (node.renameType === 'OBJECT_ROLE' && platformRoles.has(node.subname)) {
        return instead(refusal(node.subname));
      }
      return plain;
    case 'DropStmt':
      switch (node.removeType) {
        case 'OBJECT_POLICY':
        case 'OBJECT_TRIGGER':
          return (node.objects ?? []).every((object: SyntaxNode) => policyTables.has(droppedFrom(object)))
            ? detour()
            : plain;
        case 'OBJECT_EXTENSION':
        case 'OBJECT_EVENT_TRIGGER':
        case 'OBJECT_FDW':
          return detour();
        default:
          return plain;
      }
    case 'CreateExtensionStmt':
      return createExtension(statement, around);
    case 'IndexStmt':
      return around.engine === 'server' &&
        vectorMethods.has(node.accessMethod) &&
        !around.available.has('vector')
        ? instead(withoutVectorMethod(statement))
        : plain;
    case 'AlterExtensionStmt':
      // A stand-in has one version.
      return standInFor(node.extname, around) ? instead(existsSql(node.extname)) : detour();
    case 'CreateEventTrigStmt':
    case 'AlterEventTrigStmt':
    case 'AlterFdwStmt':
      return detour();
    case 'AlterObjectSchemaStmt':
      return node.objectType === 'OBJECT_EXTENSION' ? detour() : plain;
    case 'CommentStmt':
      if (node.objtype === 'OBJECT_EXTENSION' || node.objtype === 'OBJECT_EVENT_TRIGGER') return detour();
      return node.objtype === 'OBJECT_DATABASE' ? ownDatabase(statement, around) : plain;
    case 'CreateSubscriptionStmt':
      return {
        kind: 'pass over',
        reason: 'A subscription connects to another server, and nothing is reached from here.',
      };
    case 'CreateFdwStmt': {
      const grant = `grant usage on foreign data wrapper ${quoted(node.fdwname)} to postgres with grant option`;
      return {
        kind: 'run',
        sql: [detourSql(sql, around.secret), detourSql(grant, around.secret)],
        main: 0,
        verbatim: false,
      };
    }
    case 'CreatePublicationStmt':
      return node.for_all_tables ? detour() : plain;
    case 'AlterDatabaseSetStmt':
    case 'AlterDatabaseStmt':
    case 'AlterOwnerStmt':
    case 'GrantStmt':
      return kind.startsWith('AlterDatabase') ||
        node.objectType === 'OBJECT_DATABASE' ||
        node.objtype === 'OBJECT_DATABASE'
        ? ownDatabase(statement, around)
        : plain;
    case 'AlterRoleStmt': {
      // GRANT-like forms (ALTER GROUP … ADD USER) are memberships, not attributes.
      const role: string | undefined = node.role?.rolename;
      const isMembership = (node.options ?? []).some(
        (option: SyntaxNode) => option.DefElem?.defname === 'rolemembers',
      );
      return role !== undefined && role !== 'postgres' && platformRoles.has(role) && !isMembership
        ? instead(refusal(role))
        : plain;
    }
    case 'AlterRoleSetStmt': {
      const role: string | undefined = node.role?.rolename;
      if (role === undefined || role === 'postgres' || !platformRoles.has(role)) return plain;
      return configurableRoles.has(role) ? detour() : instead(refusal(role));
    }
    case 'DropRoleStmt': {
      const reserved = (node.roles ?? [])
        .map((role: SyntaxNode) => role.RoleSpec?.rolename)
        .find((name: string) => platformRoles.has(name));
      if (reserved !== undefined) return instead(refusal(reserved));
      return around.engine === 'server' ? instead(dropRoles(statement, around.secret)) : plain;
    }
    case 'VariableSetStmt':
      return node.name === 'session_authorization' ? sessionAuthorization(node) : plain;
    case 'DiscardStmt':
      // It ends with RESET SESSION AUTHORIZATION, and on the embedded engine the login is a superuser's.
      return node.target === 'DISCARD_ALL' && around.engine === 'embedded'
        ? instead('reset all; discard plans; discard temp')
        : plain;
    case 'DoStmt':
      return doBlock(statement, around);
    default:
      return plain;
  }
}

/** The function that runs one command as superuser for whoever knows the secret: see `detour.ts`. */
export const detourSql = (command: string, secret: string): string =>
  `select pg_catalog.migration_guard_run(${literal(secret)}, ${literal(command)})`;
const apartSql = (command: string, secret: string): string =>
  `select pg_catalog.migration_guard_run_apart(${literal(secret)}, ${literal(command)})`;

/** Supabase offers it, and this Postgres has neither it nor a stand-in. */
export function isMissing(extension: string, around: Surroundings): boolean {
  const plan = extensionPlan(extension, null, around.engine);
  if (extension === 'pgtap' && around.pgtap !== null) return false;
  return plan.extension !== null && plan.kind === 'missing' && !around.available.has(extension);
}

/** Libraries that a server may have and that do nothing outside their database: better than any stand-in. */
const realWhereThere = new Set([
  'vector',
  'postgis',
  'pgtap',
  'pg_jsonschema',
  'pg_hashids',
  'plpgsql_check',
]);

const isRealHere = (extension: string, around: Surroundings): boolean =>
  around.engine === 'server' && realWhereThere.has(extension) && around.available.has(extension);

function standInFor(extension: string, around: Surroundings): boolean {
  return !isRealHere(extension, around) && extensionPlan(extension, null, around.engine).sql !== null;
}

const existsSql = (extension: string): string => `do $guard$ begin
  if not exists (select from pg_catalog.pg_extension where extname = ${literal(extension)}) then
    raise undefined_object using message = ${literal(`extension "${extension}" does not exist`)};
  end if;
end $guard$`;

const pgtapSql = (sql: string, schema: string, secret: string): string =>
  apartSql(
    `do $guard$ begin
  if to_regproc(${literal(`${quoted(schema)}.throws_ok`)}) is null and to_regprocedure(${literal(`${quoted(schema)}.plan(integer)`)}) is null then
    execute ${literal(`create schema if not exists ${quoted(schema)}; set local search_path = ${quoted(schema)}; ${sql}`)};
  end if;
end $guard$`,
    secret,
  );

const vectorMethods = new Set(['hnsw', 'ivfflat']);

/** The same index, by name, table and condition, on whether there is a vector at all. */
function withoutVectorMethod({ sql, node }: Statement): string {
  const column: string | undefined = node.indexParams?.[0]?.IndexElem?.name;
  const method =
    /\busing\s+"?(?:hnsw|ivfflat)"?\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)(?:\s*with\s*\([^()]*\))?/i;
  return sql.replace(method, `((${column ? `${quoted(column)} is not null` : 'true'}))`);
}

function createExtension(statement: Statement, around: Surroundings): Command {
  const { node, sql } = statement;
  const option = (node.options ?? []).find((entry: SyntaxNode) => entry.DefElem?.defname === 'schema');
  const schema: string | null = option?.DefElem.arg?.String?.sval ?? null;
  const plan = extensionPlan(node.extname, schema, around.engine);
  // Unknown to Supabase: Postgres says so itself.
  if (plan.extension === null) return { kind: 'run', sql: [sql], main: 0, verbatim: true };
  if (isMissing(node.extname, around)) {
    return {
      kind: 'pass over',
      reason: `The extension "${node.extname}" is not available on this engine.`,
    };
  }
  const anyVersion = sql.replace(/\bversion\s+('[^']*'|"[^"]*"|[\w.]+)/i, '');
  if (isRealHere(node.extname, around)) {
    return { kind: 'run', sql: [detourSql(anyVersion, around.secret)], main: 0, verbatim: false };
  }
  if (node.extname === 'pgtap' && around.pgtap !== null) {
    return {
      kind: 'run',
      sql: [pgtapSql(around.pgtap, schema ?? 'public', around.secret)],
      main: 0,
      verbatim: false,
    };
  }
  const keptIn = keepIn[node.extname];
  if (keptIn !== undefined) {
    return {
      kind: 'run',
      sql: [detourSql(sql, around.secret), apartSql(keptIn, around.secret)],
      main: 0,
      verbatim: false,
    };
  }
  if (plan.sql === null) {
    return plan.role === 'postgres'
      ? { kind: 'run', sql: [sql], main: 0, verbatim: true }
      : { kind: 'run', sql: [detourSql(sql, around.secret)], main: 0, verbatim: false };
  }
  return {
    kind: 'run',
    sql: [installSql(node.extname, plan.sql, around.secret, node.if_not_exists === true)],
    main: 0,
    verbatim: false,
  };
}

/**
 * Nothing is to be reached from here by SQL. dblink's functions that connect are for no one, postgres with its default
 * privileges included; foreign servers and tables can be made, as on the platform where `postgres` owns the wrapper, and
 * not read.
 */
const keepIn: Readonly<Record<string, string>> = {
  postgres_fdw: `alter foreign data wrapper postgres_fdw no handler;
    grant usage on foreign data wrapper postgres_fdw to postgres with grant option`,
  dblink: `do $guard$ declare f regprocedure; begin
  for f in select objid::regprocedure from pg_catalog.pg_depend d join pg_catalog.pg_proc p on p.oid = d.objid
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.deptype = 'e' and p.proname ~ '^dblink(_connect|_connect_u|_exec|_open|_send_query)?$'
      and d.refobjid = (select oid from pg_catalog.pg_extension where extname = 'dblink')
  loop execute format('revoke execute on function %s from public, postgres', f); end loop;
end $guard$`,
};

/** A stand-in's SQL in place of CREATE EXTENSION; one that is there already is Postgres' own affair. */
function installSql(name: string, sql: string, secret: string, ifNotExists: boolean): string {
  const again = ifNotExists
    ? 'null'
    : `raise duplicate_object using message = ${literal(`extension "${name}" already exists`)}`;
  return apartSql(
    `do $guard$ begin
  if exists (select from pg_catalog.pg_extension where extname = ${literal(name)}) then ${again};
  else execute ${literal(sql)};
  end if;
end $guard$`,
    secret,
  );
}

/**
 * A DO block goes as it is, with two doors opened around it where its text asks for them: policies on the platform's
 * tables (by membership in their owner, for the length of the block), and stand-ins for extensions it creates.
 */
function doBlock({ sql }: Statement, around: Surroundings): Command {
  const before: string[] = [];
  const after: string[] = [];
  if (/\bpolicy\b/i.test(sql)) {
    const owners = new Set<string>();
    for (const [table, owner] of policyTables) {
      const [schema, name] = table.split('.');
      if (new RegExp(`\\b${schema}"?\\s*\\.\\s*"?${name}\\b`, 'i').test(sql)) owners.add(owner);
    }
    // A block that also alters such a table must still be told that it is not the owner.
    const alters = /\balter\s+table\s+(if\s+exists\s+)?(only\s+)?"?(storage|auth|realtime)"?\s*\./i.test(sql);
    for (const owner of alters ? [] : owners) {
      before.push(detourSql(`grant ${owner} to postgres`, around.secret));
      after.push(detourSql(`revoke ${owner} from postgres`, around.secret));
    }
  }
  if (around.engine === 'server') {
    for (const { name, schema } of extensionsIn(sql)) {
      const plan = extensionPlan(name, schema, 'server');
      const isReal = isRealHere(name, around);
      if (plan.sql !== null && !isReal) before.push(installSql(name, plan.sql, around.secret, true));
      else if ((plan.kind === 'real' && plan.role === 'supabase_admin') || isReal) {
        const where = schema ? ` schema ${quoted(schema)}` : '';
        before.push(detourSql(`create extension if not exists ${quoted(name)}${where}`, around.secret));
        if (keepIn[name] !== undefined) before.push(apartSql(keepIn[name], around.secret));
      }
    }
  }
  return { kind: 'run', sql: [...before, sql, ...after], main: before.length, verbatim: true };
}

/** On Supabase the login is `postgres`: going back to it changes nothing, going elsewhere takes a superuser. */
function sessionAuthorization(node: SyntaxNode): Command {
  const to: string | undefined = node.args?.[0]?.A_Const?.sval?.sval;
  const stays = node.kind === 'VAR_RESET' || node.kind === 'VAR_SET_DEFAULT' || to === 'postgres';
  const sql = stays
    ? 'reset role'
    : raise('insufficient_privilege', `permission denied to set session authorization "${to ?? ''}"`);
  return { kind: 'run', sql: [sql], main: 0, verbatim: false };
}

/** supautils.reserved_roles: those with a star there may be given settings, and nothing else. */
const configurableRoles = new Set(['anon', 'authenticated', 'authenticator', 'service_role']);

/**
 * Copies of the database (checkpoints) stand on the same server, and what a role owns there would keep it. Where that is
 * all there is, the role leaves by another name.
 */
function dropRoles({ sql, node }: Statement, secret: string): string {
  const names: string[] = (node.roles ?? [])
    .map((role: SyntaxNode) => role.RoleSpec?.rolename)
    .filter(Boolean);
  const list = `array[${names.map(literal).join(',')}]::pg_catalog.text[]`;
  const same = 'operator(pg_catalog.=)';
  // It runs as `postgres` and holds the secret: nothing in it may be taken for a name of the project's.
  return `do $guard$ declare gone record; begin
  execute ${literal(sql)};
exception when dependent_objects_still_exist then
  if exists (select from pg_catalog.pg_shdepend d join pg_catalog.pg_roles r on r.oid ${same} d.refobjid
    where r.rolname ${same} any (${list}) and d.refclassid ${same} 'pg_catalog.pg_authid'::pg_catalog.regclass::pg_catalog.oid
      and d.dbid ${same} (select oid from pg_catalog.pg_database where datname ${same} pg_catalog.current_database())) then raise;
  end if;
  for gone in select oid, rolname from pg_catalog.pg_roles where rolname ${same} any (${list}) loop
    perform pg_catalog.migration_guard_run(${literal(secret)},
      pg_catalog.format('alter role %I rename to migration_guard_aside_%s', gone.rolname, gone.oid));
  end loop;
end $guard$`;
}

/** What supautils says to anyone but a superuser. */
const refusal = (role: string): string =>
  raise('insufficient_privilege', `"${role}" is a reserved role, only superusers can modify it`);

const raise = (condition: string, message: string): string =>
  `do $guard$ begin raise ${condition} using message = ${literal(message)}; end $guard$`;

/** A project's database is called `postgres`; here it may bear another name. */
function ownDatabase({ sql }: Statement, around: Surroundings): Command {
  if (around.database === 'postgres') return { kind: 'run', sql: [sql], main: 0, verbatim: true };
  const renamed = sql.replace(/\b(database\s+)"?postgres"?(?![\w$])/i, `$1${quoted(around.database)}`);
  return { kind: 'run', sql: [renamed], main: 0, verbatim: renamed === sql };
}

const relationKey = (relation: SyntaxNode | undefined): string =>
  `${relation?.schemaname ?? ''}.${relation?.relname ?? ''}`;

function droppedFrom(object: SyntaxNode): string {
  const names: string[] = (object.List?.items ?? []).map((item: SyntaxNode) => item.String?.sval ?? '');
  return names.length === 3 ? `${names[0]}.${names[1]}` : '';
}

export const literal = (text: string): string =>
  text.includes('\\')
    ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

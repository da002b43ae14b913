/**
 * What stands behind CREATE EXTENSION. Supabase offers some eighty; four answers are possible here:
 * - `real`: part of Postgres (or of the embedded bundle) and installed as it is;
 * - `stand-in`: SQL of ours with the same names and signatures, which records instead of acting;
 * - `accepted`: the statement succeeds and brings nothing;
 * - `missing`: not checkable here.
 *
 * The embedded engine writes `extensionFiles()` into its share folder: there CREATE, ALTER, DROP and COMMENT ON EXTENSION,
 * pg_extension and pg_available_extensions work by themselves, in DO blocks too, and as role postgres, because every
 * control file says `trusted` (that is what supautils does on the platform). On a server nothing can be written beside
 * Postgres: there `extensionPlan` gives the SQL to run, as superuser, in place of the statement.
 */
import { serverOnlySql } from './server-only.ts';
import { standInSql } from './sql.ts';

export type ExtensionKind = 'real' | 'stand-in' | 'accepted' | 'missing';

export interface Bundle {
  readonly module: string;
  readonly export: string;
  readonly file: string;
}

export interface Extension {
  readonly name: string;
  /** Postgres majors on which Supabase offers it. */
  readonly offered: readonly number[];
  readonly kind: { readonly embedded: ExtensionKind; readonly server: ExtensionKind };
  /** The PGlite bundle it stands on: module below `@electric-sql/pglite/`, its export, its `.tar.gz`; null where none is needed. */
  readonly bundle: Bundle | null;
  /** Always loaded into the embedded engine: already in the snapshot. */
  readonly always: boolean;
  /** Where its control file puts it whatever the statement says; null: where the statement or search_path says. */
  readonly schema: string | null;
  /** Supabase creates it as supabase_admin (true) or as the caller. */
  readonly privileged: boolean;
  readonly version: string;
  /** Names it needs to be there first. */
  readonly requires: readonly string[];
}

type Spec = Partial<Omit<Extension, 'name' | 'kind' | 'bundle'>> & {
  readonly kind?: ExtensionKind;
  readonly server?: ExtensionKind;
  readonly bundle?: string;
};

const both = [15, 17];
const contrib = 'contrib/';

/** Left out: `offered` 15 and 17, not always, no schema of its own, privileged, version 1.0, needs nothing. */
const specs: Readonly<Record<string, Spec>> = {
  plpgsql: { kind: 'real', always: true },
  pgcrypto: { kind: 'real', bundle: `${contrib}pgcrypto`, always: true },
  'uuid-ossp': { kind: 'real', bundle: `${contrib}uuid_ossp`, always: true },

  bloom: { kind: 'real', bundle: `${contrib}bloom` },
  btree_gin: { kind: 'real', bundle: `${contrib}btree_gin` },
  btree_gist: { kind: 'real', bundle: `${contrib}btree_gist` },
  citext: { kind: 'real', bundle: `${contrib}citext` },
  cube: { kind: 'real', bundle: `${contrib}cube` },
  dict_int: { kind: 'real', bundle: `${contrib}dict_int` },
  dict_xsyn: { kind: 'real', bundle: `${contrib}dict_xsyn` },
  earthdistance: { kind: 'real', bundle: `${contrib}earthdistance`, requires: ['cube'] },
  fuzzystrmatch: { kind: 'real', bundle: `${contrib}fuzzystrmatch` },
  hstore: { kind: 'real', bundle: `${contrib}hstore` },
  intarray: { kind: 'real', bundle: `${contrib}intarray` },
  isn: { kind: 'real', bundle: `${contrib}isn` },
  ltree: { kind: 'real', bundle: `${contrib}ltree` },
  pg_buffercache: { kind: 'real', bundle: `${contrib}pg_buffercache` },
  pg_trgm: { kind: 'real', bundle: `${contrib}pg_trgm` },
  pg_walinspect: { kind: 'real', bundle: `${contrib}pg_walinspect` },
  seg: { kind: 'real', bundle: `${contrib}seg` },
  tablefunc: { kind: 'real', bundle: `${contrib}tablefunc` },
  tcn: { kind: 'real', bundle: `${contrib}tcn` },
  tsm_system_rows: { kind: 'real', bundle: `${contrib}tsm_system_rows` },
  tsm_system_time: { kind: 'real', bundle: `${contrib}tsm_system_time` },
  unaccent: { kind: 'real', bundle: `${contrib}unaccent` },
  vector: { kind: 'real', bundle: 'vector', server: 'stand-in', version: '0.8.0' },
  pgtap: { kind: 'real', bundle: 'pgtap', server: 'missing', version: '1.3.3' },

  // Part of Postgres, without a bundle for the embedded engine.
  autoinc: { kind: 'missing', server: 'real' },
  dblink: { kind: 'missing', server: 'real' },
  insert_username: { kind: 'missing', server: 'real' },
  moddatetime: { kind: 'stand-in', server: 'real' },
  pg_prewarm: { kind: 'accepted', server: 'real' },
  pg_stat_statements: { kind: 'stand-in', version: '1.11' },
  pgrowlocks: { kind: 'accepted', server: 'real' },
  pgstattuple: { kind: 'accepted', server: 'real' },
  postgres_fdw: { kind: 'real', bundle: `${contrib}postgres_fdw` },
  refint: { kind: 'accepted', server: 'real' },
  sslinfo: { kind: 'accepted', server: 'real' },

  http: { kind: 'stand-in', version: '1.6' },
  hypopg: { kind: 'stand-in', version: '1.4.1' },
  index_advisor: { kind: 'stand-in', version: '0.2.0', requires: ['hypopg'] },
  pg_cron: { kind: 'stand-in', version: '1.6.4' },
  pg_graphql: { kind: 'stand-in', schema: 'graphql', version: '1.5.11' },
  pg_hashids: { kind: 'stand-in', version: '1.3' },
  pg_jsonschema: { kind: 'stand-in', version: '0.3.3' },
  pg_net: { kind: 'stand-in', version: '0.19.5' },
  pg_tle: { kind: 'stand-in', schema: 'pgtle', version: '1.4.0' },
  pgjwt: { kind: 'stand-in', version: '0.2.0', offered: [15], requires: ['pgcrypto'] },
  pgmq: { kind: 'stand-in', schema: 'pgmq', privileged: false, version: '1.5.1' },
  // Its indexes stand on btree_gist's library: the bundle has to be loaded.
  postgis: { kind: 'stand-in', bundle: `${contrib}btree_gist`, version: '3.3.7' },
  pgsodium: { kind: 'stand-in', schema: 'pgsodium', version: '3.1.9' },
  'supabase-dbdev': { kind: 'stand-in', privileged: false, version: '0.0.5' },
  // Packages of database.dev, installed through pg_tle: the two that migrations name.
  'basejump-supabase_test_helpers': { kind: 'stand-in', privileged: false, version: '0.0.6' },
  'olirice-index_advisor': { kind: 'stand-in', privileged: false, version: '0.2.0' },
  supabase_vault: { kind: 'stand-in', schema: 'vault', version: '0.3.1' },
  wrappers: { kind: 'stand-in', version: '0.5.7' },

  pg_repack: { kind: 'accepted', version: '1.5.2' },
  pg_stat_monitor: { kind: 'accepted', version: '2.1' },
  pgaudit: { kind: 'stand-in', version: '17.0' },
  plpgsql_check: { kind: 'accepted', version: '2.7' },
  supautils: { kind: 'accepted', version: '2.9' },

  address_standardizer: { kind: 'missing' },
  address_standardizer_data_us: { kind: 'missing' },
  pg_partman: { kind: 'missing', offered: [17] },
  pgroonga: { kind: 'missing' },
  pgroonga_database: { kind: 'missing' },
  pgrouting: { kind: 'missing' },
  plcoffee: { kind: 'missing', offered: [15] },
  plls: { kind: 'missing', offered: [15] },
  plv8: { kind: 'missing', offered: [15] },

  postgis_raster: { kind: 'missing' },
  postgis_sfcgal: { kind: 'missing' },
  postgis_tiger_geocoder: { kind: 'missing' },
  postgis_topology: { kind: 'missing' },
  rum: { kind: 'missing' },
  timescaledb: { kind: 'missing', offered: [15] },
};

/** What only PostGIS calls so, in an error's words. Its stand-in has the usual part of it. */
export const postgisWords =
  /\b_?(?:st|postgis|pgis|gserialized)_\w|\b(?:geometry|geography|spheroid|gidx|box2df?|box3d)(?:\b|_)|\b(?:add|drop|populate_|update)geometry|\bgeometrytype\b|\bfind_srid\b/i;

function bundle(module: string): Bundle {
  const name = module.replace(contrib, '');
  return { module, export: name, file: name === 'uuid_ossp' ? 'uuid-ossp' : name };
}

function extension(name: string, spec: Spec): Extension {
  const embedded = spec.kind ?? 'missing';
  const server = spec.server ?? embedded;
  return {
    name,
    offered: spec.offered ?? both,
    kind: { embedded, server },
    bundle: spec.bundle ? bundle(spec.bundle) : null,
    always: spec.always ?? false,
    schema: spec.schema ?? null,
    privileged: spec.privileged ?? true,
    version: spec.version ?? '1.0',
    requires: spec.requires ?? [],
  };
}

export const extensions: ReadonlyMap<string, Extension> = new Map(
  Object.entries(specs).map(([name, spec]) => [name, extension(name, spec)]),
);

export interface ExtensionPlan {
  readonly kind: ExtensionKind;
  /** Known to Supabase at all; null where nothing is known by that name. */
  readonly extension: Extension | null;
  /** Who creates it on the platform, where the statement itself is run: by supautils' leave a superuser, or the caller. */
  readonly role: 'supabase_admin' | 'postgres';
  /** To run as supabase_admin in place of CREATE EXTENSION, inside a transaction; null where the statement itself is run. */
  readonly sql: string | null;
}

const quoted = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
const text = (value: string) => `'${value.replaceAll("'", "''")}'`;

const standIn = (name: string) =>
  standInSql[name === 'olirice-index_advisor' ? 'index_advisor' : name] ?? serverOnlySql[name] ?? '';

/** Our SQL for an extension, for the schema it goes to. */
function body(extension: Extension, schema: string): string {
  return standIn(extension.name).replaceAll('@extschema@', quoted(schema));
}

/**
 * What to do about `CREATE EXTENSION name [SCHEMA schema]`. On the embedded engine with `extensionFiles()` in place the
 * statement itself is always run, whatever the kind; on a server a stand-in's SQL takes its place. It may run in the
 * caller's transaction: the extension gets its row in pg_extension and owns what the SQL made, so that
 * IF NOT EXISTS, DROP EXTENSION and ALTER EXTENSION … SET SCHEMA find it.
 */
export function extensionPlan(
  name: string,
  schema: string | null,
  engine: 'embedded' | 'server',
): ExtensionPlan {
  const found = extensions.get(name) ?? null;
  const kind = found?.kind[engine] ?? 'missing';
  const role = found?.privileged === false ? 'postgres' : 'supabase_admin';
  if (!found || engine === 'embedded' || kind === 'real' || kind === 'missing') {
    return { kind, extension: found, role, sql: null };
  }
  const home = found.schema ?? schema ?? 'public';
  const makeHome = home === 'pg_catalog' ? '' : `create schema if not exists ${quoted(home)};\n`;
  return { kind, extension: found, role, sql: `${makeHome}${registered(found, home)}` };
}

/**
 * The SQL between two marks: objects it makes have a higher oid than the extension's own row, which is taken first.
 * Rows and "belongs to" entries are written as CREATE EXTENSION would, whoever runs it: needs a superuser for that part.
 */
function registered(extension: Extension, schema: string): string {
  const name = text(extension.name);
  return `insert into pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
select pg_catalog.pg_nextoid('pg_catalog.pg_extension', 'oid', 'pg_catalog.pg_extension_oid_index'), ${name}, 'postgres'::regrole,
  ${text(schema)}::regnamespace, false, ${text(extension.version)};
select pg_catalog.set_config('guard.search_path', pg_catalog.current_setting('search_path'), true);
set local search_path = ${quoted(schema)}${schema === 'pg_catalog' ? '' : ', pg_temp'};
${body(extension, schema)}
do $register$
declare
  mark oid := (select oid from pg_catalog.pg_extension where extname = ${name});
  object record;
begin
  for object in
    select 'schema ' || quote_ident(nspname) as name from pg_catalog.pg_namespace where oid > mark
    union all
    select case relkind when 'S' then 'sequence ' when 'v' then 'view ' else 'table ' end || c.oid::regclass
    from pg_catalog.pg_class c where c.oid > mark and relkind in ('r', 'v', 'S')
      and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i'))
    union all
    select 'routine ' || oid::regprocedure from pg_catalog.pg_proc where oid > mark
    union all
    select 'operator ' || oid::regoperator from pg_catalog.pg_operator where oid > mark
    union all
    select format('operator %s %I using %I', kind, name, amname) from (
      select oid, 'family' as kind, opfname as name, opfmethod as method from pg_catalog.pg_opfamily
      union all select oid, 'class', opcname, opcmethod from pg_catalog.pg_opclass
    ) o join pg_catalog.pg_am on pg_am.oid = method where o.oid > mark
    union all
    select format('cast (%s as %s)', castsource::regtype, casttarget::regtype) from pg_catalog.pg_cast where oid > mark
    union all
    select 'type ' || t.oid::regtype from pg_catalog.pg_type t where t.oid > mark
      and (t.typtype in ('e', 'd') or t.typtype = 'b' and t.typcategory <> 'A' or exists (select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
  loop
    execute format('alter extension %I add %s', ${name}, object.name);
${extension.privileged ? '' : "    execute format('alter %s owner to postgres', object.name);\n"}  end loop;
end
$register$;
select pg_catalog.set_config('search_path', pg_catalog.current_setting('guard.search_path'), true);
`;
}

/** Control and script files of stand-ins and accepted extensions, for the embedded engine's share folder. */
export function extensionFiles(): { readonly name: string; readonly content: string }[] {
  const files: { name: string; content: string }[] = [];
  for (const extension of extensions.values()) {
    if (extension.kind.embedded !== 'stand-in' && extension.kind.embedded !== 'accepted') continue;
    const fixed = extension.schema ? `schema = '${extension.schema}'\n` : '';
    files.push({
      name: `${extension.name}.control`,
      content:
        `default_version = '${extension.version}'\nrelocatable = false\n${fixed}` +
        `${extension.privileged ? 'superuser = true\ntrusted = true\n' : 'superuser = false\n'}` +
        `${extension.requires.length > 0 ? `requires = '${extension.requires.join(', ')}'\n` : ''}`,
    });
    files.push({
      name: `${extension.name}--${extension.version}.sql`,
      content: standIn(extension.name),
    });
  }
  return files;
}

/** Makes a contrib control file `trusted`: on Supabase role postgres creates every extension that is offered. */
export function trustedControl(content: string): string {
  return /^\s*trusted\s*=/m.test(content) ? content : `${content.trimEnd()}\ntrusted = true\n`;
}

/** Bundles the embedded engine must load for SQL that names these extensions, by file name; what they require comes along. */
export function bundlesFor(names: Iterable<string>): (Bundle & { readonly name: string })[] {
  const wanted = new Set<string>();
  const add = (name: string) => {
    const found = extensions.get(name);
    if (!found || wanted.has(name)) return;
    wanted.add(name);
    found.requires.forEach(add);
  };
  for (const found of extensions.values()) if (found.always) add(found.name);
  for (const name of names) add(name);
  const bundles = [...wanted].flatMap((name) => extensions.get(name)?.bundle ?? []);
  return [...new Map(bundles.map((each) => [each.file, { name: each.file, ...each }])).values()];
}

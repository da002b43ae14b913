import { rule } from '../rule.ts';

// supautils.privileged_extensions of supabase/postgres (ansible/files/postgresql_config/supautils.conf.j2), and those
// that need no such grant because they are trusted or there already.
const offered = new Set(
  `address_standardizer address_standardizer_data_us autoinc bloom btree_gin btree_gist citext cube dblink dict_int
  dict_xsyn earthdistance fuzzystrmatch hstore http hypopg index_advisor insert_username intarray isn lo ltree
  moddatetime orioledb pg_backtrace pg_cron pg_graphql pg_hashids pg_jsonschema pg_net pg_partman pg_prewarm pg_repack
  pg_stat_monitor pg_stat_statements pg_tle pg_trgm pg_walinspect pgaudit pgcrypto pgjwt pgmq pgroonga
  pgroonga_database pgrouting pgrowlocks pgsodium pgstattuple pgtap plcoffee pljava plls plpgsql plpgsql_check plv8
  postgis postgis_raster postgis_sfcgal postgis_tiger_geocoder postgis_topology postgres_fdw refint rum seg sslinfo
  supabase_vault supautils tablefunc tcn timescaledb tsm_system_rows tsm_system_time unaccent uuid-ossp vector
  wrappers xml2`.split(/\s+/),
);

// https://github.com/orgs/supabase/discussions/35851: gone with Postgres 17.
const goneWith17 = new Set(['timescaledb', 'plv8', 'plls', 'plcoffee']);

export default rule({
  id: 'extensions/unavailable',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: "an extension that Supabase does not offer for the project's Postgres",
  why: 'CREATE EXTENSION of something that is not installed on the server fails with 0A000, and with it the file. A local database with another image may have it.',
  remedy: 'Do without it, or install it as a trusted language extension by pg_tle (database.dev).',
  since: '0.1.0',
  sources: [
    'https://github.com/supabase/postgres/blob/develop/ansible/files/postgresql_config/supautils.conf.j2',
    'https://github.com/orgs/supabase/discussions/35851',
  ],
  fixable: false,
  statement: {
    CreateExtensionStmt(node, statement, { facts, source, placeOf, report }) {
      const name: string = node.extname;
      const { major } = facts.project;
      // Names of packages on database.dev ("owner-name", "owner@name") are installed by pg_tle first.
      if (/[@]/.test(name) || (/-/.test(name) && name !== 'uuid-ossp')) return;
      // A DO block that asks first whether it can be had.
      if (/\bpg_available_extensions\b/.test(source.statements[statement.index]?.sql ?? '')) return;
      if (/\b(pgtle\.install_extension|dbdev\.install)\b/.test(source.text)) return;
      const gone = major >= 17 && goneWith17.has(name);
      if (offered.has(name) && !gone) return;
      report({
        message: gone
          ? `Supabase no longer offers the extension "${name}" with Postgres ${major}. CREATE EXTENSION fails there, and with it the file. Do without it.`
          : `Supabase does not offer the extension "${name}". CREATE EXTENSION fails there, and with it the file. Do without it, or install it by pg_tle.`,
        at: placeOf(statement),
        object: name,
      });
    },
  },
});

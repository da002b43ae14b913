/** What Supabase installs before a project's first migration. SQL lives in the files beside this one. */
import { createHash } from 'node:crypto';
import { extensionPlan } from './extensions.ts';
import { grantEraSql, platformSql, standInSql } from './sql.ts';

export {
  bundlesFor,
  type Extension,
  type ExtensionKind,
  type ExtensionPlan,
  extensionFiles,
  extensionPlan,
  extensions,
  postgisWords,
  trustedControl,
} from './extensions.ts';

export type GrantEra = 'automatic' | 'explicit';

/** Extensions that are there before the first migration, and where. The CLI's stack has pg_net, for webhooks. */
const preinstalled: readonly (readonly [name: string, schema: string])[] = [
  ['supabase_vault', 'vault'],
  ['pg_net', 'extensions'],
  ['pg_stat_statements', 'extensions'],
];

/**
 * In this order, by superuser supabase_admin, one exec a file. The bootstrap superuser must bear that name already.
 * Ends in the era of automatic grants.
 */
export function platformFiles(
  engine: 'embedded' | 'server' = 'embedded',
): { readonly name: string; readonly sql: string }[] {
  const files = Object.entries(platformSql).map(([name, sql]) => ({ name, sql }));
  const extensionsAt = files.findIndex((file) => file.name.startsWith('60-')) + 1;
  files.splice(extensionsAt, 0, {
    name: '65-preinstalled',
    sql: preinstalled
      .map(([name, schema]) => {
        const plan = extensionPlan(name, schema, engine);
        return plan.sql === null
          ? `create extension ${name} with schema ${schema};\n`
          : `begin;\n${plan.sql}commit;\n`;
      })
      .concat(
        "update pg_catalog.pg_extension set extowner = 'postgres'::regrole where extname <> 'plpgsql';\n",
      )
      .join(''),
  });
  return [...files, { name: 'grants-automatic', sql: grantsSql('automatic') }];
}

/** Default privileges of schema public from here on; objects that exist keep theirs. */
export function grantsSql(era: GrantEra): string {
  return grantEraSql[`grants-${era}`]!;
}

/** Identifies a snapshot: same text, same engine, same snapshot. */
export function platformHash(pgliteVersion: string): string {
  const text = JSON.stringify([pgliteVersion, preinstalled, platformSql, grantEraSql, standInSql]);
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Tables (and their owners) on which `postgres`, not being the owner, may still CREATE, ALTER and DROP POLICY, and DROP
 * TRIGGER: the lists supautils.policy_grants and drop_trigger_grants of the platform (supabase/postgres,
 * conf.d/supautils.conf). There every such statement, whatever its table, locks all of these until COMMIT.
 */
export const policyTables: ReadonlyMap<string, string> = new Map(
  Object.entries({
    supabase_auth_admin: [
      'audit_log_entries',
      'flow_state',
      'identities',
      'instances',
      'mfa_amr_claims',
      'mfa_challenges',
      'mfa_factors',
      'oauth_clients',
      'one_time_tokens',
      'refresh_tokens',
      'saml_providers',
      'saml_relay_states',
      'sessions',
      'sso_domains',
      'sso_providers',
      'users',
    ].map((name) => `auth.${name}`),
    supabase_realtime_admin: ['realtime.messages', 'realtime.subscription'],
    supabase_storage_admin: [
      'buckets',
      'buckets_analytics',
      'objects',
      'prefixes',
      's3_multipart_uploads',
      's3_multipart_uploads_parts',
    ].map((name) => `storage.${name}`),
  }).flatMap(([owner, tables]) => tables.map((table) => [table, owner] as const)),
);

/** Schemas that are the platform's: what a project has there is not its own schema. */
export const platformSchemas: ReadonlySet<string> = new Set([
  'auth',
  'cron',
  'dbdev',
  'extensions',
  'graphql',
  'graphql_public',
  'net',
  'pgbouncer',
  'pgmq',
  'pgsodium',
  'pgsodium_masks',
  'pgtle',
  'realtime',
  'storage',
  'supabase_functions',
  'supabase_migrations',
  'vault',
]);

/** Roles a project has not made itself. */
export const platformRoles: ReadonlySet<string> = new Set([
  'anon',
  'authenticated',
  'authenticator',
  'dashboard_user',
  'pgbouncer',
  'pgsodium_keyholder',
  'pgsodium_keyiduser',
  'pgsodium_keymaker',
  'pgtle_admin',
  'postgres',
  'service_role',
  'supabase_admin',
  'supabase_auth_admin',
  'supabase_etl_admin',
  'supabase_functions_admin',
  'supabase_privileged_role',
  'supabase_read_only_user',
  'supabase_realtime_admin',
  'supabase_replication_admin',
  'supabase_storage_admin',
]);

/**
 * A superuser session whose own name is the bootstrap superuser's can't rename it: a second one does. Ends as
 * supabase_admin; `postgres` is made by the platform files.
 */
export const renameBootstrapSql: readonly string[] = [
  'create role rename_bootstrap superuser login',
  'set session authorization rename_bootstrap',
  'alter role postgres rename to supabase_admin',
  'set session authorization supabase_admin',
  'drop role rename_bootstrap',
];

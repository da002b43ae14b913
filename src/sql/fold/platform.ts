/** What a Supabase project has before its first migration. */
import type { GrantsEra } from '../../model/replay.ts';
import type { DefaultPrivilege, Privilege, SchemaState } from '../../model/schema.ts';
import { parseSource } from '../parse.ts';
import { Draft } from './draft.ts';
import { enterEra } from './eras.ts';
import { siteOf } from './site.ts';
import { folds } from './statements.ts';

/** Made by hand until it is read from the platform's own catalog. */
const sql = `
create schema public; create schema auth; create schema storage; create schema extensions; create schema realtime;
create schema vault; create schema graphql_public; create schema supabase_migrations; create schema pgbouncer;
grant usage on schema public to public, anon, authenticated, service_role;
grant usage on schema auth to anon, authenticated, service_role;
grant usage on schema storage to anon, authenticated, service_role;
set role supabase_auth_admin;
create table auth.users (instance_id uuid, id uuid not null primary key, aud varchar(255), role varchar(255), email varchar(255),
 encrypted_password varchar(255), email_confirmed_at timestamptz, invited_at timestamptz, confirmation_token varchar(255),
 confirmation_sent_at timestamptz, recovery_token varchar(255), recovery_sent_at timestamptz, email_change_token_new varchar(255),
 email_change varchar(255), email_change_sent_at timestamptz, last_sign_in_at timestamptz, raw_app_meta_data jsonb,
 raw_user_meta_data jsonb, is_super_admin bool, created_at timestamptz, updated_at timestamptz, phone text default null,
 phone_confirmed_at timestamptz, phone_change text default '', phone_change_token varchar(255) default '',
 phone_change_sent_at timestamptz, confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
 email_change_token_current varchar(255) default '', email_change_confirm_status smallint default 0, banned_until timestamptz,
 reauthentication_token varchar(255) default '', reauthentication_sent_at timestamptz, is_sso_user boolean not null default false,
 deleted_at timestamptz, is_anonymous boolean not null default false);
alter table auth.users enable row level security;
create function auth.uid() returns uuid language sql stable as '';
create function auth.role() returns text language sql stable as '';
create function auth.email() returns text language sql stable as '';
create function auth.jwt() returns jsonb language sql stable as '';
set role supabase_storage_admin;
create table storage.buckets (id text not null primary key, name text not null, owner uuid, created_at timestamptz default now(),
 updated_at timestamptz default now(), public boolean default false, avif_autodetection boolean default false, file_size_limit bigint,
 allowed_mime_types text[], owner_id text);
create table storage.objects (id uuid not null default gen_random_uuid() primary key, bucket_id text references storage.buckets(id),
 name text, owner uuid, created_at timestamptz default now(), updated_at timestamptz default now(), last_accessed_at timestamptz default now(),
 metadata jsonb, path_tokens text[], version text, owner_id text, user_metadata jsonb);
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role, postgres;
create function storage.foldername(name text) returns text[] language plpgsql as '';
create function storage.filename(name text) returns text language plpgsql as '';
create function storage.extension(name text) returns text language plpgsql as '';
set role supabase_realtime_admin;
create table realtime.messages (topic text not null, extension text not null, payload jsonb, event text, private boolean default false,
 updated_at timestamp not null default now(), inserted_at timestamp not null default now(), id uuid not null default gen_random_uuid(),
 primary key (id, inserted_at));
alter table realtime.messages enable row level security;
reset role;
create extension pgcrypto schema extensions; create extension "uuid-ossp" schema extensions;
create extension pg_stat_statements schema extensions; create extension supabase_vault;
create publication supabase_realtime;
`;

const bare: SchemaState = {
  source: 'folded',
  schemas: new Map(),
  tables: new Map(),
  views: new Map(),
  routines: new Map(),
  types: new Map(),
  sequences: new Map(),
  extensions: new Map(),
  publications: new Map(),
  buckets: new Map(),
  defaultPrivileges: [],
  unknown: [],
  era: null,
};

export interface EmptyStateOptions {
  readonly era: GrantsEra;
}

let automatic: SchemaState | undefined;

/** The parser must have been loaded. */
export function emptyState(options: EmptyStateOptions): SchemaState {
  automatic ??= build();
  if (options.era === 'automatic') return automatic;
  const draft = new Draft(automatic);
  enterEra(draft, 'explicit');
  return draft.finish().state;
}

function build(): SchemaState {
  const draft = new Draft(bare);
  const source = parseSource('platform.sql', sql);
  for (const statement of source.statements) {
    const fold = folds[statement.kind];
    if (typeof fold === 'function') fold(draft, statement.node, siteOf(source, statement));
  }
  draft.defaultPrivileges = [
    ...grantAll('tables', [
      'select',
      'insert',
      'update',
      'delete',
      'truncate',
      'references',
      'trigger',
      'maintain',
    ]),
    ...grantAll('sequences', ['usage', 'select', 'update']),
    ...grantAll('functions', ['execute']),
  ];
  draft.era = 'automatic';
  const { state } = draft.finish();
  return { ...state, ...withoutOrigins(state) };
}

function grantAll(
  objects: DefaultPrivilege['objects'],
  privileges: readonly Privilege[],
): DefaultPrivilege[] {
  return ['anon', 'authenticated', 'service_role'].flatMap((grantee) =>
    privileges.map((privilege) => ({ role: 'postgres', schema: 'public', objects, grantee, privilege })),
  );
}

/** The platform stands in no file of the project. */
function withoutOrigins(state: SchemaState): Partial<SchemaState> {
  const strip = <V extends { readonly origin: unknown }>(map: ReadonlyMap<string, V>) =>
    new Map([...map].map(([key, value]) => [key, { ...value, origin: null }]));
  return {
    schemas: strip(state.schemas),
    tables: new Map(
      [...strip(state.tables)].map(([key, table]) => [
        key,
        {
          ...table,
          rlsOrigin: null,
          columns: table.columns.map((column) => ({ ...column, origin: null })),
          grants: table.grants.map((grant) => ({ ...grant, origin: null })),
        },
      ]),
    ),
    routines: strip(state.routines),
    extensions: strip(state.extensions),
  };
}

import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
var k={"10-roles":`-- Roles of a Supabase project, their attributes and memberships.
-- Run by the bootstrap superuser, already named supabase_admin. \`postgres\` is what migrations run as: powerful, no superuser.
-- Roles belong to the whole cluster, and databases come and go: everything here may run a second time.

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('postgres',                   'login createrole createdb replication bypassrls inherit'),
      ('anon',                       'nologin inherit'),
      ('authenticated',              'nologin inherit'),
      ('service_role',               'nologin inherit bypassrls'),
      ('authenticator',              'login noinherit'),
      ('supabase_auth_admin',        'login noinherit'),
      ('supabase_storage_admin',     'login noinherit createrole'),
      ('supabase_realtime_admin',    'nologin noinherit'),
      ('supabase_replication_admin', 'login replication'),
      ('supabase_read_only_user',    'login bypassrls'),
      ('supabase_etl_admin',         'login replication bypassrls'),
      ('supabase_functions_admin',   'login noinherit createrole'),
      ('supabase_privileged_role',   'nologin'),
      ('dashboard_user',             'nologin createdb createrole replication'),
      ('pgbouncer',                  'login'),
      ('pgsodium_keyiduser',         'nologin'),
      ('pgsodium_keyholder',         'nologin'),
      ('pgsodium_keymaker',          'nologin'),
      ('pgtle_admin',                'nologin')
    ) as role (name, attributes)
  loop
    if not exists (select from pg_roles where rolname = wanted.name) then
      execute format('create role %I', wanted.name);
    end if;
    execute format('alter role %I with nosuperuser %s', wanted.name, wanted.attributes);
  end loop;
end
$$;

-- PostgREST logs in as authenticator and becomes one of these three, request by request.
grant anon, authenticated, service_role to authenticator;
grant authenticator to supabase_storage_admin;

-- What postgres is a member of. It is no member of the owners of auth, storage and realtime:
-- "must be owner of table users" is what a migration gets there, and it must get it here too.
grant anon, authenticated, service_role, authenticator to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres with admin option;
do $$
begin
  -- New in Postgres 16.
  if exists (select from pg_roles where rolname = 'pg_create_subscription') then
    grant pg_create_subscription to postgres with admin option;
  end if;
end
$$;
grant supabase_functions_admin to postgres;
grant supabase_privileged_role to postgres, supabase_etl_admin;
grant pg_read_all_data to supabase_read_only_user, supabase_etl_admin;
grant pg_monitor to supabase_read_only_user, supabase_etl_admin;
grant pgsodium_keyiduser to pgsodium_keyholder;
grant pgsodium_keyholder to pgsodium_keymaker;
grant pgsodium_keyiduser, pgsodium_keyholder, pgsodium_keymaker to postgres with admin option;
grant pgtle_admin to postgres;

-- Settings the services rely on. authenticator also preloads "safeupdate", a library that is not here:
-- an UPDATE or DELETE without WHERE fails through the API, and no SQL can show it.
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role supabase_auth_admin set search_path = auth;
alter role supabase_auth_admin set idle_in_transaction_session_timeout = 60000;
alter role supabase_storage_admin set search_path = storage;
alter role supabase_functions_admin set search_path = supabase_functions;
alter role supabase_read_only_user set default_transaction_read_only = on;
alter role postgres set search_path = "$user", public, extensions;

-- Sessions here begin as supabase_admin and then become postgres, which leaves the search_path of the login in place:
-- the database carries postgres' own.
do $$
begin
  execute format('alter database %I set search_path = "$user", public, extensions', current_database());
  execute format('grant all on database %I to postgres', current_database());
  execute format('grant all on database %I to dashboard_user', current_database());
  execute format('grant create, connect, temporary on database %I to supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin', current_database());
end
$$;

-- What the extension supautils lets postgres set although it is no superuser.
-- pgvector's, too: anybody's once its library is loaded, and on a server without it they would be nobody's.
-- A name ending in a dot and star is a prefix there; parameter grants know whole names only, so the usual ones are named.
do $$
declare
  parameter text;
begin
  foreach parameter in array array[
    'session_replication_role', 'track_io_timing', 'wal_compression',
    'log_lock_waits', 'log_min_duration_statement', 'log_min_messages', 'log_parameter_max_length',
    'log_replication_commands', 'log_statement', 'log_temp_files',
    'auto_explain.log_min_duration', 'auto_explain.log_nested_statements', 'auto_explain.log_analyze',
    'auto_explain.log_buffers', 'auto_explain.log_timing', 'auto_explain.log_verbose', 'auto_explain.log_format',
    'pg_net.batch_size', 'pg_net.ttl', 'pg_stat_statements.track', 'pg_stat_statements.max',
    'pgaudit.log', 'pgaudit.log_catalog', 'pgaudit.log_client', 'pgaudit.log_level', 'pgaudit.log_relation',
    'pgaudit.log_rows', 'pgaudit.log_statement', 'pgaudit.log_statement_once', 'pgaudit.role',
    'pgrst.db_schemas', 'pgrst.db_schema', 'pgrst.db_extra_search_path', 'pgrst.db_pre_request', 'pgrst.db_max_rows',
    'pgrst.db_aggregates_enabled', 'pgrst.db_plan_enabled', 'pgrst.db_tx_end', 'pgrst.db_root_spec',
    'pgrst.db_anon_role', 'pgrst.jwt_aud', 'pgrst.jwt_secret', 'pgrst.jwt_role_claim_key', 'pgrst.openapi_mode',
    'pgrst.openapi_security_active', 'pgrst.server_cors_allowed_origins', 'pgrst.server_timing_enabled',
    'pgrst.app_settings', 'pgrst.db_hoisted_tx_settings', 'pgrst.db_prepared_statements',
    'plan_filter.statement_cost_limit', 'plan_filter.limit_select_only', 'plan_filter.module_loaded',
    'safeupdate.enabled',
    'hnsw.ef_search', 'hnsw.iterative_scan', 'hnsw.max_scan_tuples', 'hnsw.scan_mem_multiplier',
    'ivfflat.probes', 'ivfflat.iterative_scan', 'ivfflat.max_probes'
  ]
  loop
    execute format('grant set on parameter %s to postgres', parameter);
  end loop;
end
$$;
`,"20-schemas":`-- Schemas, their owners and who may look into them.

create schema if not exists extensions authorization postgres;
create schema if not exists auth authorization supabase_admin;
create schema if not exists storage authorization supabase_admin;
create schema if not exists realtime authorization supabase_admin;
create schema if not exists vault authorization supabase_admin;
create schema if not exists graphql authorization supabase_admin;
create schema if not exists graphql_public authorization supabase_admin;
create schema if not exists pgbouncer authorization pgbouncer;
-- Empty unless the extension is created; dumps of older projects say "with schema pgsodium".
create schema if not exists pgsodium authorization supabase_admin;
-- The CLI makes this one, as the role that runs migrations.
create schema if not exists supabase_migrations authorization postgres;

-- public belongs to pg_database_owner, and the database to postgres: so does public, in effect.
do $$
begin
  execute format('alter database %I owner to postgres', current_database());
end
$$;
grant usage on schema public to postgres, anon, authenticated, service_role;
grant create on schema public to postgres;

grant all on schema extensions to postgres, dashboard_user;
grant usage on schema extensions to anon, authenticated, service_role;

grant usage on schema auth to postgres, anon, authenticated, service_role;
grant all on schema auth to supabase_auth_admin, dashboard_user;

grant usage on schema storage to postgres with grant option;
grant usage on schema storage to anon, authenticated, service_role;
grant all on schema storage to supabase_storage_admin;
grant all on schema storage to dashboard_user;

grant usage on schema realtime to postgres with grant option;
grant usage on schema realtime to anon, authenticated, service_role;
grant create, usage on schema realtime to supabase_realtime_admin with grant option;

grant usage on schema vault to postgres with grant option;
grant usage on schema vault to service_role;

grant usage on schema graphql, graphql_public to postgres with grant option;
grant usage on schema graphql, graphql_public to anon, authenticated, service_role;

-- Objects the services make later on are open to postgres, as on the platform.
alter default privileges for role supabase_auth_admin in schema auth grant all on tables to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on sequences to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on routines to postgres, dashboard_user;
alter default privileges for role supabase_admin in schema realtime grant all on tables to postgres, dashboard_user;
alter default privileges for role supabase_admin in schema realtime grant all on sequences to postgres, dashboard_user;
alter default privileges for role supabase_admin in schema realtime grant all on routines to postgres, dashboard_user;
alter default privileges for role supabase_admin in schema extensions grant all on tables to postgres with grant option;
alter default privileges for role supabase_admin in schema extensions grant all on sequences to postgres with grant option;
alter default privileges for role supabase_admin in schema extensions grant all on routines to postgres with grant option;
alter default privileges for role postgres in schema storage grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema storage grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema storage grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema graphql_public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema graphql_public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema graphql_public grant all on sequences to postgres, anon, authenticated, service_role;
-- What supabase_admin itself makes in public (the dashboard does) stays open in both grant eras.
alter default privileges for role supabase_admin in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on functions to postgres, anon, authenticated, service_role;
`,"30-auth":`-- Schema auth as GoTrue's own migrations leave it: types, tables, constraints, indexes, functions, owners, grants.

create type auth.factor_type as enum ('totp', 'webauthn', 'phone');
create type auth.factor_status as enum ('unverified', 'verified');
create type auth.aal_level as enum ('aal1', 'aal2', 'aal3');
create type auth.code_challenge_method as enum ('s256', 'plain');
create type auth.one_time_token_type as enum ('confirmation_token', 'reauthentication_token', 'recovery_token', 'email_change_token_new', 'email_change_token_current', 'phone_change_token');
create type auth.oauth_registration_type as enum ('dynamic', 'manual');
create type auth.oauth_authorization_status as enum ('pending', 'approved', 'denied', 'expired');
create type auth.oauth_response_type as enum ('code');
create type auth.oauth_client_type as enum ('public', 'confidential');
create table auth.instances (
  id uuid not null,
  "uuid" uuid,
  raw_base_config text,
  created_at timestamptz,
  updated_at timestamptz,
  constraint instances_pkey primary key (id)
);

create table auth.users (
  instance_id uuid,
  id uuid not null,
  aud varchar(255),
  role varchar(255),
  email varchar(255),
  encrypted_password varchar(255),
  email_confirmed_at timestamptz,
  invited_at timestamptz,
  confirmation_token varchar(255),
  confirmation_sent_at timestamptz,
  recovery_token varchar(255),
  recovery_sent_at timestamptz,
  email_change_token_new varchar(255),
  email_change varchar(255),
  email_change_sent_at timestamptz,
  last_sign_in_at timestamptz,
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_super_admin boolean,
  created_at timestamptz,
  updated_at timestamptz,
  phone text default null::varchar,
  phone_confirmed_at timestamptz,
  phone_change text default ''::varchar,
  phone_change_token varchar(255) default '',
  phone_change_sent_at timestamptz,
  confirmed_at timestamptz generated always as (LEAST(email_confirmed_at, phone_confirmed_at)) stored,
  email_change_token_current varchar(255) default '',
  email_change_confirm_status smallint default 0,
  banned_until timestamptz,
  reauthentication_token varchar(255) default '',
  reauthentication_sent_at timestamptz,
  is_sso_user boolean default false not null,
  deleted_at timestamptz,
  is_anonymous boolean default false not null,
  constraint users_pkey primary key (id),
  constraint users_phone_key unique (phone),
  constraint users_email_change_confirm_status_check check ((email_change_confirm_status >= 0) and (email_change_confirm_status <= 2))
);
create unique index confirmation_token_idx on auth.users (confirmation_token) where ((confirmation_token) !~ '^[0-9 ]*$');
create unique index email_change_token_current_idx on auth.users (email_change_token_current) where ((email_change_token_current) !~ '^[0-9 ]*$');
create unique index email_change_token_new_idx on auth.users (email_change_token_new) where ((email_change_token_new) !~ '^[0-9 ]*$');
create unique index reauthentication_token_idx on auth.users (reauthentication_token) where ((reauthentication_token) !~ '^[0-9 ]*$');
create unique index recovery_token_idx on auth.users (recovery_token) where ((recovery_token) !~ '^[0-9 ]*$');
create unique index users_email_partial_key on auth.users (email) where (is_sso_user = false);
create index users_instance_id_email_idx on auth.users (instance_id, email);
create index users_instance_id_idx on auth.users (instance_id);
create index users_is_anonymous_idx on auth.users (is_anonymous);

create table auth.identities (
  provider_id text not null,
  user_id uuid not null,
  identity_data jsonb not null,
  provider text not null,
  last_sign_in_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  email text generated always as (lower((identity_data ->> 'email'))) stored,
  id uuid default gen_random_uuid() not null,
  constraint identities_pkey primary key (id),
  constraint identities_provider_id_provider_unique unique (provider_id, provider),
  constraint identities_user_id_fkey foreign key (user_id) references auth.users(id) on delete cascade
);
create index identities_email_idx on auth.identities (email text_pattern_ops);
create index identities_user_id_idx on auth.identities (user_id);

create table auth.oauth_clients (
  id uuid not null,
  client_secret_hash text,
  registration_type auth.oauth_registration_type not null,
  redirect_uris text not null,
  grant_types text not null,
  client_name text,
  client_uri text,
  logo_uri text,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  deleted_at timestamptz,
  client_type auth.oauth_client_type default 'confidential' not null,
  token_endpoint_auth_method text not null,
  constraint oauth_clients_pkey primary key (id),
  constraint oauth_clients_client_name_length check (char_length(client_name) <= 1024),
  constraint oauth_clients_client_uri_length check (char_length(client_uri) <= 2048),
  constraint oauth_clients_logo_uri_length check (char_length(logo_uri) <= 2048),
  constraint oauth_clients_token_endpoint_auth_method_check check (token_endpoint_auth_method in ('client_secret_basic', 'client_secret_post', 'none'))
);
create index oauth_clients_deleted_at_idx on auth.oauth_clients (deleted_at);

create table auth.sessions (
  id uuid not null,
  user_id uuid not null,
  created_at timestamptz,
  updated_at timestamptz,
  factor_id uuid,
  aal auth.aal_level,
  not_after timestamptz,
  refreshed_at timestamp,
  user_agent text,
  ip inet,
  tag text,
  oauth_client_id uuid,
  refresh_token_hmac_key text,
  refresh_token_counter bigint,
  scopes text,
  constraint sessions_pkey primary key (id),
  constraint sessions_oauth_client_id_fkey foreign key (oauth_client_id) references auth.oauth_clients(id) on delete cascade,
  constraint sessions_user_id_fkey foreign key (user_id) references auth.users(id) on delete cascade,
  constraint sessions_scopes_length check (char_length(scopes) <= 4096)
);
create index sessions_not_after_idx on auth.sessions (not_after desc);
create index sessions_oauth_client_id_idx on auth.sessions (oauth_client_id);
create index sessions_user_id_idx on auth.sessions (user_id);
create index user_id_created_at_idx on auth.sessions (user_id, created_at);

create table auth.refresh_tokens (
  instance_id uuid,
  id bigserial,
  token varchar(255),
  user_id varchar(255),
  revoked boolean,
  created_at timestamptz,
  updated_at timestamptz,
  parent varchar(255),
  session_id uuid,
  constraint refresh_tokens_pkey primary key (id),
  constraint refresh_tokens_token_unique unique (token),
  constraint refresh_tokens_session_id_fkey foreign key (session_id) references auth.sessions(id) on delete cascade
);
create index refresh_tokens_instance_id_idx on auth.refresh_tokens (instance_id);
create index refresh_tokens_instance_id_user_id_idx on auth.refresh_tokens (instance_id, user_id);
create index refresh_tokens_parent_idx on auth.refresh_tokens (parent);
create index refresh_tokens_session_id_revoked_idx on auth.refresh_tokens (session_id, revoked);
create index refresh_tokens_updated_at_idx on auth.refresh_tokens (updated_at desc);

create table auth.mfa_factors (
  id uuid not null,
  user_id uuid not null,
  friendly_name text,
  factor_type auth.factor_type not null,
  status auth.factor_status not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  secret text,
  phone text,
  last_challenged_at timestamptz,
  web_authn_credential jsonb,
  web_authn_aaguid uuid,
  last_webauthn_challenge_data jsonb,
  constraint mfa_factors_pkey primary key (id),
  constraint mfa_factors_last_challenged_at_key unique (last_challenged_at),
  constraint mfa_factors_user_id_fkey foreign key (user_id) references auth.users(id) on delete cascade
);
create index factor_id_created_at_idx on auth.mfa_factors (user_id, created_at);
create unique index mfa_factors_user_friendly_name_unique on auth.mfa_factors (friendly_name, user_id) where (trim(both from friendly_name) <> '');
create index mfa_factors_user_id_idx on auth.mfa_factors (user_id);
create unique index unique_phone_factor_per_user on auth.mfa_factors (user_id, phone);

create table auth.mfa_challenges (
  id uuid not null,
  factor_id uuid not null,
  created_at timestamptz not null,
  verified_at timestamptz,
  ip_address inet not null,
  otp_code text,
  web_authn_session_data jsonb,
  constraint mfa_challenges_pkey primary key (id),
  constraint mfa_challenges_auth_factor_id_fkey foreign key (factor_id) references auth.mfa_factors(id) on delete cascade
);
create index mfa_challenge_created_at_idx on auth.mfa_challenges (created_at desc);

create table auth.mfa_amr_claims (
  session_id uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  authentication_method text not null,
  id uuid not null,
  constraint amr_id_pk primary key (id),
  constraint mfa_amr_claims_session_id_authentication_method_pkey unique (session_id, authentication_method),
  constraint mfa_amr_claims_session_id_fkey foreign key (session_id) references auth.sessions(id) on delete cascade
);

create table auth.sso_providers (
  id uuid not null,
  resource_id text,
  created_at timestamptz,
  updated_at timestamptz,
  disabled boolean,
  constraint sso_providers_pkey primary key (id),
  constraint "resource_id not empty" check ((resource_id = null) or (char_length(resource_id) > 0))
);
create unique index sso_providers_resource_id_idx on auth.sso_providers (lower(resource_id));
create index sso_providers_resource_id_pattern_idx on auth.sso_providers (resource_id text_pattern_ops);

create table auth.sso_domains (
  id uuid not null,
  sso_provider_id uuid not null,
  domain text not null,
  created_at timestamptz,
  updated_at timestamptz,
  constraint sso_domains_pkey primary key (id),
  constraint sso_domains_sso_provider_id_fkey foreign key (sso_provider_id) references auth.sso_providers(id) on delete cascade,
  constraint "domain not empty" check (char_length(domain) > 0)
);
create unique index sso_domains_domain_idx on auth.sso_domains (lower(domain));
create index sso_domains_sso_provider_id_idx on auth.sso_domains (sso_provider_id);

create table auth.flow_state (
  id uuid not null,
  user_id uuid,
  auth_code text,
  code_challenge_method auth.code_challenge_method,
  code_challenge text,
  provider_type text not null,
  provider_access_token text,
  provider_refresh_token text,
  created_at timestamptz,
  updated_at timestamptz,
  authentication_method text not null,
  auth_code_issued_at timestamptz,
  invite_token text,
  referrer text,
  oauth_client_state_id uuid,
  linking_target_id uuid,
  email_optional boolean default false not null,
  constraint flow_state_pkey primary key (id)
);
create index flow_state_created_at_idx on auth.flow_state (created_at desc);
create index idx_auth_code on auth.flow_state (auth_code);
create index idx_user_id_auth_method on auth.flow_state (user_id, authentication_method);

create table auth.saml_providers (
  id uuid not null,
  sso_provider_id uuid not null,
  entity_id text not null,
  metadata_xml text not null,
  metadata_url text,
  attribute_mapping jsonb,
  created_at timestamptz,
  updated_at timestamptz,
  name_id_format text,
  constraint saml_providers_pkey primary key (id),
  constraint saml_providers_entity_id_key unique (entity_id),
  constraint saml_providers_sso_provider_id_fkey foreign key (sso_provider_id) references auth.sso_providers(id) on delete cascade,
  constraint "entity_id not empty" check (char_length(entity_id) > 0),
  constraint "metadata_url not empty" check ((metadata_url = null) or (char_length(metadata_url) > 0)),
  constraint "metadata_xml not empty" check (char_length(metadata_xml) > 0)
);
create index saml_providers_sso_provider_id_idx on auth.saml_providers (sso_provider_id);

create table auth.saml_relay_states (
  id uuid not null,
  sso_provider_id uuid not null,
  request_id text not null,
  for_email text,
  redirect_to text,
  created_at timestamptz,
  updated_at timestamptz,
  flow_state_id uuid,
  constraint saml_relay_states_pkey primary key (id),
  constraint saml_relay_states_flow_state_id_fkey foreign key (flow_state_id) references auth.flow_state(id) on delete cascade,
  constraint saml_relay_states_sso_provider_id_fkey foreign key (sso_provider_id) references auth.sso_providers(id) on delete cascade,
  constraint "request_id not empty" check (char_length(request_id) > 0)
);
create index saml_relay_states_created_at_idx on auth.saml_relay_states (created_at desc);
create index saml_relay_states_for_email_idx on auth.saml_relay_states (for_email);
create index saml_relay_states_sso_provider_id_idx on auth.saml_relay_states (sso_provider_id);

create table auth.one_time_tokens (
  id uuid not null,
  user_id uuid not null,
  token_type auth.one_time_token_type not null,
  token_hash text not null,
  relates_to text not null,
  created_at timestamp default now() not null,
  updated_at timestamp default now() not null,
  constraint one_time_tokens_pkey primary key (id),
  constraint one_time_tokens_user_id_fkey foreign key (user_id) references auth.users(id) on delete cascade,
  constraint one_time_tokens_token_hash_check check (char_length(token_hash) > 0)
);
create index one_time_tokens_relates_to_hash_idx on auth.one_time_tokens using hash (relates_to);
create index one_time_tokens_token_hash_hash_idx on auth.one_time_tokens using hash (token_hash);
create unique index one_time_tokens_user_id_token_type_key on auth.one_time_tokens (user_id, token_type);

create table auth.oauth_authorizations (
  id uuid not null,
  authorization_id text not null,
  client_id uuid not null,
  user_id uuid,
  redirect_uri text not null,
  scope text not null,
  state text,
  resource text,
  code_challenge text,
  code_challenge_method auth.code_challenge_method,
  response_type auth.oauth_response_type default 'code' not null,
  status auth.oauth_authorization_status default 'pending' not null,
  authorization_code text,
  created_at timestamptz default now() not null,
  expires_at timestamptz default (now() + '00:03:00') not null,
  approved_at timestamptz,
  nonce text,
  constraint oauth_authorizations_pkey primary key (id),
  constraint oauth_authorizations_authorization_code_key unique (authorization_code),
  constraint oauth_authorizations_authorization_id_key unique (authorization_id),
  constraint oauth_authorizations_client_id_fkey foreign key (client_id) references auth.oauth_clients(id) on delete cascade,
  constraint oauth_authorizations_user_id_fkey foreign key (user_id) references auth.users(id) on delete cascade,
  constraint oauth_authorizations_authorization_code_length check (char_length(authorization_code) <= 255),
  constraint oauth_authorizations_code_challenge_length check (char_length(code_challenge) <= 128),
  constraint oauth_authorizations_expires_at_future check (expires_at > created_at),
  constraint oauth_authorizations_nonce_length check (char_length(nonce) <= 255),
  constraint oauth_authorizations_redirect_uri_length check (char_length(redirect_uri) <= 2048),
  constraint oauth_authorizations_resource_length check (char_length(resource) <= 2048),
  constraint oauth_authorizations_scope_length check (char_length(scope) <= 4096),
  constraint oauth_authorizations_state_length check (char_length(state) <= 4096)
);
create index oauth_auth_pending_exp_idx on auth.oauth_authorizations (expires_at) where (status = 'pending'::auth.oauth_authorization_status);

create table auth.oauth_consents (
  id uuid not null,
  user_id uuid not null,
  client_id uuid not null,
  scopes text not null,
  granted_at timestamptz default now() not null,
  revoked_at timestamptz,
  constraint oauth_consents_pkey primary key (id),
  constraint oauth_consents_user_client_unique unique (user_id, client_id),
  constraint oauth_consents_client_id_fkey foreign key (client_id) references auth.oauth_clients(id) on delete cascade,
  constraint oauth_consents_user_id_fkey foreign key (user_id) references auth.users(id) on delete cascade,
  constraint oauth_consents_revoked_after_granted check ((revoked_at is null) or (revoked_at >= granted_at)),
  constraint oauth_consents_scopes_length check (char_length(scopes) <= 2048),
  constraint oauth_consents_scopes_not_empty check (char_length(trim(both from scopes)) > 0)
);
create index oauth_consents_active_client_idx on auth.oauth_consents (client_id) where (revoked_at is null);
create index oauth_consents_active_user_client_idx on auth.oauth_consents (user_id, client_id) where (revoked_at is null);
create index oauth_consents_user_order_idx on auth.oauth_consents (user_id, granted_at desc);

create table auth.oauth_client_states (
  id uuid not null,
  provider_type text not null,
  code_verifier text,
  created_at timestamptz not null,
  constraint oauth_client_states_pkey primary key (id)
);
create index idx_oauth_client_states_created_at on auth.oauth_client_states (created_at);

create table auth.custom_oauth_providers (
  id uuid default gen_random_uuid() not null,
  provider_type text not null,
  identifier text not null,
  name text not null,
  client_id text not null,
  client_secret text not null,
  acceptable_client_ids text[] default '{}' not null,
  scopes text[] default '{}' not null,
  pkce_enabled boolean default true not null,
  attribute_mapping jsonb default '{}' not null,
  authorization_params jsonb default '{}' not null,
  enabled boolean default true not null,
  email_optional boolean default false not null,
  issuer text,
  discovery_url text,
  skip_nonce_check boolean default false not null,
  cached_discovery jsonb,
  discovery_cached_at timestamptz,
  authorization_url text,
  token_url text,
  userinfo_url text,
  jwks_uri text,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  custom_claims_allowlist text[] default '{}' not null,
  constraint custom_oauth_providers_pkey primary key (id),
  constraint custom_oauth_providers_identifier_key unique (identifier),
  constraint custom_oauth_providers_authorization_url_https check ((authorization_url is null) or (authorization_url like 'https://%')),
  constraint custom_oauth_providers_authorization_url_length check ((authorization_url is null) or (char_length(authorization_url) <= 2048)),
  constraint custom_oauth_providers_client_id_length check ((char_length(client_id) >= 1) and (char_length(client_id) <= 512)),
  constraint custom_oauth_providers_discovery_url_length check ((discovery_url is null) or (char_length(discovery_url) <= 2048)),
  constraint custom_oauth_providers_identifier_format check (identifier ~ '^[a-z0-9][a-z0-9:-]{0,48}[a-z0-9]$'),
  constraint custom_oauth_providers_issuer_length check ((issuer is null) or ((char_length(issuer) >= 1) and (char_length(issuer) <= 2048))),
  constraint custom_oauth_providers_jwks_uri_https check ((jwks_uri is null) or (jwks_uri like 'https://%')),
  constraint custom_oauth_providers_jwks_uri_length check ((jwks_uri is null) or (char_length(jwks_uri) <= 2048)),
  constraint custom_oauth_providers_name_length check ((char_length(name) >= 1) and (char_length(name) <= 100)),
  constraint custom_oauth_providers_oauth2_requires_endpoints check ((provider_type <> 'oauth2') or ((authorization_url is not null) and (token_url is not null) and (userinfo_url is not null))),
  constraint custom_oauth_providers_oidc_discovery_url_https check ((provider_type <> 'oidc') or (discovery_url is null) or (discovery_url like 'https://%')),
  constraint custom_oauth_providers_oidc_issuer_https check ((provider_type <> 'oidc') or (issuer is null) or (issuer like 'https://%')),
  constraint custom_oauth_providers_oidc_requires_issuer check ((provider_type <> 'oidc') or (issuer is not null)),
  constraint custom_oauth_providers_provider_type_check check (provider_type in ('oauth2', 'oidc')),
  constraint custom_oauth_providers_token_url_https check ((token_url is null) or (token_url like 'https://%')),
  constraint custom_oauth_providers_token_url_length check ((token_url is null) or (char_length(token_url) <= 2048)),
  constraint custom_oauth_providers_userinfo_url_https check ((userinfo_url is null) or (userinfo_url like 'https://%')),
  constraint custom_oauth_providers_userinfo_url_length check ((userinfo_url is null) or (char_length(userinfo_url) <= 2048))
);
create index custom_oauth_providers_created_at_idx on auth.custom_oauth_providers (created_at);
create index custom_oauth_providers_enabled_idx on auth.custom_oauth_providers (enabled);
create index custom_oauth_providers_identifier_idx on auth.custom_oauth_providers (identifier);
create index custom_oauth_providers_provider_type_idx on auth.custom_oauth_providers (provider_type);

create table auth.webauthn_credentials (
  id uuid default gen_random_uuid() not null,
  user_id uuid not null,
  credential_id bytea not null,
  public_key bytea not null,
  attestation_type text default '' not null,
  aaguid uuid,
  sign_count bigint default 0 not null,
  transports jsonb default '[]' not null,
  backup_eligible boolean default false not null,
  backed_up boolean default false not null,
  friendly_name text default '' not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  last_used_at timestamptz,
  constraint webauthn_credentials_pkey primary key (id),
  constraint webauthn_credentials_user_id_fkey foreign key (user_id) references auth.users(id) on delete cascade
);
create unique index webauthn_credentials_credential_id_key on auth.webauthn_credentials (credential_id);
create index webauthn_credentials_user_id_idx on auth.webauthn_credentials (user_id);

create table auth.webauthn_challenges (
  id uuid default gen_random_uuid() not null,
  user_id uuid,
  challenge_type text not null,
  session_data jsonb not null,
  created_at timestamptz default now() not null,
  expires_at timestamptz not null,
  constraint webauthn_challenges_pkey primary key (id),
  constraint webauthn_challenges_user_id_fkey foreign key (user_id) references auth.users(id) on delete cascade,
  constraint webauthn_challenges_challenge_type_check check (challenge_type in ('signup', 'registration', 'authentication'))
);
create index webauthn_challenges_expires_at_idx on auth.webauthn_challenges (expires_at);
create index webauthn_challenges_user_id_idx on auth.webauthn_challenges (user_id);

create table auth.audit_log_entries (
  instance_id uuid,
  id uuid not null,
  payload json,
  created_at timestamptz,
  ip_address varchar(64) default '' not null,
  constraint audit_log_entries_pkey primary key (id)
);
create index audit_logs_instance_id_idx on auth.audit_log_entries (instance_id);

create table auth.schema_migrations (
  version varchar(255) not null,
  constraint schema_migrations_pkey primary key (version)
);

-- GoTrue owns everything here.
do $$
declare
  object record;
begin
  for object in select oid::regclass as name from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r' loop
    execute format('alter table %s owner to supabase_auth_admin', object.name);
    execute format('grant all on %s to postgres, dashboard_user', object.name);
  end loop;
  for object in select typname as name from pg_type where typnamespace = 'auth'::regnamespace and typtype = 'e' loop
    execute format('alter type auth.%I owner to supabase_auth_admin', object.name);
  end loop;
end
$$;
grant all on all sequences in schema auth to postgres, dashboard_user;

-- Its list of migrations is its own.
revoke all on auth.schema_migrations from postgres, dashboard_user;

-- RLS without a policy: closed to everybody but the owner and roles that bypass it; and what postgres may read it may let
-- others read. The newest tables have neither.
do $$
declare
  name text;
begin
  foreach name in array array[
    'audit_log_entries', 'flow_state', 'identities', 'instances', 'mfa_amr_claims', 'mfa_challenges', 'mfa_factors',
    'one_time_tokens', 'refresh_tokens', 'saml_providers', 'saml_relay_states', 'schema_migrations', 'sessions',
    'sso_domains', 'sso_providers', 'users'
  ]
  loop
    execute format('alter table auth.%I enable row level security', name);
    execute format('grant select on auth.%I to postgres with grant option', name);
  end loop;
end
$$;

-- Who is asking: the claims PostgREST sets per request, in the one JSON object or, formerly, in a setting each.
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;

create function auth.role() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;

create function auth.email() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )
$$;

create function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;
alter function auth.email() owner to supabase_auth_admin;
alter function auth.jwt() owner to supabase_auth_admin;
grant all on all routines in schema auth to dashboard_user;
grant execute on function auth.jwt() to postgres;

comment on table auth.users is 'Auth: Stores user login data within a secure schema.';
comment on column auth.users.is_sso_user is 'Auth: Set this column to true when the account comes from SSO. These accounts can have duplicate emails.';
`,"40-storage":`-- Schema storage as the Storage service's own migrations leave it.

create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
create table storage.migrations (
  id integer not null,
  name varchar(100) not null,
  hash varchar(40) not null,
  executed_at timestamp default current_timestamp,
  constraint migrations_pkey primary key (id),
  constraint migrations_name_key unique (name)
);

create table storage.buckets (
  id text not null,
  name text not null,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  public boolean default false,
  avif_autodetection boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  owner_id text,
  type storage.buckettype default 'STANDARD' not null,
  versioning_status text default 'DISABLED' not null,
  constraint buckets_pkey primary key (id),
  constraint buckets_versioning_dark_check check (versioning_status = 'DISABLED'),
  constraint buckets_versioning_standard_only_check check ((type = 'STANDARD'::storage.buckettype) or (versioning_status = 'DISABLED')),
  constraint buckets_versioning_status_check check (versioning_status in ('DISABLED', 'ENABLED', 'SUSPENDED'))
);
create unique index bname on storage.buckets (name);

create table storage.objects (
  id uuid default gen_random_uuid() not null,
  bucket_id text,
  name text,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  owner_id text,
  user_metadata jsonb,
  archived_at timestamptz,
  is_delete_marker boolean default false not null,
  is_versioned boolean default false not null,
  constraint objects_pkey primary key (id),
  constraint "objects_bucketId_fkey" foreign key (bucket_id) references storage.buckets(id)
);
create unique index bucketid_objname on storage.objects (bucket_id, name);
create index idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");
create index idx_objects_bucket_id_name_lower on storage.objects (bucket_id, lower(name) collate "C");
create index name_prefix_search on storage.objects (name text_pattern_ops);

create table storage.s3_multipart_uploads (
  id text not null,
  in_progress_size bigint default 0 not null,
  upload_signature text not null,
  bucket_id text not null,
  key text collate "C" not null,
  version text not null,
  owner_id text,
  created_at timestamptz default now() not null,
  user_metadata jsonb,
  metadata jsonb,
  constraint s3_multipart_uploads_pkey primary key (id),
  constraint s3_multipart_uploads_bucket_id_fkey foreign key (bucket_id) references storage.buckets(id)
);
create index idx_multipart_uploads_list on storage.s3_multipart_uploads (bucket_id, key, created_at);

create table storage.s3_multipart_uploads_parts (
  id uuid default gen_random_uuid() not null,
  upload_id text not null,
  size bigint default 0 not null,
  part_number integer not null,
  bucket_id text not null,
  key text collate "C" not null,
  etag text not null,
  owner_id text,
  version text not null,
  created_at timestamptz default now() not null,
  constraint s3_multipart_uploads_parts_pkey primary key (id),
  constraint s3_multipart_uploads_parts_bucket_id_fkey foreign key (bucket_id) references storage.buckets(id),
  constraint s3_multipart_uploads_parts_upload_id_fkey foreign key (upload_id) references storage.s3_multipart_uploads(id) on delete cascade
);

create table storage.buckets_analytics (
  name text not null,
  type storage.buckettype default 'ANALYTICS' not null,
  format text default 'ICEBERG' not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  id uuid default gen_random_uuid() not null,
  deleted_at timestamptz,
  constraint buckets_analytics_pkey primary key (id)
);
create unique index buckets_analytics_unique_name_idx on storage.buckets_analytics (name) where (deleted_at is null);

create table storage.iceberg_namespaces (
  id uuid default gen_random_uuid() not null,
  bucket_name text not null,
  name text not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  metadata jsonb default '{}' not null,
  catalog_id uuid not null,
  constraint iceberg_namespaces_pkey primary key (id),
  constraint iceberg_namespaces_catalog_id_fkey foreign key (catalog_id) references storage.buckets_analytics(id) on delete cascade
);
create unique index idx_iceberg_namespaces_bucket_id on storage.iceberg_namespaces (catalog_id, name);

create table storage.iceberg_tables (
  id uuid default gen_random_uuid() not null,
  namespace_id uuid not null,
  bucket_name text not null,
  name text not null,
  location text not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  remote_table_id text,
  shard_key text,
  shard_id text,
  catalog_id uuid not null,
  constraint iceberg_tables_pkey primary key (id),
  constraint iceberg_tables_catalog_id_fkey foreign key (catalog_id) references storage.buckets_analytics(id) on delete cascade,
  constraint iceberg_tables_namespace_id_fkey foreign key (namespace_id) references storage.iceberg_namespaces(id) on delete cascade
);
create unique index idx_iceberg_tables_location on storage.iceberg_tables (location);
create unique index idx_iceberg_tables_namespace_id on storage.iceberg_tables (catalog_id, namespace_id, name);

create table storage.buckets_vectors (
  id text not null,
  type storage.buckettype default 'VECTOR' not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint buckets_vectors_pkey primary key (id)
);

create table storage.vector_indexes (
  id text default gen_random_uuid() not null,
  name text not null,
  bucket_id text not null,
  data_type text not null,
  dimension integer not null,
  distance_metric text not null,
  metadata_configuration jsonb,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint vector_indexes_pkey primary key (id),
  constraint vector_indexes_bucket_id_fkey foreign key (bucket_id) references storage.buckets_vectors(id)
);
create unique index vector_indexes_name_bucket_id_idx on storage.vector_indexes (name, bucket_id);

-- Every table but the service's list of migrations is behind RLS; without a policy nobody reads an object.
do $$
declare
  object record;
begin
  for object in select oid::regclass as name from pg_class where relnamespace = 'storage'::regnamespace and relkind = 'r' loop
    execute format('alter table %s owner to supabase_storage_admin', object.name);
    execute format('alter table %s enable row level security', object.name);
  end loop;
end
$$;
alter type storage.buckettype owner to supabase_storage_admin;

grant all on storage.buckets, storage.objects to postgres with grant option;
grant all on storage.buckets, storage.objects, storage.buckets_analytics to anon, authenticated, service_role;
grant all on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts, storage.iceberg_namespaces, storage.iceberg_tables
  to service_role;
grant select on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts, storage.iceberg_namespaces, storage.iceberg_tables
  to anon, authenticated;
grant select on storage.buckets_vectors, storage.vector_indexes to anon, authenticated, service_role;

-- Parts of an object's path: what bucket policies are written with.
create function storage.foldername(name text) returns text[] language plpgsql immutable as $$
declare
  parts text[] := string_to_array(name, '/');
begin
  return parts[1 : array_length(parts, 1) - 1];
end
$$;

create function storage.filename(name text) returns text language plpgsql immutable as $$
declare
  parts text[] := string_to_array(name, '/');
begin
  return parts[array_length(parts, 1)];
end
$$;

create function storage.extension(name text) returns text language plpgsql immutable as $$
begin
  return reverse(split_part(reverse(storage.filename(name)), '.', 1));
end
$$;

-- What the Storage service is doing, as it says itself; policies may ask.
create function storage.operation() returns text language plpgsql stable as $$
begin
  return current_setting('storage.operation', true);
end
$$;

create function storage.allow_only_operation(expected_operation text) returns boolean language sql stable as $$
  select coalesce(expected_operation, '') <> ''
    and coalesce(regexp_replace(storage.operation(), '^storage\\.', '') = regexp_replace(expected_operation, '^storage\\.', ''), false)
$$;

create function storage.allow_any_operation(expected_operations text[]) returns boolean language sql stable as $$
  select exists (select from unnest(expected_operations) as expected where storage.allow_only_operation(expected))
$$;

-- Rows are deleted by the Storage API, which says so; a DELETE by anybody else would orphan the file.
create function storage.protect_delete() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), 'false') <> 'true' then
    raise exception 'Direct deletion from storage tables is not allowed. Use the Storage API instead.'
      using errcode = '42501', hint = 'This prevents accidental data loss from orphaned objects.';
  end if;
  return null;
end
$$;
create trigger protect_buckets_delete before delete on storage.buckets
  for each statement execute function storage.protect_delete();
create trigger protect_objects_delete before delete on storage.objects
  for each statement execute function storage.protect_delete();

create function storage.update_updated_at_column() returns trigger language plpgsql as $$
begin
  new.updated_at = now();
  return new;
end
$$;
create trigger update_objects_updated_at before update on storage.objects
  for each row execute function storage.update_updated_at_column();

create function storage.enforce_bucket_name_length() returns trigger language plpgsql as $$
begin
  if length(new.name) > 100 then
    raise exception 'bucket name "%" is too long (% characters). Max is 100.', new.name, length(new.name);
  end if;
  return new;
end
$$;
create trigger enforce_bucket_name_length_trigger before insert or update of name on storage.buckets
  for each row execute function storage.enforce_bucket_name_length();

-- Would this upload be let in? Inserts, and undoes it by raising.
create function storage.can_insert_object(bucketid text, name text, owner uuid, metadata jsonb) returns void language plpgsql as $$
begin
  insert into storage.objects (bucket_id, name, owner, metadata) values (bucketid, name, owner, metadata);
  raise sqlstate 'PT200' using message = 'ROLLBACK', detail = 'rollback successful insert';
end
$$;

create function storage.get_size_by_bucket() returns table (size bigint, bucket_id text) language plpgsql stable as $$
begin
  return query
    select sum((o.metadata ->> 'size')::bigint)::bigint, o.bucket_id from storage.objects o group by o.bucket_id;
end
$$;

create function storage.get_common_prefix(p_key text, p_prefix text, p_delimiter text) returns text language sql immutable as $$
  select case when position(p_delimiter in substr(p_key, length(p_prefix) + 1)) > 0
    then left(p_key, length(p_prefix) + position(p_delimiter in substr(p_key, length(p_prefix) + 1)))
  end
$$;

-- Listings. The service's own are tuned for millions of rows; these give the same rows for few.
create function storage.search(
  prefix text, bucketname text, limits integer default 100, levels integer default 1, offsets integer default 0,
  search text default '', sortcolumn text default 'name', sortorder text default 'asc'
) returns table (
  name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, metadata jsonb
) language plpgsql stable as $$
declare
  direction text := case when lower(sortorder) = 'desc' then 'desc' else 'asc' end;
  sort_by text := case when sortcolumn in ('name', 'updated_at', 'created_at', 'last_accessed_at') then sortcolumn else 'name' end;
begin
  return query execute format(
    'with found as (
       select o.*, array_length(o.path_tokens, 1) as depth from storage.objects o
       where o.bucket_id = $1 and o.name ilike $2 || $3 || ''%%''
     ), listed as (
       select path_tokens[$4] as name, null::uuid as id, null::timestamptz as updated_at, null::timestamptz as created_at,
              null::timestamptz as last_accessed_at, null::jsonb as metadata
       from found where depth > $4 group by path_tokens[$4]
       union all
       select path_tokens[$4], id, updated_at, created_at, last_accessed_at, metadata from found where depth = $4
     )
     select * from listed order by (id is not null), %I %s limit $5 offset $6', sort_by, direction)
  using bucketname, prefix, search, levels, limits, offsets;
end
$$;

create function storage.search_v2(
  prefix text, bucket_name text, limits integer default 100, levels integer default 1, start_after text default '',
  sort_order text default 'asc', sort_column text default 'name', sort_column_after text default ''
) returns table (
  key text, name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, metadata jsonb
) language plpgsql stable as $$
begin
  return query
    select s.name, s.name, s.id, s.updated_at, s.created_at, s.last_accessed_at, s.metadata
    from storage.search(prefix, bucket_name, limits, levels, 0, '', sort_column, sort_order) s
    where s.name > start_after;
end
$$;

create function storage.search_by_timestamp(
  p_prefix text, p_bucket_id text, p_limit integer, p_level integer, p_start_after text, p_sort_order text,
  p_sort_column text, p_sort_column_after text
) returns table (
  key text, name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, metadata jsonb
) language plpgsql stable as $$
begin
  return query
    select * from storage.search_v2(p_prefix, p_bucket_id, p_limit, p_level, p_start_after, p_sort_order, p_sort_column, p_sort_column_after);
end
$$;

create function storage.list_objects_with_delimiter(
  _bucket_id text, prefix_param text, delimiter_param text, max_keys integer default 100, start_after text default '',
  next_token text default '', sort_order text default 'asc'
) returns table (
  name text, id uuid, metadata jsonb, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz
) language plpgsql stable as $$
declare
  starts text := coalesce(nullif(next_token, ''), start_after, '');
begin
  return query
    select distinct on (listed.name) listed.* from (
      select coalesce(storage.get_common_prefix(o.name, prefix_param, delimiter_param), o.name) as name,
             case when storage.get_common_prefix(o.name, prefix_param, delimiter_param) is null then o.id end as id,
             o.metadata, o.updated_at, o.created_at, o.last_accessed_at
      from storage.objects o
      where o.bucket_id = _bucket_id and starts_with(o.name, prefix_param) and o.name > starts
    ) listed
    order by listed.name limit max_keys;
end
$$;

create function storage.list_multipart_uploads_with_delimiter(
  bucket_id text, prefix_param text, delimiter_param text, max_keys integer default 100, next_key_token text default '',
  next_upload_token text default ''
) returns table (key text, id text, created_at timestamptz) language plpgsql as $$
begin
  return query
    select coalesce(storage.get_common_prefix(u.key, prefix_param, delimiter_param), u.key), u.id, u.created_at
    from storage.s3_multipart_uploads u
    where u.bucket_id = $1 and starts_with(u.key, prefix_param) and u.key >= next_key_token
    order by 1 limit max_keys;
end
$$;

do $$
declare
  object record;
begin
  for object in select oid::regprocedure as name from pg_proc where pronamespace = 'storage'::regnamespace loop
    execute format('alter function %s owner to supabase_storage_admin', object.name);
  end loop;
end
$$;
-- These three are older than Storage's own migrations: made with the image, whose default privileges they have.
grant execute on function storage.foldername(text), storage.filename(text), storage.extension(text)
  to postgres, anon, authenticated, service_role, dashboard_user;
`,"50-realtime":`-- Schema realtime as the Realtime service's own migrations leave it, and the publication it listens to.

create publication supabase_realtime with (publish = 'insert, update, delete, truncate');
alter publication supabase_realtime owner to postgres;

create type realtime.action as enum ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'ERROR');
create type realtime.equality_op as enum (
  'eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in', 'like', 'ilike', 'is', 'match', 'imatch', 'isdistinct'
);
create type realtime.user_defined_filter as (column_name text, op realtime.equality_op, value text, negate boolean);
create type realtime.wal_column as (
  name text, type_name text, type_oid oid, value jsonb, is_pkey boolean, is_selectable boolean
);
create type realtime.wal_rls as (wal jsonb, is_rls_enabled boolean, subscription_ids uuid[], errors text[]);

create table realtime.schema_migrations (
  version bigint not null,
  inserted_at timestamp(0) default now(),
  constraint schema_migrations_pkey primary key (version)
);

-- Broadcasts and presence: who may join a channel is decided by policies on this table, reading realtime.topic().
create table realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp default now() not null,
  inserted_at timestamp default now() not null,
  id uuid default gen_random_uuid() not null,
  binary_payload bytea,
  constraint messages_pkey primary key (id, inserted_at),
  constraint messages_payload_exclusive check (payload is null or binary_payload is null) not valid
) partition by range (inserted_at);
create index messages_inserted_at_topic_index on only realtime.messages (inserted_at desc, topic)
  where extension = 'broadcast' and private is true;
-- The service keeps a partition for each day around today. One for all time does here.
create table realtime.messages_all partition of realtime.messages for values from (minvalue) to (maxvalue);

create function realtime.topic() returns text language sql stable as $$
  select nullif(current_setting('realtime.topic', true), '')
$$;

create function realtime.to_regrole(role_name text) returns regrole language sql immutable as $$
  select role_name::regrole
$$;

create table realtime.subscription (
  id bigint generated always as identity not null,
  subscription_id uuid not null,
  entity regclass not null,
  filters realtime.user_defined_filter[] default '{}' not null,
  claims jsonb not null,
  claims_role regrole generated always as (realtime.to_regrole(claims ->> 'role')) stored not null,
  created_at timestamp default timezone('utc', now()) not null,
  action_filter text default '*',
  selected_columns text[],
  constraint pk_subscription primary key (id),
  constraint subscription_action_filter_check check (action_filter in ('*', 'INSERT', 'UPDATE', 'DELETE'))
);
create index ix_realtime_subscription_entity on realtime.subscription (entity);
create unique index subscription_subscription_id_entity_filters_action_filter_selec
  on realtime.subscription (subscription_id, entity, filters, action_filter, coalesce(selected_columns, '{}'));

-- A filter must name a column the subscriber may read.
create function realtime.subscription_check_filters() returns trigger language plpgsql as $$
declare
  filter realtime.user_defined_filter;
begin
  foreach filter in array new.filters loop
    if not exists (
      select from pg_attribute a
      where a.attrelid = new.entity and a.attname = filter.column_name and a.attnum > 0 and not a.attisdropped
        and has_column_privilege(new.claims ->> 'role', a.attrelid, a.attnum, 'SELECT')
    ) then
      raise exception 'invalid column for filter %', filter.column_name;
    end if;
  end loop;
  return new;
end
$$;
create trigger tr_check_filters before insert or update on realtime.subscription
  for each row execute function realtime.subscription_check_filters();

-- Never fails: what goes wrong is a warning, so that a trigger's transaction goes on.
create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void language plpgsql as $$
declare
  message_id uuid := gen_random_uuid();
begin
  begin
    execute format('set local realtime.topic to %L', topic);
    insert into realtime.messages (id, payload, event, topic, private, extension)
    values (
      message_id,
      case when payload ? 'id' then payload else jsonb_set(payload, '{id}', to_jsonb(message_id)) end,
      event, topic, private, 'broadcast'
    );
  exception when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
  end;
end
$$;

create function realtime.send_binary(payload bytea, event text, topic text, private boolean default true) returns void language plpgsql as $$
begin
  begin
    execute format('set local realtime.topic to %L', topic);
    insert into realtime.messages (binary_payload, event, topic, private, extension)
    values (payload, event, topic, private, 'broadcast');
  exception when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
  end;
end
$$;

create function realtime.broadcast_changes(
  topic_name text, event_name text, operation text, table_name text, table_schema text, new record, old record,
  level text default 'ROW'
) returns void language plpgsql as $$
begin
  if level = 'STATEMENT' then
    raise exception 'function can only be triggered for each row, not for each statement';
  end if;
  if operation not in ('INSERT', 'UPDATE', 'DELETE') then
    raise exception 'Unexpected operation type: %', operation;
  end if;
  perform realtime.send(
    jsonb_build_object('old_record', old, 'record', new, 'operation', operation, 'table', table_name, 'schema', table_schema),
    event_name, topic_name
  );
exception when others then
  raise exception 'Failed to process the row: %', sqlerrm;
end
$$;

-- The rest of the service's functions turn the write-ahead log into messages, which nothing does here: they exist so that
-- grants and revokes that name them succeed.
create function realtime.quote_wal2json(entity regclass) returns text language sql immutable strict as $$
  select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = entity
$$;
create function realtime.wal2json_escape_identifier(name text) returns text language sql immutable strict as $$
  select regexp_replace(name, '([ ,.*\\\\])', '\\\\\\1', 'g')
$$;
create function realtime."cast"(val text, type_ regtype) returns jsonb language plpgsql immutable as $$
declare
  result jsonb;
begin
  execute format('select to_jsonb(%L::%s)', val, type_) into result;
  return result;
end
$$;
create function realtime.check_equality_op(op realtime.equality_op, type_ regtype, val_1 text, val_2 text) returns boolean
language plpgsql immutable as $$
declare
  result boolean;
  symbol text := case op when 'eq' then '=' when 'neq' then '<>' when 'lt' then '<' when 'lte' then '<=' when 'gt' then '>' when 'gte' then '>=' else '= any' end;
begin
  execute format('select %L::%s %s (%L::%s%s)', val_1, type_, symbol, val_2, type_, case when op = 'in' then '[]' else '' end) into result;
  return result;
end
$$;
create function realtime.check_equality_op(op realtime.equality_op, type_ regtype, val_1 text, val_2 text, negate boolean)
returns boolean language sql stable as $$
  select case when negate then not realtime.check_equality_op(op, type_, val_1, val_2) else realtime.check_equality_op(op, type_, val_1, val_2) end
$$;
create function realtime.is_visible_through_filters(columns realtime.wal_column[], filters realtime.user_defined_filter[])
returns boolean language sql stable as $$
  select not exists (
    select from unnest(filters) f
    where not exists (
      select from unnest(columns) c
      where c.name = f.column_name
        and realtime.check_equality_op(f.op, c.type_oid::regtype, c.value #>> '{}', f.value, coalesce(f.negate, false))
    )
  )
$$;
create function realtime.build_prepared_statement_sql(prepared_statement_name text, entity regclass, columns realtime.wal_column[])
returns text language sql as $$
  select format('prepare %s as select exists (select from %s where %s)', prepared_statement_name, entity,
    string_agg(format('%I = %L', c.name, c.value #>> '{}'), ' and '))
  from unnest(columns) c where c.is_pkey
$$;
create function realtime.apply_rls(wal jsonb, max_record_bytes integer default 1024 * 1024) returns setof realtime.wal_rls
language sql volatile as $$ select null::realtime.wal_rls limit 0 $$;
create function realtime.list_changes(publication name, slot_name name, max_changes integer, max_record_bytes integer)
returns table (wal jsonb, is_rls_enabled boolean, subscription_ids uuid[], errors text[], slot_changes_count bigint)
language sql as $$ select null::jsonb, null::boolean, null::uuid[], null::text[], 0::bigint limit 0 $$;

alter table realtime.messages enable row level security;
alter table realtime.messages_all enable row level security;
alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages_all owner to supabase_realtime_admin;
alter table realtime.subscription owner to supabase_realtime_admin;
grant all on realtime.schema_migrations, realtime.messages, realtime.subscription to postgres, dashboard_user;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;
grant select on realtime.subscription to anon, authenticated, service_role;
grant usage on sequence realtime.subscription_id_seq to anon, authenticated, service_role;
do $$
declare
  object record;
begin
  for object in select oid::regprocedure as name from pg_proc where pronamespace = 'realtime'::regnamespace loop
    execute format('alter function %s owner to supabase_realtime_admin', object.name);
    execute format('grant execute on function %s to postgres, dashboard_user', object.name);
  end loop;
  for object in select oid::regtype as name from pg_type t where typnamespace = 'realtime'::regnamespace
    and (typtype = 'e' or typtype = 'c' and exists (select from pg_class where oid = t.typrelid and relkind = 'c')) loop
    execute format('alter type %s owner to supabase_realtime_admin', object.name);
  end loop;
end
$$;
-- What the service's own queries call, with the listener's role.
do $$
declare
  object record;
begin
  for object in select oid::regprocedure as name from pg_proc where pronamespace = 'realtime'::regnamespace
    and proname in ('apply_rls', 'build_prepared_statement_sql', 'cast', 'check_equality_op', 'is_visible_through_filters',
      'quote_wal2json', 'subscription_check_filters', 'to_regrole') loop
    execute format('grant execute on function %s to anon, authenticated, service_role', object.name);
  end loop;
end
$$;
`,"60-extensions":`-- Extensions every new project starts with. Both are part of Postgres and installed for real.
create extension if not exists pgcrypto with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;

grant all on all tables in schema extensions to postgres with grant option;
grant all on all routines in schema extensions to postgres with grant option;
grant all on all sequences in schema extensions to postgres with grant option;

-- What stands in graphql_public while pg_graphql is not enabled, as on every project made since it is off by default.
create function graphql_public.graphql(
  "operationName" text default null, query text default null, variables jsonb default null, extensions jsonb default null
) returns jsonb language sql as $$
  select '{"errors": [{"message": "pg_graphql extension is not enabled."}]}'::jsonb
$$;
grant execute on function graphql_public.graphql(text, text, jsonb, jsonb) to postgres, anon, authenticated, service_role;

-- The connection pooler looks passwords up by this. The hashes are nobody's business: it returns no row.
create function pgbouncer.get_auth(p_usename text) returns table (username text, password text) language sql security definer as $$
  select null::text, null::text limit 0
$$;
revoke all on function pgbouncer.get_auth(text) from public;
grant execute on function pgbouncer.get_auth(text) to pgbouncer, postgres;

-- Where the CLI keeps which migrations ran, and with which statements.
create table supabase_migrations.schema_migrations (
  version text not null primary key,
  statements text[],
  name text
);
alter table supabase_migrations.schema_migrations owner to postgres;
create table supabase_migrations.seed_files (
  path text not null primary key,
  hash text not null
);
alter table supabase_migrations.seed_files owner to postgres;
`,"70-supabase-functions":`-- Database webhooks: the schema the dashboard and the CLI make, with the trigger function that posts a row to an URL.
create schema if not exists supabase_functions authorization supabase_admin;
create table supabase_functions.migrations (
  version text not null primary key,
  inserted_at timestamptz default now() not null
);
insert into supabase_functions.migrations (version) values ('initial'), ('20210809183423_update_grants');
create table supabase_functions.hooks (
  id bigserial primary key,
  hook_table_id integer not null,
  hook_name text not null,
  created_at timestamptz default now() not null,
  request_id bigint
);
create index supabase_functions_hooks_request_id_idx on supabase_functions.hooks (request_id);
create index supabase_functions_hooks_h_table_id_h_name_idx on supabase_functions.hooks (hook_table_id, hook_name);

create function supabase_functions.http_request() returns trigger language plpgsql security definer set search_path = supabase_functions as $$
declare
  url text := nullif(tg_argv[0], 'null');
  method text := nullif(tg_argv[1], 'null');
  headers jsonb := coalesce(nullif(tg_argv[2], 'null')::jsonb, '{"Content-Type": "application/json"}');
  params jsonb := coalesce(nullif(tg_argv[3], 'null')::jsonb, '{}');
  timeout_ms integer := coalesce(nullif(tg_argv[4], 'null')::integer, 1000);
  request bigint;
begin
  if url is null then
    raise exception 'url argument is missing';
  elsif method is null then
    raise exception 'method argument is missing';
  elsif method = 'GET' then
    request := net.http_get(url, params, headers, timeout_ms);
  elsif method = 'POST' then
    request := net.http_post(
      url,
      jsonb_build_object('old_record', old, 'record', new, 'type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema),
      params, headers, timeout_ms
    );
  else
    raise exception 'method argument % is invalid', method;
  end if;
  insert into supabase_functions.hooks (hook_table_id, hook_name, request_id) values (tg_relid, tg_name, request);
  return new;
end
$$;

alter table supabase_functions.migrations owner to supabase_functions_admin;
alter table supabase_functions.hooks owner to supabase_functions_admin;
alter function supabase_functions.http_request() owner to supabase_functions_admin;
grant all on schema supabase_functions to supabase_functions_admin;
grant usage on schema supabase_functions to postgres, anon, authenticated, service_role;
grant all on all tables in schema supabase_functions to postgres, anon, authenticated, service_role;
grant all on all sequences in schema supabase_functions to postgres, anon, authenticated, service_role;
revoke all on function supabase_functions.http_request() from public;
grant execute on function supabase_functions.http_request() to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema supabase_functions grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema supabase_functions grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema supabase_functions grant all on functions to postgres, anon, authenticated, service_role;
`},v={"grants-automatic":`-- The era of automatic grants: what postgres makes in public is open to the API roles at once, and only RLS stands before the rows.
alter default privileges for role postgres in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on functions to postgres, anon, authenticated, service_role;
`,"grants-explicit":`-- The era of explicit grants, as the CLI writes it. TRUNCATE, REFERENCES, TRIGGER and MAINTAIN stay granted on new tables,
-- and functions stay executable by everybody through PostgreSQL's own default. Objects made before keep what they have.
alter default privileges for role postgres in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public revoke select, insert, update, delete on tables from anon, authenticated, service_role;
alter default privileges for role postgres in schema public revoke usage, select on sequences from anon, authenticated, service_role;
alter default privileges for role postgres in schema public revoke execute on functions from anon, authenticated, service_role;
`},_={"basejump-supabase_test_helpers":`-- Test helpers with the names and signatures of basejump's package, this project's own bodies: users made and impersonated,
-- RLS asserted (with pgtap, which may come later), time frozen. May be run again: a test file can ask for them while they are there.
create schema if not exists tests authorization postgres;
grant usage on schema tests to anon, authenticated, service_role, postgres;
-- What a test file adds to them is open to the same roles.
alter default privileges for role postgres in schema tests grant execute on functions to anon, authenticated, service_role;

create or replace function tests.create_supabase_user(identifier text, email text default null, phone text default null, metadata jsonb default null)
returns uuid language plpgsql security definer set search_path = auth, pg_temp as $$
declare
  made uuid := gen_random_uuid();
begin
  insert into auth.users (id, aud, role, email, phone, raw_user_meta_data, raw_app_meta_data, created_at, updated_at)
  values (made, 'authenticated', 'authenticated', coalesce(email, made || '@test.com'), phone,
    jsonb_build_object('test_identifier', identifier) || coalesce(metadata, '{}'), '{}', now(), now());
  return made;
end
$$;

create or replace function tests.get_supabase_user(identifier text)
returns json language plpgsql security definer set search_path = auth, pg_temp as $$
declare
  found_user json;
begin
  select json_build_object('id', id, 'email', email, 'phone', phone, 'raw_user_meta_data', raw_user_meta_data, 'raw_app_meta_data', raw_app_meta_data)
  into found_user from auth.users where raw_user_meta_data ->> 'test_identifier' = identifier limit 1;
  if found_user is null or found_user ->> 'id' is null then
    raise exception 'User with identifier % not found', identifier;
  end if;
  return found_user;
end
$$;

create or replace function tests.get_supabase_uid(identifier text)
returns uuid language plpgsql security definer set search_path = auth, pg_temp as $$
declare
  found_id uuid;
begin
  select id into found_id from auth.users where raw_user_meta_data ->> 'test_identifier' = identifier limit 1;
  if found_id is null then
    raise exception 'User with identifier % not found', identifier;
  end if;
  return found_id;
end
$$;

create or replace function tests.authenticate_as(identifier text)
returns void language plpgsql as $$
declare
  who json := tests.get_supabase_user(identifier);
begin
  perform set_config('role', 'authenticated', true);
  perform set_config('request.jwt.claims', json_build_object(
    'sub', who ->> 'id', 'email', who ->> 'email', 'phone', who ->> 'phone', 'role', 'authenticated', 'aud', 'authenticated',
    'user_metadata', who -> 'raw_user_meta_data', 'app_metadata', who -> 'raw_app_meta_data')::text, true);
end
$$;

create or replace function tests.authenticate_as_service_role()
returns void language plpgsql as $$
begin
  perform set_config('role', 'service_role', true);
  perform set_config('request.jwt.claims', null, true);
end
$$;

create or replace function tests.clear_authentication()
returns void language plpgsql as $$
begin
  perform set_config('role', 'anon', true);
  perform set_config('request.jwt.claims', null, true);
end
$$;

create or replace function tests.rls_enabled(testing_schema text)
returns text language plpgsql as $$
begin
  return is(
    (select count(*)::integer from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = testing_schema and c.relkind = 'r' and not c.relrowsecurity),
    0,
    'All tables in the ' || testing_schema || ' schema should have row level security enabled');
end
$$;

create or replace function tests.rls_enabled(testing_schema text, testing_table text)
returns text language plpgsql as $$
begin
  return is(
    (select count(*)::integer from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = testing_schema and c.relname = testing_table and c.relkind = 'r' and c.relrowsecurity),
    1,
    testing_table || ' table in the ' || testing_schema || ' schema should have row level security enabled');
end
$$;

grant execute on all functions in schema tests to anon, authenticated, service_role, postgres;

-- now() comes from test_overrides while time is frozen: it stands before pg_catalog on the search_path then.
create schema if not exists test_overrides authorization postgres;
grant usage on schema test_overrides to anon, authenticated, service_role, postgres;
create or replace function test_overrides.now()
returns timestamptz language plpgsql as $$
begin
  return coalesce(nullif(current_setting('tests.frozen_time', true), '')::timestamptz, pg_catalog.now());
end
$$;
grant execute on function test_overrides.now() to anon, authenticated, service_role, postgres;

create or replace function tests.freeze_time(frozen_time timestamptz)
returns void language plpgsql as $$
begin
  if current_setting('search_path') not like '%test_overrides%' then
    perform set_config('search_path', 'test_overrides,' || current_setting('search_path') || ',pg_catalog', true);
  end if;
  perform set_config('tests.frozen_time', frozen_time::text, true);
end
$$;

create or replace function tests.unfreeze_time()
returns void language plpgsql as $$
begin
  perform set_config('tests.frozen_time', null, true);
  perform set_config('search_path', trim(leading 'test_overrides,' from current_setting('search_path')), true);
end
$$;
`,http:`-- http. Nothing is sent: every call answers 200 with an empty object.
create domain http_method as text;
create domain content_type as text check (value ~ '^\\S+\\/\\S+');
create type http_header as (field varchar, value varchar);
create type http_response as (status integer, content_type varchar, headers http_header[], content varchar);
create type http_request as (method http_method, uri varchar, headers http_header[], content_type varchar, content varchar);
create function http_set_curlopt(curlopt varchar, value varchar) returns boolean language sql as $$ select true $$;
create function http_reset_curlopt() returns boolean language sql as $$ select true $$;
create function http_list_curlopt() returns table (curlopt text, value text) language sql as $$ select null::text, null::text limit 0 $$;
create function http_header(field varchar, value varchar) returns http_header language sql as $$ select $1, $2 $$;
create function http(request @extschema@.http_request) returns http_response language sql as $$
  select 200, 'application/json'::varchar, null::@extschema@.http_header[], '{}'::varchar
$$;
create function http_get(uri varchar) returns http_response language sql as $$
  select @extschema@.http(('GET', $1, null, null, null)::@extschema@.http_request)
$$;
create function http_get(uri varchar, data jsonb) returns http_response language sql as $$
  select @extschema@.http(('GET', $1, null, null, null)::@extschema@.http_request)
$$;
create function http_post(uri varchar, content varchar, content_type varchar) returns http_response language sql as $$
  select @extschema@.http(('POST', $1, null, $3, $2)::@extschema@.http_request)
$$;
create function http_post(uri varchar, data jsonb) returns http_response language sql as $$
  select @extschema@.http(('POST', $1, null, null, null)::@extschema@.http_request)
$$;
create function http_put(uri varchar, content varchar, content_type varchar) returns http_response language sql as $$
  select @extschema@.http(('PUT', $1, null, $3, $2)::@extschema@.http_request)
$$;
create function http_patch(uri varchar, content varchar, content_type varchar) returns http_response language sql as $$
  select @extschema@.http(('PATCH', $1, null, $3, $2)::@extschema@.http_request)
$$;
create function http_delete(uri varchar) returns http_response language sql as $$
  select @extschema@.http(('DELETE', $1, null, null, null)::@extschema@.http_request)
$$;
create function http_delete(uri varchar, content varchar, content_type varchar) returns http_response language sql as $$
  select @extschema@.http(('DELETE', $1, null, $3, $2)::@extschema@.http_request)
$$;
create function http_head(uri varchar) returns http_response language sql as $$
  select @extschema@.http(('HEAD', $1, null, null, null)::@extschema@.http_request)
$$;
create function urlencode(string varchar) returns text language sql immutable strict as $$ select string::text $$;
create function urlencode(string bytea) returns text language sql immutable strict as $$ select encode(string, 'escape') $$;
create function urlencode(data jsonb) returns text language sql immutable strict as $$
  select string_agg(key || '=' || value, '&') from jsonb_each_text(data)
$$;
create function text_to_bytea(data text) returns bytea language sql immutable as $$ select convert_to($1, 'utf8') $$;
create function bytea_to_text(data bytea) returns text language sql immutable as $$ select convert_from($1, 'utf8') $$;
`,hypopg:`-- hypopg. Hypothetical indexes are not kept.
create function hypopg_create_index(sql_order text, out indexrelid oid, out indexname text) returns setof record language sql as $$ select 0::oid, ''::text limit 0 $$;
create function hypopg_reset() returns void language sql as $$ select $$;
create function hypopg_drop_index(indexid oid) returns boolean language sql as $$ select true $$;
create function hypopg() returns table (indexname text, indexrelid oid) language sql as $$ select ''::text, 0::oid limit 0 $$;
`,index_advisor:`-- index_advisor. Advises nothing.
create function index_advisor(query text) returns table (
  startup_cost_before jsonb, startup_cost_after jsonb, total_cost_before jsonb, total_cost_after jsonb, index_statements text[], errors text[]
) language sql as $$ select null::jsonb, null::jsonb, null::jsonb, null::jsonb, '{}'::text[], '{}'::text[] $$;
`,moddatetime:`-- moddatetime, where the engine does not bring it.
create function moddatetime() returns trigger language plpgsql as $$
declare
  kind text;
begin
  if tg_nargs <> 1 then
    raise exception 'moddatetime: A single argument was expected';
  end if;
  select format_type(atttypid, null) into kind from pg_attribute where attrelid = tg_relid and attname = tg_argv[0];
  if kind is null then
    raise exception '"%" has no attribute "%"', tg_table_name, tg_argv[0];
  end if;
  return jsonb_populate_record(new, jsonb_build_object(tg_argv[0], case when kind = 'timestamp without time zone' then to_jsonb(localtimestamp) else to_jsonb(now()) end));
end
$$;
`,pg_cron:`-- pg_cron. Jobs are recorded and never run.
create schema cron;
create sequence cron.jobid_seq;
create sequence cron.runid_seq;
create table cron.job (
  jobid bigint default nextval('cron.jobid_seq') not null primary key,
  schedule text not null,
  command text not null,
  nodename text default 'localhost' not null,
  nodeport integer default current_setting('port')::integer not null,
  database text default current_database() not null,
  username text default current_user not null,
  active boolean default true not null,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
create table cron.job_run_details (
  jobid bigint,
  runid bigint default nextval('cron.runid_seq') not null primary key,
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

-- Five fields, six never; or "30 seconds". What pg_cron would refuse is refused here with its words.
create function cron.check_schedule(schedule text) returns void language plpgsql immutable as $$
begin
  if trim(schedule) ~* '^([1-9]|[1-5][0-9])\\s+seconds?$'
    or trim(schedule) ~* '^@(yearly|annually|monthly|weekly|daily|midnight|hourly|reboot)$'
    or trim(schedule) ~* '^([0-9a-z*/,$-]+\\s+){4}[0-9a-z*/,$-]+$' then
    return;
  end if;
  raise exception 'invalid schedule: %', schedule
    using errcode = '22023', hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
end
$$;

create function cron.alter_job(
  job_id bigint, schedule text default null, command text default null, database text default null, username text default null,
  active boolean default null
) returns void language plpgsql security definer set search_path = '' as $$
begin
  if schedule is not null then
    perform cron.check_schedule(schedule);
  end if;
  update cron.job j set
    schedule = coalesce(alter_job.schedule, j.schedule), command = coalesce(alter_job.command, j.command),
    database = coalesce(alter_job.database, j.database), username = coalesce(alter_job.username, j.username),
    active = coalesce(alter_job.active, j.active)
  where j.jobid = job_id;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_id;
  end if;
end
$$;

create function cron.record_job(job_name text, schedule text, command text, database text, username text, active boolean) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  id bigint;
begin
  perform cron.check_schedule(schedule);
  insert into cron.job (jobname, schedule, command, database, username, active)
  values (job_name, schedule, command, coalesce(database, current_database()), username, active)
  on conflict on constraint jobname_username_uniq do update
    set schedule = excluded.schedule, command = excluded.command, database = excluded.database, active = excluded.active
  returning jobid into id;
  return id;
end
$$;

create function cron.schedule(schedule text, command text) returns bigint language sql as $$
  select cron.record_job(null, schedule, command, null, current_user::text, true)
$$;
create function cron.schedule(job_name text, schedule text, command text) returns bigint language sql as $$
  select cron.record_job(job_name, schedule, command, null, current_user::text, true)
$$;
create function cron.schedule_in_database(
  job_name text, schedule text, command text, database text, username text default null, active boolean default true
) returns bigint language sql as $$
  select cron.record_job(job_name, schedule, command, database, coalesce(username, current_user::text), active)
$$;

create function cron.unschedule(job_id bigint) returns boolean language plpgsql security definer set search_path = '' as $$
begin
  delete from cron.job where jobid = job_id;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_id;
  end if;
  return true;
end
$$;
create function cron.unschedule(job_name text) returns boolean language plpgsql security definer set search_path = '' as $$
begin
  delete from cron.job where jobname = job_name;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_name;
  end if;
  return true;
end
$$;

-- pg_cron's own extension script closes its tables; Supabase opens them to postgres, cron.job for reading only.
grant usage on schema cron to postgres with grant option;
grant execute on all functions in schema cron to postgres with grant option;
grant all on cron.job_run_details to postgres with grant option;
revoke trigger on cron.job_run_details from postgres;
grant usage, select on all sequences in schema cron to postgres with grant option;
grant select on cron.job to postgres with grant option;
`,pg_graphql:`-- pg_graphql. resolve() exists and answers that nothing is resolved here.
create function graphql.resolve(query text, variables jsonb default '{}', "operationName" text default null, extensions jsonb default null)
returns jsonb language sql as $$ select '{"data": null, "errors": [{"message": "pg_graphql is not run by this check"}]}'::jsonb $$;
create function graphql.comment_directive(comment_ text) returns jsonb language sql immutable as $$
  select coalesce((regexp_match(comment_, '@graphql\\((.+)\\)'))[1]::jsonb, '{}')
$$;
create function graphql.exception(message text) returns text language plpgsql as $$ begin raise exception using errcode = '22000', message = message; end $$;
grant usage on schema graphql to postgres with grant option;
grant usage on schema graphql to anon, authenticated, service_role;
grant execute on all functions in schema graphql to postgres, anon, authenticated, service_role;
`,pg_hashids:`-- pg_hashids. Reversible and stable as the original, but other letters.
create function id_encode(id bigint, salt text default '', min_hash_length integer default 0, alphabet text default '') returns text
language sql immutable as $$ select lpad(to_hex(id), greatest(min_hash_length, length(to_hex(id))), '0') $$;
create function id_encode(ids bigint[], salt text default '', min_hash_length integer default 0, alphabet text default '') returns text
language sql immutable as $$ select string_agg(to_hex(i), 'x') from unnest(ids) i $$;
create function id_decode(hash text, salt text default '', min_hash_length integer default 0, alphabet text default '') returns bigint[]
language sql immutable as $$ select array_agg(('x' || lpad(part, 16, '0'))::bit(64)::bigint) from string_to_table(hash, 'x') part $$;
create function id_decode_once(hash text, salt text default '', min_hash_length integer default 0, alphabet text default '') returns bigint
language sql immutable as $$ select (@extschema@.id_decode($1))[1] $$;
create function hash_encode(id bigint, salt text default '', min_hash_length integer default 0, alphabet text default '') returns text
language sql immutable as $$ select @extschema@.id_encode($1, $2, $3, $4) $$;
create function hash_decode(hash text, salt text default '', min_hash_length integer default 0, alphabet text default '') returns integer
language sql immutable as $$ select (@extschema@.id_decode($1))[1]::integer $$;
`,pg_jsonschema:`-- pg_jsonschema. Types, required keys, enumerations and nested properties are checked; other keywords pass.
create function jsonb_matches_schema(schema json, instance jsonb) returns boolean language plpgsql immutable strict as $$
declare
  rules jsonb := schema::jsonb;
  wanted jsonb := rules -> 'type';
  found text := jsonb_typeof(instance);
  entry record;
begin
  if jsonb_typeof(rules) <> 'object' then
    return rules <> 'false';
  end if;
  if wanted is not null then
    if jsonb_typeof(wanted) = 'string' then
      wanted := jsonb_build_array(wanted);
    end if;
    if not (wanted ? found or found = 'number' and wanted ? 'integer' and (instance #>> '{}')::numeric % 1 = 0) then
      return false;
    end if;
  end if;
  if rules ? 'enum' and not exists (select from jsonb_array_elements(rules -> 'enum') e where e = instance) then
    return false;
  end if;
  if rules ? 'const' and rules -> 'const' <> instance then
    return false;
  end if;
  if found = 'object' then
    for entry in select value from jsonb_array_elements_text(coalesce(rules -> 'required', '[]')) loop
      if not instance ? entry.value then
        return false;
      end if;
    end loop;
    for entry in select key, value from jsonb_each(coalesce(rules -> 'properties', '{}')) loop
      if instance ? entry.key and not @extschema@.jsonb_matches_schema(entry.value::json, instance -> entry.key) then
        return false;
      end if;
    end loop;
    if rules -> 'additionalProperties' = 'false' and exists (
      select from jsonb_object_keys(instance) k where not coalesce(rules -> 'properties', '{}') ? k
    ) then
      return false;
    end if;
  elsif found = 'array' and rules ? 'items' then
    for entry in select value from jsonb_array_elements(instance) loop
      if not @extschema@.jsonb_matches_schema((rules -> 'items')::json, entry.value) then
        return false;
      end if;
    end loop;
  elsif found = 'string' then
    if length(instance #>> '{}') < coalesce((rules ->> 'minLength')::integer, 0)
      or length(instance #>> '{}') > coalesce((rules ->> 'maxLength')::integer, 2147483647) then
      return false;
    end if;
  elsif found = 'number' then
    if (instance #>> '{}')::numeric < (rules ->> 'minimum')::numeric or (instance #>> '{}')::numeric > (rules ->> 'maximum')::numeric then
      return false;
    end if;
  end if;
  return true;
end
$$;
create function json_matches_schema(schema json, instance json) returns boolean language sql immutable strict as $$
  select @extschema@.jsonb_matches_schema($1, $2::jsonb)
$$;
create function jsonschema_is_valid(schema json) returns boolean language sql immutable strict as $$
  select json_typeof($1) in ('object', 'boolean')
$$;
create function jsonschema_validation_errors(schema json, instance json) returns text[] language sql immutable strict as $$
  select case when @extschema@.json_matches_schema($1, $2) then '{}'::text[] else array['does not match the schema'] end
$$;
`,pg_net:`-- pg_net. Requests are recorded and never sent; an id comes back as from the real one.
create schema net;
create type net.http_method as enum ('GET', 'POST', 'DELETE');
create sequence net.http_request_queue_id_seq;
create unlogged table net.http_request_queue (
  id bigint default nextval('net.http_request_queue_id_seq') not null,
  method text not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds integer not null
);
create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz default now() not null
);
create index _http_response_created_idx on net._http_response (created);
create type net.http_response as (status_code integer, headers jsonb, body text);
create type net.request_status as enum ('PENDING', 'SUCCESS', 'ERROR');
create type net.http_response_result as (status net.request_status, message text, response net.http_response);

create function net.record_request(method text, url text, params jsonb, headers jsonb, body bytea, timeout_milliseconds integer)
returns bigint language sql security definer set search_path = '' as $$
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    method,
    url || coalesce('?' || (select string_agg(key || '=' || value, '&') from jsonb_each_text(params)), ''),
    headers, body, timeout_milliseconds
  )
  returning id
$$;

create function net.http_get(url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds integer default 5000)
returns bigint language sql as $$
  select net.record_request('GET', url, params, headers, null, timeout_milliseconds)
$$;
create function net.http_delete(
  url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds integer default 5000, body jsonb default null
) returns bigint language sql as $$
  select net.record_request('DELETE', url, params, headers, convert_to(body::text, 'utf8'), timeout_milliseconds)
$$;
create function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds integer default 5000
) returns bigint language sql as $$
  select net.record_request('POST', url, params, headers, convert_to(body::text, 'utf8'), timeout_milliseconds)
$$;
create function net.http_collect_response(request_id bigint, async boolean default true) returns net.http_response_result language sql as $$
  select ('PENDING', 'request is pending processing', null)::net.http_response_result
$$;
create function net._await_response(request_id bigint) returns boolean language sql as $$ select true $$;
create function net.worker_restart() returns boolean language sql as $$ select true $$;
create function net.check_worker_is_up() returns void language sql as $$ select $$;

grant usage on schema net to supabase_functions_admin, postgres, anon, authenticated, service_role;
grant all on all tables in schema net to postgres, anon, authenticated, service_role;
grant all on all sequences in schema net to postgres, anon, authenticated, service_role;
`,pg_stat_statements:`-- pg_stat_statements, where the library is not preloaded: its columns, and no rows.
create function pg_stat_statements_reset(userid oid default 0, dbid oid default 0, queryid bigint default 0, minmax_only boolean default false)
returns timestamptz language sql as $$ select now() $$;
create function pg_stat_statements_info(out dealloc bigint, out stats_reset timestamptz) language sql as $$ select 0::bigint, now() $$;
create view pg_stat_statements_info as select * from @extschema@.pg_stat_statements_info();
create function pg_stat_statements(showtext boolean) returns table (
  userid oid, dbid oid, toplevel boolean, queryid bigint, query text, plans bigint, total_plan_time double precision,
  min_plan_time double precision, max_plan_time double precision, mean_plan_time double precision, stddev_plan_time double precision,
  calls bigint, total_exec_time double precision, min_exec_time double precision, max_exec_time double precision,
  mean_exec_time double precision, stddev_exec_time double precision, rows bigint, shared_blks_hit bigint, shared_blks_read bigint,
  shared_blks_dirtied bigint, shared_blks_written bigint, local_blks_hit bigint, local_blks_read bigint, local_blks_dirtied bigint,
  local_blks_written bigint, temp_blks_read bigint, temp_blks_written bigint, shared_blk_read_time double precision,
  shared_blk_write_time double precision, local_blk_read_time double precision, local_blk_write_time double precision,
  temp_blk_read_time double precision, temp_blk_write_time double precision, wal_records bigint, wal_fpi bigint, wal_bytes numeric,
  jit_functions bigint, jit_generation_time double precision, jit_inlining_count bigint, jit_inlining_time double precision,
  jit_optimization_count bigint, jit_optimization_time double precision, jit_emission_count bigint, jit_emission_time double precision,
  jit_deform_count bigint, jit_deform_time double precision, stats_since timestamptz, minmax_stats_since timestamptz
) language plpgsql stable as $$ begin return; end $$;
create view pg_stat_statements as select * from @extschema@.pg_stat_statements(true);
grant select on pg_stat_statements, pg_stat_statements_info to public;
`,pg_tle:`-- pg_tle. What is installed through it is recorded, not run.
create table pgtle.recorded (name text, version text, description text, requires text[], sql text);
create type pgtle.password_types as enum ('PASSWORD_TYPE_PLAINTEXT', 'PASSWORD_TYPE_MD5', 'PASSWORD_TYPE_SCRAM_SHA_256');
create type pgtle.pg_tle_features as enum ('passcheck', 'clientauth');
create function pgtle.install_extension(name text, version text, description text, ext text, requires text[] default null, schema text default null)
returns boolean language sql security definer set search_path = '' as $$
  insert into pgtle.recorded (name, version, description, requires, sql) values ($1, $2, $3, $5, $4);
  select true
$$;
create function pgtle.install_extension_version_sql(name text, version text, ext text) returns boolean language sql as $$
  select pgtle.install_extension($1, $2, null, $3)
$$;
create function pgtle.install_update_path(name text, fromvers text, tovers text, ext text) returns boolean language sql as $$ select true $$;
create function pgtle.set_default_version(name text, version text) returns boolean language sql as $$ select true $$;
create function pgtle.uninstall_extension(extname text) returns boolean language sql security definer set search_path = '' as $$
  delete from pgtle.recorded where name = extname;
  select true
$$;
create function pgtle.uninstall_extension(extname text, version text) returns boolean language sql as $$ select pgtle.uninstall_extension($1) $$;
create function pgtle.uninstall_extension_if_exists(extname text) returns boolean language sql as $$ select pgtle.uninstall_extension($1) $$;
create function pgtle.available_extensions() returns table (name name, default_version text, comment text) language sql as $$
  select name::name, max(version), max(description) from pgtle.recorded group by name
$$;
create function pgtle.available_extension_versions() returns table (name name, version text, superuser boolean, trusted boolean, relocatable boolean, schema name, requires name[], comment text)
language sql as $$ select name::name, version, false, false, false, null::name, requires::name[], description from pgtle.recorded $$;
grant usage on schema pgtle to public;
grant all on pgtle.recorded to pgtle_admin;
`,pgaudit:`-- pgaudit. Nothing is logged; the event trigger functions are named in dumps.
create function pgaudit_ddl_command_end() returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$ begin end $$;
create function pgaudit_sql_drop() returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$ begin end $$;
`,pgjwt:`-- pgjwt, on pgcrypto as the original is.
create function url_encode(data bytea) returns text language sql immutable as $$
  select translate(encode(data, 'base64'), E'+/=\\n', '-_')
$$;
create function url_decode(data text) returns bytea language sql immutable as $$
  select decode(rpad(translate(data, '-_', '+/'), ((length(data) + 3) / 4) * 4, '='), 'base64')
$$;
create function algorithm_sign(signables text, secret text, algorithm text) returns text language sql immutable
set search_path = @extschema@, extensions, public as $$
  select url_encode(hmac(signables, secret, case algorithm when 'HS256' then 'sha256' when 'HS384' then 'sha384' when 'HS512' then 'sha512' else '' end))
$$;
create function sign(payload json, secret text, algorithm text default 'HS256') returns text language sql immutable
set search_path = @extschema@, extensions, public as $$
  select signables || '.' || algorithm_sign(signables, secret, algorithm)
  from (select url_encode(convert_to('{"alg":"' || algorithm || '","typ":"JWT"}', 'utf8')) || '.' || url_encode(convert_to(payload::text, 'utf8'))) as t (signables)
$$;
create function try_cast_double(inp text) returns double precision language plpgsql immutable as $$
begin
  return inp::double precision;
exception when others then
  return null;
end
$$;
create function verify(token text, secret text, algorithm text default 'HS256')
returns table (header json, payload json, valid boolean) language sql immutable
set search_path = @extschema@, extensions, public as $$
  select convert_from(url_decode(r[1]), 'utf8')::json,
         convert_from(url_decode(r[2]), 'utf8')::json,
         r[3] = algorithm_sign(r[1] || '.' || r[2], secret, algorithm)
           and tstzrange(
             to_timestamp(try_cast_double(convert_from(url_decode(r[2]), 'utf8')::json ->> 'nbf')),
             to_timestamp(try_cast_double(convert_from(url_decode(r[2]), 'utf8')::json ->> 'exp'))
           ) @> current_timestamp
  from regexp_split_to_array(token, '\\.') as r
$$;
`,pgmq:`-- pgmq. Queues are real tables and messages really wait in them; partitioned queues are plain ones here.
create table pgmq.meta (
  queue_name varchar not null unique,
  is_partitioned boolean not null,
  is_unlogged boolean not null,
  created_at timestamptz default now() not null
);
create table pgmq.notify_insert_throttle (
  queue_name varchar not null primary key,
  throttle_interval_ms integer default 0 not null,
  last_notified_at timestamptz default to_timestamp(0) not null
);
create type pgmq.message_record as (msg_id bigint, read_ct integer, enqueued_at timestamptz, vt timestamptz, message jsonb, headers jsonb);
create type pgmq.queue_record as (queue_name varchar, is_partitioned boolean, is_unlogged boolean, created_at timestamptz);
create type pgmq.metrics_result as (
  queue_name text, queue_length bigint, newest_msg_age_sec integer, oldest_msg_age_sec integer, total_messages bigint,
  scrape_time timestamptz, queue_visible_length bigint
);

create function pgmq.format_table_name(queue_name text, prefix text) returns text language plpgsql immutable as $$
begin
  if queue_name ~ '\\$|;|--|''' then
    raise exception 'queue name contains invalid characters: $, ;, --, or \\''';
  end if;
  return lower(prefix || '_' || queue_name);
end
$$;
create function pgmq.validate_queue_name(queue_name text) returns void language plpgsql as $$
begin
  if length(queue_name) > 47 then
    raise exception 'queue name is too long, maximum length is 47 characters';
  end if;
end
$$;
create function pgmq.acquire_queue_lock(queue_name text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtext('pgmq.queue_' || queue_name))
$$;

create function pgmq.make_queue(queue_name text, unlogged boolean, partitioned boolean) returns void language plpgsql as $$
declare
  queue text := pgmq.format_table_name(queue_name, 'q');
  archive text := pgmq.format_table_name(queue_name, 'a');
begin
  perform pgmq.validate_queue_name(queue_name);
  execute format(
    'create %s table if not exists pgmq.%I (
       msg_id bigint primary key generated always as identity, read_ct integer default 0 not null,
       enqueued_at timestamptz default now() not null, vt timestamptz not null, message jsonb, headers jsonb)',
    case when unlogged then 'unlogged' else '' end, queue);
  execute format(
    'create table if not exists pgmq.%I (
       msg_id bigint primary key, read_ct integer default 0 not null, enqueued_at timestamptz default now() not null,
       archived_at timestamptz default now() not null, vt timestamptz not null, message jsonb, headers jsonb)', archive);
  execute format('create index if not exists %I on pgmq.%I (vt asc)', queue || '_vt_idx', queue);
  execute format('create index if not exists %I on pgmq.%I (archived_at)', 'archived_at_idx_' || queue_name, archive);
  insert into pgmq.meta (queue_name, is_partitioned, is_unlogged) values (make_queue.queue_name, partitioned, unlogged)
  on conflict do nothing;
end
$$;
create function pgmq.create_non_partitioned(queue_name text) returns void language sql as $$ select pgmq.make_queue($1, false, false) $$;
create function pgmq.create_unlogged(queue_name text) returns void language sql as $$ select pgmq.make_queue($1, true, false) $$;
create function pgmq.create_partitioned(queue_name text, partition_interval text default '10000', retention_interval text default '100000')
returns void language sql as $$ select pgmq.make_queue($1, false, true) $$;
create function pgmq.create(queue_name text) returns void language sql as $$ select pgmq.make_queue($1, false, false) $$;
create function pgmq.convert_archive_partitioned(
  table_name text, partition_interval text default '10000', retention_interval text default '100000', leading_partition integer default 10
) returns void language sql as $$ select $$;

create function pgmq.drop_queue(queue_name text, partitioned boolean) returns boolean language plpgsql as $$
begin
  if not exists (select from pgmq.meta m where m.queue_name = drop_queue.queue_name) then
    raise notice 'pgmq queue "%" does not exist', queue_name;
    return false;
  end if;
  execute format('drop table if exists pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
  execute format('drop table if exists pgmq.%I', pgmq.format_table_name(queue_name, 'a'));
  delete from pgmq.notify_insert_throttle n where n.queue_name = drop_queue.queue_name;
  delete from pgmq.meta m where m.queue_name = drop_queue.queue_name;
  return true;
end
$$;
create function pgmq.drop_queue(queue_name text) returns boolean language sql as $$ select pgmq.drop_queue($1, false) $$;
create function pgmq.detach_archive(queue_name text) returns void language sql as $$ select $$;
create function pgmq.list_queues() returns setof pgmq.queue_record language sql as $$
  select queue_name, is_partitioned, is_unlogged, created_at from pgmq.meta
$$;

create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay timestamptz) returns setof bigint language plpgsql as $$
begin
  return query execute format(
    'insert into pgmq.%I (vt, message, headers)
     select $2, m, $3[coalesce(position, 1)] from unnest($1) with ordinality as batch (m, position) returning msg_id',
    pgmq.format_table_name(queue_name, 'q'))
  using msgs, delay, headers;
end
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay integer) returns setof bigint language sql as $$
  select pgmq.send_batch($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[]) returns setof bigint language sql as $$
  select pgmq.send_batch($1, $2, $3, clock_timestamp())
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], delay integer) returns setof bigint language sql as $$
  select pgmq.send_batch($1, $2, null, clock_timestamp() + make_interval(secs => $3))
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], delay timestamptz) returns setof bigint language sql as $$
  select pgmq.send_batch($1, $2, null, $3)
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[]) returns setof bigint language sql as $$
  select pgmq.send_batch($1, $2, null, clock_timestamp())
$$;
create function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay timestamptz) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], array[$3], $4)
$$;
create function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay integer) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], array[$3], clock_timestamp() + make_interval(secs => $4))
$$;
create function pgmq.send(queue_name text, msg jsonb, headers jsonb) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], array[$3], clock_timestamp())
$$;
create function pgmq.send(queue_name text, msg jsonb, delay integer) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], null, clock_timestamp() + make_interval(secs => $3))
$$;
create function pgmq.send(queue_name text, msg jsonb, delay timestamptz) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], null, $3)
$$;
create function pgmq.send(queue_name text, msg jsonb) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], null, clock_timestamp())
$$;

create function pgmq.read(queue_name text, vt integer, qty integer, conditional jsonb default '{}') returns setof pgmq.message_record language plpgsql as $$
declare
  queue text := pgmq.format_table_name(queue_name, 'q');
begin
  return query execute format(
    'update pgmq.%1$I m set vt = clock_timestamp() + make_interval(secs => $2), read_ct = read_ct + 1
     where msg_id in (
       select msg_id from pgmq.%1$I where vt <= clock_timestamp() and message @> $3 order by msg_id limit $1 for update skip locked)
     returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers', queue)
  using qty, vt, conditional;
end
$$;
create function pgmq.read_with_poll(
  queue_name text, vt integer, qty integer, max_poll_seconds integer default 5, poll_interval_ms integer default 100, conditional jsonb default '{}'
) returns setof pgmq.message_record language sql as $$ select * from pgmq.read($1, $2, $3, $6) $$;
create function pgmq.pop(queue_name text, qty integer default 1) returns setof pgmq.message_record language plpgsql as $$
declare
  queue text := pgmq.format_table_name(queue_name, 'q');
begin
  return query execute format(
    'delete from pgmq.%1$I m where msg_id in (select msg_id from pgmq.%1$I where vt <= clock_timestamp() order by msg_id limit $1 for update skip locked)
     returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers', queue)
  using qty;
end
$$;
create function pgmq.set_vt(queue_name text, msg_id bigint, vt integer) returns setof pgmq.message_record language plpgsql as $$
begin
  return query execute format(
    'update pgmq.%I m set vt = clock_timestamp() + make_interval(secs => $2) where m.msg_id = $1
     returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers', pgmq.format_table_name(queue_name, 'q'))
  using msg_id, vt;
end
$$;
create function pgmq.archive(queue_name text, msg_ids bigint[]) returns setof bigint language plpgsql as $$
begin
  return query execute format(
    'with gone as (delete from pgmq.%I where msg_id = any ($1) returning msg_id, vt, read_ct, enqueued_at, message, headers)
     insert into pgmq.%I (msg_id, vt, read_ct, enqueued_at, message, headers) select * from gone returning msg_id',
    pgmq.format_table_name(queue_name, 'q'), pgmq.format_table_name(queue_name, 'a'))
  using msg_ids;
end
$$;
create function pgmq.archive(queue_name text, msg_id bigint) returns boolean language sql as $$
  select exists (select from pgmq.archive($1, array[$2]))
$$;
create function pgmq.delete(queue_name text, msg_ids bigint[]) returns setof bigint language plpgsql as $$
begin
  return query execute format('delete from pgmq.%I where msg_id = any ($1) returning msg_id', pgmq.format_table_name(queue_name, 'q'))
  using msg_ids;
end
$$;
create function pgmq.delete(queue_name text, msg_id bigint) returns boolean language sql as $$
  select exists (select from pgmq.delete($1, array[$2]))
$$;
create function pgmq.purge_queue(queue_name text) returns bigint language plpgsql as $$
declare
  gone bigint;
begin
  execute format('delete from pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
  get diagnostics gone = row_count;
  return gone;
end
$$;
create function pgmq.metrics(queue_name text) returns pgmq.metrics_result language plpgsql as $$
declare
  answer pgmq.metrics_result;
begin
  execute format(
    'select $1, count(*), extract(epoch from now() - max(enqueued_at))::integer, extract(epoch from now() - min(enqueued_at))::integer,
            coalesce(max(msg_id), 0), now(), count(*) filter (where vt <= clock_timestamp()) from pgmq.%I',
    pgmq.format_table_name(queue_name, 'q'))
  using queue_name into answer;
  return answer;
end
$$;
create function pgmq.metrics_all() returns setof pgmq.metrics_result language sql as $$
  select (pgmq.metrics(queue_name)).* from pgmq.meta
$$;
create function pgmq.enable_notify_insert(queue_name text, throttle_interval_ms integer default 250) returns void language sql as $$ select $$;
create function pgmq.disable_notify_insert(queue_name text) returns void language sql as $$ select $$;

-- Made without superuser's help on the platform: postgres owns the queues and hands them on.
grant all on schema pgmq to postgres with grant option;
grant all on all tables in schema pgmq to postgres with grant option;
grant all on all routines in schema pgmq to postgres with grant option;
`,pgsodium:`-- pgsodium. Keys are recorded, "encryption" returns its input: enough for a migration to apply, no use as a safe.
create type pgsodium.key_type as enum (
  'aead-ietf', 'aead-det', 'hmacsha512', 'hmacsha256', 'auth', 'shorthash', 'generichash', 'kdf', 'secretbox', 'secretstream', 'stream_xchacha20'
);
create type pgsodium.key_status as enum ('default', 'valid', 'invalid', 'expired');
create sequence pgsodium.key_key_id_seq;
create table pgsodium.key (
  id uuid default gen_random_uuid() not null primary key,
  status pgsodium.key_status default 'valid',
  created timestamptz default current_timestamp not null,
  expires timestamptz,
  key_type pgsodium.key_type,
  key_id bigint default nextval('pgsodium.key_key_id_seq'),
  key_context bytea default '\\x7067736f6469756d',
  name text unique,
  associated_data text default 'associated',
  raw_key bytea,
  raw_key_nonce bytea,
  parent_key uuid references pgsodium.key (id),
  comment text,
  user_data text
);
create view pgsodium.valid_key as
  select id, name, status, key_type, key_id, key_context, created, expires, associated_data
  from pgsodium.key where status in ('valid', 'default') and (expires is null or expires > now());
create function pgsodium.create_key(
  key_type pgsodium.key_type default 'aead-det', name text default null, raw_key bytea default null, raw_key_nonce bytea default null,
  parent_key uuid default null, key_context bytea default '\\x7067736f6469756d', expires timestamptz default null, associated_data text default ''
) returns pgsodium.valid_key language plpgsql security definer set search_path = '' as $$
declare
  made uuid;
  answer pgsodium.valid_key;
begin
  insert into pgsodium.key (key_type, name, expires, associated_data) values (key_type, name, expires, associated_data) returning id into made;
  select * into answer from pgsodium.valid_key v where v.id = made;
  return answer;
end
$$;
create function pgsodium.crypto_aead_det_keygen() returns bytea language sql as $$ select decode(repeat(replace(gen_random_uuid()::text, '-', ''), 2), 'hex') $$;
create function pgsodium.crypto_aead_det_noncegen() returns bytea language sql as $$ select decode(replace(gen_random_uuid()::text, '-', ''), 'hex') $$;
create function pgsodium.crypto_aead_det_encrypt(message bytea, additional bytea, key_uuid uuid) returns bytea language sql stable as $$ select message $$;
create function pgsodium.crypto_aead_det_encrypt(message bytea, additional bytea, key_uuid uuid, nonce bytea) returns bytea language sql stable as $$ select message $$;
create function pgsodium.crypto_aead_det_encrypt(message bytea, additional bytea, key bytea, nonce bytea default null) returns bytea language sql stable as $$ select message $$;
create function pgsodium.crypto_aead_det_decrypt(message bytea, additional bytea, key_uuid uuid) returns bytea language sql stable as $$ select message $$;
create function pgsodium.crypto_aead_det_decrypt(message bytea, additional bytea, key_uuid uuid, nonce bytea) returns bytea language sql stable as $$ select message $$;
create function pgsodium.crypto_aead_det_decrypt(message bytea, additional bytea, key bytea, nonce bytea default null) returns bytea language sql stable as $$ select message $$;
create function pgsodium.randombytes_buf(size integer) returns bytea language sql as $$
  select substr(decode(string_agg(replace(gen_random_uuid()::text, '-', ''), ''), 'hex'), 1, size) from generate_series(0, size / 16)
$$;
create function pgsodium.derive_key(key_id bigint, key_len integer default 32, context bytea default 'pgsodium') returns bytea language sql as $$
  select decode(repeat(md5(key_id::text), 2), 'hex')
$$;
grant usage on schema pgsodium to pgsodium_keyiduser, postgres with grant option;
grant usage on schema pgsodium to service_role;
grant select on pgsodium.key, pgsodium.valid_key to pgsodium_keyiduser, postgres;
grant all on pgsodium.key to pgsodium_keymaker;
grant execute on all functions in schema pgsodium to postgres, service_role;
`,postgis:`-- PostGIS, so that migrations with places in them apply. A geometry is kept as its own text. Points are real: their
-- coordinates, and distances between them (on a sphere for geography). Shapes are stored and never computed with: what asks
-- about them answers by equality. Type modifiers ("Point,4326") are accepted and not checked.
create type geometry;
create function geometry_in(cstring) returns geometry language internal immutable strict parallel safe as 'textin';
create function geometry_out(geometry) returns cstring language internal immutable strict parallel safe as 'textout';
create function geometry_recv(internal) returns geometry language internal immutable strict parallel safe as 'textrecv';
create function geometry_send(geometry) returns bytea language internal immutable strict parallel safe as 'textsend';
-- Any modifier counts as 1: an array has one dimension. And 1 is shown as nothing.
create function geometry_typmod_in(cstring[]) returns integer language internal immutable strict parallel safe as 'array_ndims';
create function geometry_typmod_out(integer) returns cstring language internal immutable strict parallel safe as 'varchartypmodout';
create type geometry (
  internallength = variable, input = geometry_in, output = geometry_out, receive = geometry_recv, send = geometry_send,
  typmod_in = geometry_typmod_in, typmod_out = geometry_typmod_out, storage = main, delimiter = ':'
);
create type geography;
create function geography_in(cstring) returns geography language internal immutable strict parallel safe as 'textin';
create function geography_out(geography) returns cstring language internal immutable strict parallel safe as 'textout';
create function geography_recv(internal) returns geography language internal immutable strict parallel safe as 'textrecv';
create function geography_send(geography) returns bytea language internal immutable strict parallel safe as 'textsend';
create type geography (
  internallength = variable, input = geography_in, output = geography_out, receive = geography_recv, send = geography_send,
  typmod_in = geometry_typmod_in, typmod_out = geometry_typmod_out, storage = main, delimiter = ':'
);
create type box2d;
create function box2d_in(cstring) returns box2d language internal immutable strict parallel safe as 'textin';
create function box2d_out(box2d) returns cstring language internal immutable strict parallel safe as 'textout';
create type box2d (internallength = variable, input = box2d_in, output = box2d_out);
create type box3d;
create function box3d_in(cstring) returns box3d language internal immutable strict parallel safe as 'textin';
create function box3d_out(box3d) returns cstring language internal immutable strict parallel safe as 'textout';
create type box3d (internallength = variable, input = box3d_in, output = box3d_out);

create cast (geometry as geography) without function as implicit;
create cast (geography as geometry) without function;
create cast (text as geometry) without function as implicit;
create cast (geometry as text) without function as implicit;
create cast (text as geography) without function;
create cast (geography as text) without function;
create cast (geometry as box2d) without function as implicit;
create cast (box2d as geometry) without function as implicit;
create cast (geometry as box3d) without function as implicit;
create cast (box3d as geometry) without function as implicit;

create table spatial_ref_sys (
  srid integer not null primary key check (srid > 0 and srid <= 998999),
  auth_name varchar(256),
  auth_srid integer,
  srtext varchar(2048),
  proj4text varchar(2048)
);
insert into spatial_ref_sys (srid, auth_name, auth_srid) values (4326, 'EPSG', 4326), (3857, 'EPSG', 3857);
create view geometry_columns as
  select current_database()::varchar(256) as f_table_catalog, n.nspname as f_table_schema, c.relname as f_table_name,
         a.attname as f_geometry_column, 2 as coord_dimension, 0 as srid, 'GEOMETRY'::varchar(30) as type
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.atttypid = '@extschema@.geometry'::regtype and c.relkind in ('r', 'p', 'v', 'm', 'f') and not a.attisdropped;
create view geography_columns as
  select current_database()::varchar(256) as f_table_catalog, n.nspname as f_table_schema, c.relname as f_table_name,
         a.attname as f_geography_column, 2 as coord_dimension, 4326 as srid, 'GEOGRAPHY'::text as type
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.atttypid = '@extschema@.geography'::regtype and c.relkind in ('r', 'p', 'v', 'm', 'f') and not a.attisdropped;
grant select on spatial_ref_sys, geometry_columns, geography_columns to public;

create function postgis_version() returns text language sql immutable as $$ select '3.3 USE_GEOS=1 USE_PROJ=1 USE_STATS=1' $$;
create function postgis_lib_version() returns text language sql immutable as $$ select '3.3.7' $$;
create function postgis_full_version() returns text language sql immutable as $$ select 'POSTGIS="3.3.7" (stand-in)' $$;

-- Making.
create function st_makepoint(double precision, double precision) returns geometry language sql immutable strict parallel safe as $$
  select format('POINT(%s %s)', $1, $2)::@extschema@.geometry
$$;
create function st_makepoint(double precision, double precision, double precision) returns geometry language sql immutable strict parallel safe as $$
  select format('POINT Z (%s %s %s)', $1, $2, $3)::@extschema@.geometry
$$;
create function st_point(double precision, double precision) returns geometry language sql immutable strict parallel safe as $$
  select format('POINT(%s %s)', $1, $2)::@extschema@.geometry
$$;
create function st_setsrid(geom geometry, srid integer) returns geometry language sql immutable strict parallel safe as $$
  select ('SRID=' || $2 || ';' || regexp_replace($1::text, '^SRID=\\d+;', ''))::@extschema@.geometry
$$;
create function st_point(double precision, double precision, srid integer) returns geometry language sql immutable strict parallel safe as $$
  select @extschema@.st_setsrid(@extschema@.st_point($1, $2), $3)
$$;
create function st_geomfromtext(text) returns geometry language sql immutable strict parallel safe as $$ select $1::@extschema@.geometry $$;
create function st_geomfromtext(text, integer) returns geometry language sql immutable strict parallel safe as $$ select @extschema@.st_setsrid($1::@extschema@.geometry, $2) $$;
create function st_geomfromewkt(text) returns geometry language sql immutable strict parallel safe as $$ select $1::@extschema@.geometry $$;
create function st_geographyfromtext(text) returns geography language sql immutable strict parallel safe as $$ select $1::@extschema@.geography $$;
create function st_geogfromtext(text) returns geography language sql immutable strict parallel safe as $$ select $1::@extschema@.geography $$;
create function st_geomfromgeojson(text) returns geometry language sql immutable strict parallel safe as $$
  select case when $1::jsonb ->> 'type' = 'Point'
    then format('SRID=4326;POINT(%s %s)', $1::jsonb #>> '{coordinates,0}', $1::jsonb #>> '{coordinates,1}') else $1 end::@extschema@.geometry
$$;
create function st_geomfromgeojson(jsonb) returns geometry language sql immutable strict parallel safe as $$ select @extschema@.st_geomfromgeojson($1::text) $$;
create function st_geomfromgeojson(json) returns geometry language sql immutable strict parallel safe as $$ select @extschema@.st_geomfromgeojson($1::text) $$;
create function st_makeenvelope(double precision, double precision, double precision, double precision, integer default 0) returns geometry
language sql immutable parallel safe as $$
  select format('SRID=%s;POLYGON((%s %s,%s %s,%s %s,%s %s,%s %s))', $5, $1, $2, $1, $4, $3, $4, $3, $2, $1, $2)::@extschema@.geometry
$$;
create function st_makeline(geometry, geometry) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_makepolygon(geometry) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;

-- Asking. Coordinates of a point; of anything else, of its first point.
create function st_x(geometry) returns double precision language sql immutable strict parallel safe as $$
  select (regexp_match($1::text, '\\(\\s*([-+0-9.eE]+)\\s+[-+0-9.eE]+'))[1]::double precision
$$;
create function st_y(geometry) returns double precision language sql immutable strict parallel safe as $$
  select (regexp_match($1::text, '\\(\\s*[-+0-9.eE]+\\s+([-+0-9.eE]+)'))[1]::double precision
$$;
create function st_srid(geometry) returns integer language sql immutable strict parallel safe as $$
  select coalesce((regexp_match($1::text, '^SRID=(\\d+);'))[1]::integer, 0)
$$;
create function st_astext(geometry) returns text language sql immutable strict parallel safe as $$ select regexp_replace($1::text, '^SRID=\\d+;', '') $$;
create function st_astext(geography) returns text language sql immutable strict parallel safe as $$ select regexp_replace($1::text, '^SRID=\\d+;', '') $$;
create function st_asewkt(geometry) returns text language sql immutable strict parallel safe as $$ select $1::text $$;
create function st_asbinary(geometry) returns bytea language sql immutable strict parallel safe as $$ select convert_to($1::text, 'utf8') $$;
create function st_asgeojson(geometry, maxdecimaldigits integer default 9, options integer default 8) returns text language sql immutable strict parallel safe as $$
  select json_build_object('type', 'Point', 'coordinates', json_build_array(@extschema@.st_x($1), @extschema@.st_y($1)))::text
$$;
create function st_asgeojson(geography, maxdecimaldigits integer default 9, options integer default 0) returns text language sql immutable strict parallel safe as $$
  select @extschema@.st_asgeojson($1::@extschema@.geometry)
$$;
create function st_geometrytype(geometry) returns text language sql immutable strict parallel safe as $$
  select 'ST_' || initcap((regexp_match($1::text, '^(?:SRID=\\d+;)?\\s*(\\w+)'))[1])
$$;
create function geometrytype(geometry) returns text language sql immutable strict parallel safe as $$
  select upper((regexp_match($1::text, '^(?:SRID=\\d+;)?\\s*(\\w+)'))[1])
$$;
create function st_isvalid(geometry) returns boolean language sql immutable strict parallel safe as $$ select true $$;
create function st_isempty(geometry) returns boolean language sql immutable strict parallel safe as $$ select $1::text ~* 'empty' $$;
create function st_area(geometry) returns double precision language sql immutable strict parallel safe as $$ select 0::double precision $$;
create function st_area(geography, use_spheroid boolean default true) returns double precision language sql immutable strict parallel safe as $$ select 0::double precision $$;
create function st_length(geometry) returns double precision language sql immutable strict parallel safe as $$ select 0::double precision $$;
create function st_length(geography, use_spheroid boolean default true) returns double precision language sql immutable strict parallel safe as $$ select 0::double precision $$;
create function st_perimeter(geometry) returns double precision language sql immutable strict parallel safe as $$ select 0::double precision $$;
create function st_npoints(geometry) returns integer language sql immutable strict parallel safe as $$ select 1 $$;
create function st_numpoints(geometry) returns integer language sql immutable strict parallel safe as $$ select 1 $$;

-- Distances: in the units of the geometry; in metres on a sphere for geography.
create function st_distance(geom1 geometry, geom2 geometry) returns double precision language sql immutable strict parallel safe as $$
  select sqrt(power(@extschema@.st_x($1) - @extschema@.st_x($2), 2) + power(@extschema@.st_y($1) - @extschema@.st_y($2), 2))
$$;
create function st_distance(geog1 geography, geog2 geography, use_spheroid boolean default true) returns double precision language sql immutable strict parallel safe as $$
  select 2 * 6371008.8 * asin(least(1, sqrt(
    power(sin(radians(b.y - a.y) / 2), 2) + cos(radians(a.y)) * cos(radians(b.y)) * power(sin(radians(b.x - a.x) / 2), 2))))
  from (select @extschema@.st_x($1::@extschema@.geometry), @extschema@.st_y($1::@extschema@.geometry)) a (x, y),
       (select @extschema@.st_x($2::@extschema@.geometry), @extschema@.st_y($2::@extschema@.geometry)) b (x, y)
$$;
create function st_distancesphere(geom1 geometry, geom2 geometry) returns double precision language sql immutable strict parallel safe as $$
  select @extschema@.st_distance($1::@extschema@.geography, $2::@extschema@.geography)
$$;
create function st_dwithin(geom1 geometry, geom2 geometry, double precision) returns boolean language sql immutable strict parallel safe as $$
  select @extschema@.st_distance($1, $2) <= $3
$$;
create function st_dwithin(geog1 geography, geog2 geography, tolerance double precision, use_spheroid boolean default true) returns boolean language sql immutable strict parallel safe as $$
  select @extschema@.st_distance($1, $2) <= $3
$$;

-- Of shapes: the same or not.
create function geometry_same(geometry, geometry) returns boolean language sql immutable strict parallel safe as $$ select $1::text = $2::text $$;
create function geometry_overlaps(geometry, geometry) returns boolean language sql immutable strict parallel safe as $$ select $1::text = $2::text $$;
create function geography_overlaps(geography, geography) returns boolean language sql immutable strict parallel safe as $$ select $1::text = $2::text $$;
create function geography_same(geography, geography) returns boolean language sql immutable strict parallel safe as $$ select $1::text = $2::text $$;
create function geometry_distance_centroid(geometry, geometry) returns double precision language sql immutable strict parallel safe as $$ select @extschema@.st_distance($1, $2) $$;
create function geography_distance_knn(geography, geography) returns double precision language sql immutable strict parallel safe as $$ select @extschema@.st_distance($1, $2) $$;
create operator = (leftarg = geometry, rightarg = geometry, function = geometry_same, commutator = =);
create operator = (leftarg = geography, rightarg = geography, function = geography_same, commutator = =);
create operator && (leftarg = geometry, rightarg = geometry, function = geometry_overlaps, commutator = &&);
create operator && (leftarg = geography, rightarg = geography, function = geography_overlaps, commutator = &&);
create operator ~ (leftarg = geometry, rightarg = geometry, function = geometry_overlaps);
create operator @ (leftarg = geometry, rightarg = geometry, function = geometry_overlaps);
create operator <-> (leftarg = geometry, rightarg = geometry, function = geometry_distance_centroid, commutator = <->);
create operator <-> (leftarg = geography, rightarg = geography, function = geography_distance_knn, commutator = <->);
do $$
declare
  name text;
begin
  foreach name in array array['contains', 'containsproperly', 'covers', 'coveredby', 'crosses', 'equals', 'intersects', 'overlaps', 'touches', 'within'] loop
    execute format('create function @extschema@.st_%s(geom1 @extschema@.geometry, geom2 @extschema@.geometry) returns boolean language sql immutable strict parallel safe as %L',
      name, 'select $1::text = $2::text');
  end loop;
  foreach name in array array['covers', 'coveredby', 'intersects'] loop
    execute format('create function @extschema@.st_%s(geog1 @extschema@.geography, geog2 @extschema@.geography) returns boolean language sql immutable strict parallel safe as %L',
      name, 'select $1::text = $2::text');
  end loop;
  foreach name in array array['centroid', 'boundary', 'envelope', 'convexhull', 'makevalid', 'multi', 'pointonsurface', 'startpoint', 'endpoint', 'force2d', 'reverse', 'flipcoordinates'] loop
    execute format('create function @extschema@.st_%s(@extschema@.geometry) returns @extschema@.geometry language sql immutable strict parallel safe as %L', name, 'select $1');
  end loop;
  foreach name in array array['union', 'intersection', 'difference', 'symdifference', 'collect'] loop
    execute format('create function @extschema@.st_%s(geom1 @extschema@.geometry, geom2 @extschema@.geometry) returns @extschema@.geometry language sql immutable strict parallel safe as %L', name, 'select $1');
    execute format('create aggregate @extschema@.st_%s(@extschema@.geometry) (sfunc = @extschema@.st_%s, stype = @extschema@.geometry)', name, name);
  end loop;
end
$$;
create function st_disjoint(geom1 geometry, geom2 geometry) returns boolean language sql immutable strict parallel safe as $$ select $1::text <> $2::text $$;
create function st_centroid(geography, use_spheroid boolean default true) returns geography language sql immutable strict parallel safe as $$ select $1 $$;
create function st_buffer(geom geometry, radius double precision, options text default '') returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_buffer(geography, double precision) returns geography language sql immutable strict parallel safe as $$ select $1 $$;
create function st_expand(geometry, double precision) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_transform(geometry, integer) returns geometry language sql immutable strict parallel safe as $$ select @extschema@.st_setsrid($1, $2) $$;
create function st_simplify(geometry, double precision) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_snaptogrid(geometry, double precision) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_closestpoint(geom1 geometry, geom2 geometry) returns geometry language sql immutable strict parallel safe as $$ select $1 $$;
create function st_geohash(geom geometry, maxchars integer default 0) returns text language sql immutable strict parallel safe as $$ select left(md5($1::text), greatest($2, 12)) $$;
create function geography(geometry) returns geography language sql immutable strict parallel safe as $$ select $1::@extschema@.geography $$;
create function geometry(geography) returns geometry language sql immutable strict parallel safe as $$ select $1::@extschema@.geometry $$;
create function addgeometrycolumn(table_name varchar, column_name varchar, new_srid integer, new_type varchar, new_dim integer, use_typmod boolean default true)
returns text language plpgsql as $$
begin
  execute format('alter table %I add column %I @extschema@.geometry', table_name, column_name);
  return table_name || '.' || column_name;
end
$$;

-- Indexes: made, kept up to date by btree_gist's code for bytes (text and bytes lie in memory alike), and never used, since
-- no operator belongs to them.
create type postgis_key;
create function postgis_key_in(cstring) returns postgis_key language c immutable strict as '$libdir/btree_gist', 'gbtreekey_in';
create function postgis_key_out(postgis_key) returns cstring language c immutable strict as '$libdir/btree_gist', 'gbtreekey_out';
create type postgis_key (internallength = variable, input = postgis_key_in, output = postgis_key_out, storage = extended);
create function postgis_key_compress(internal) returns internal language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_compress';
create function postgis_key_decompress(internal) returns internal language c immutable strict as '$libdir/btree_gist', 'gbt_var_decompress';
create function postgis_key_penalty(internal, internal, internal) returns internal language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_penalty';
create function postgis_key_picksplit(internal, internal) returns internal language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_picksplit';
create function postgis_key_union(internal, internal) returns postgis_key language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_union';
create function postgis_key_same(postgis_key, postgis_key, internal) returns internal language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_same';
create function postgis_key_consistent(internal, bytea, smallint, oid, internal) returns boolean language c immutable strict as '$libdir/btree_gist', 'gbt_bytea_consistent';
create operator class gist_geometry_ops_2d default for type geometry using gist as
  function 1 (geometry, geometry) postgis_key_consistent(internal, bytea, smallint, oid, internal),
  function 2 (geometry, geometry) postgis_key_union(internal, internal),
  function 3 (geometry, geometry) postgis_key_compress(internal),
  function 4 (geometry, geometry) postgis_key_decompress(internal),
  function 5 (geometry, geometry) postgis_key_penalty(internal, internal, internal),
  function 6 (geometry, geometry) postgis_key_picksplit(internal, internal),
  function 7 (geometry, geometry) postgis_key_same(postgis_key, postgis_key, internal),
  storage postgis_key;
create operator class gist_geography_ops default for type geography using gist as
  function 1 (geography, geography) postgis_key_consistent(internal, bytea, smallint, oid, internal),
  function 2 (geography, geography) postgis_key_union(internal, internal),
  function 3 (geography, geography) postgis_key_compress(internal),
  function 4 (geography, geography) postgis_key_decompress(internal),
  function 5 (geography, geography) postgis_key_penalty(internal, internal, internal),
  function 6 (geography, geography) postgis_key_picksplit(internal, internal),
  function 7 (geography, geography) postgis_key_same(postgis_key, postgis_key, internal),
  storage postgis_key;
`,"supabase-dbdev":`-- dbdev, the package installer. Says it installed.
create schema dbdev;
create function dbdev.install(package_name text, base_url text default null, api_key text default null) returns boolean language sql as $$ select true $$;
create function dbdev.exists(package_name text) returns boolean language sql as $$ select true $$;
grant usage on schema dbdev to public;
`,supabase_vault:`-- Vault. Secrets are kept as base64 here, not encrypted: a throw-away database holds nobody's secrets.
create function @extschema@._crypto_aead_det_noncegen() returns bytea language sql immutable as $$
  select decode(replace(gen_random_uuid()::text, '-', ''), 'hex')
$$;

create table @extschema@.secrets (
  id uuid default gen_random_uuid() not null primary key,
  name text,
  description text default '' not null,
  secret text not null,
  key_id uuid,
  nonce bytea default @extschema@._crypto_aead_det_noncegen(),
  created_at timestamptz default current_timestamp not null,
  updated_at timestamptz default current_timestamp not null
);
create unique index secrets_name_idx on @extschema@.secrets (name) where name is not null;
comment on table @extschema@.secrets is 'Table with encrypted \`secret\` column for storing sensitive information on disk.';

create view @extschema@.decrypted_secrets with (security_barrier) as
  select id, name, description, secret, convert_from(decode(secret, 'base64'), 'utf8') as decrypted_secret,
         key_id, nonce, created_at, updated_at
  from @extschema@.secrets;

create function @extschema@._crypto_aead_det_encrypt(message bytea, additional bytea, key_id bigint, context bytea default 'pgsodium', nonce bytea default null)
returns bytea language sql immutable as $$ select message $$;
create function @extschema@._crypto_aead_det_decrypt(message bytea, additional bytea, key_id bigint, context bytea default 'pgsodium', nonce bytea default null)
returns bytea language sql immutable as $$ select message $$;

create function @extschema@.create_secret(new_secret text, new_name text default null, new_description text default '', new_key_id uuid default null)
returns uuid language sql security definer set search_path = '' as $$
  insert into @extschema@.secrets (secret, name, description)
  values (encode(convert_to(new_secret, 'utf8'), 'base64'), new_name, new_description)
  returning id
$$;

create function @extschema@.update_secret(secret_id uuid, new_secret text default null, new_name text default null, new_description text default null, new_key_id uuid default null)
returns void language sql security definer set search_path = '' as $$
  update @extschema@.secrets set
    secret = coalesce(encode(convert_to(new_secret, 'utf8'), 'base64'), secret),
    name = coalesce(new_name, name),
    description = coalesce(new_description, description),
    updated_at = now()
  where id = secret_id
$$;

-- Read and delete directly, write by function: as on the platform.
revoke all on all functions in schema @extschema@ from public;
grant usage on schema @extschema@ to postgres with grant option;
grant usage on schema @extschema@ to service_role;
grant select, delete on @extschema@.secrets, @extschema@.decrypted_secrets to postgres with grant option;
grant select, delete on @extschema@.secrets, @extschema@.decrypted_secrets to service_role;
grant execute on function @extschema@.create_secret(text, text, text, uuid), @extschema@.update_secret(uuid, text, text, text, uuid),
  @extschema@._crypto_aead_det_decrypt(bytea, bytea, bigint, bytea, bytea) to postgres with grant option;
grant execute on function @extschema@.create_secret(text, text, text, uuid), @extschema@.update_secret(uuid, text, text, text, uuid),
  @extschema@._crypto_aead_det_decrypt(bytea, bytea, bigint, bytea, bytea) to service_role;
`,wrappers:`-- wrappers. Foreign data wrappers are made by name and reach nothing.
create function wrappers_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function stripe_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function s3_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function bigquery_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function click_house_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function firebase_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function airtable_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function auth0_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function cognito_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function redis_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function mssql_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function logflare_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function wasm_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
create function iceberg_fdw_validator(options text[], catalog oid) returns void language sql as $$ select $$;
`};var p=e=>`
create type ${e};
create function ${e}_in(cstring) returns ${e} language internal immutable strict parallel safe as 'textin';
create function ${e}_out(${e}) returns cstring language internal immutable strict parallel safe as 'textout';
create function ${e}_recv(internal) returns ${e} language internal immutable strict parallel safe as 'textrecv';
create function ${e}_send(${e}) returns bytea language internal immutable strict parallel safe as 'textsend';
create function ${e}_typmod_in(cstring[]) returns integer language internal immutable strict parallel safe as 'varchartypmodin';
create function ${e}_typmod_out(integer) returns cstring language internal immutable strict parallel safe as 'varchartypmodout';
create type ${e} (
  internallength = variable, input = ${e}_in, output = ${e}_out, receive = ${e}_recv, send = ${e}_send,
  typmod_in = ${e}_typmod_in, typmod_out = ${e}_typmod_out, storage = external
);
create cast (${e} as text) without function;
create cast (text as ${e}) without function;
create function ${e}_to_float8(${e}) returns double precision[] language sql immutable strict parallel safe as
  $$ select translate($1::text, '[]', '{}')::double precision[] $$;
create function array_to_${e}(double precision[]) returns ${e} language sql immutable strict parallel safe as
  $$ select translate($1::text, '{}', '[]')::${e} $$;
create function array_to_${e}(real[]) returns ${e} language sql immutable strict parallel safe as
  $$ select translate($1::text, '{}', '[]')::${e} $$;
create function array_to_${e}(integer[]) returns ${e} language sql immutable strict parallel safe as
  $$ select translate($1::text, '{}', '[]')::${e} $$;
create function array_to_${e}(numeric[]) returns ${e} language sql immutable strict parallel safe as
  $$ select translate($1::text, '{}', '[]')::${e} $$;
create function ${e}_to_float4(${e}) returns real[] language sql immutable strict parallel safe as
  $$ select translate($1::text, '[]', '{}')::real[] $$;
create cast (${e} as real[]) with function ${e}_to_float4(${e}) as assignment;
create cast (double precision[] as ${e}) with function array_to_${e}(double precision[]) as assignment;
create cast (real[] as ${e}) with function array_to_${e}(real[]) as assignment;
create cast (integer[] as ${e}) with function array_to_${e}(integer[]) as assignment;
create cast (numeric[] as ${e}) with function array_to_${e}(numeric[]) as assignment;
create function vector_dims(${e}) returns integer language sql immutable strict parallel safe as
  $$ select cardinality(@extschema@.${e}_to_float8($1)) $$;
create function l2_distance(${e}, ${e}) returns double precision language sql immutable strict parallel safe as
  $$ select sqrt(sum((a - b) ^ 2)) from unnest(@extschema@.${e}_to_float8($1), @extschema@.${e}_to_float8($2)) u(a, b) $$;
create function l1_distance(${e}, ${e}) returns double precision language sql immutable strict parallel safe as
  $$ select sum(abs(a - b)) from unnest(@extschema@.${e}_to_float8($1), @extschema@.${e}_to_float8($2)) u(a, b) $$;
create function inner_product(${e}, ${e}) returns double precision language sql immutable strict parallel safe as
  $$ select sum(a * b) from unnest(@extschema@.${e}_to_float8($1), @extschema@.${e}_to_float8($2)) u(a, b) $$;
create function ${e}_negative_inner_product(${e}, ${e}) returns double precision language sql immutable strict parallel safe as
  $$ select -@extschema@.inner_product($1, $2) $$;
create function cosine_distance(${e}, ${e}) returns double precision language sql immutable strict parallel safe as
  $$ select 1 - sum(a * b) / nullif(sqrt(sum(a ^ 2)) * sqrt(sum(b ^ 2)), 0)
     from unnest(@extschema@.${e}_to_float8($1), @extschema@.${e}_to_float8($2)) u(a, b) $$;
create function vector_norm(${e}) returns double precision language sql immutable strict parallel safe as
  $$ select sqrt(sum(a ^ 2)) from unnest(@extschema@.${e}_to_float8($1)) u(a) $$;
create function l2_normalize(${e}) returns ${e} language sql immutable strict parallel safe as
  $$ select @extschema@.array_to_${e}(array_agg(a / nullif(@extschema@.vector_norm($1), 0) order by n))
     from unnest(@extschema@.${e}_to_float8($1)) with ordinality u(a, n) $$;
create operator <-> (leftarg = ${e}, rightarg = ${e}, procedure = l2_distance, commutator = <->);
create operator <+> (leftarg = ${e}, rightarg = ${e}, procedure = l1_distance, commutator = <+>);
create operator <=> (leftarg = ${e}, rightarg = ${e}, procedure = cosine_distance, commutator = <=>);
create operator <#> (leftarg = ${e}, rightarg = ${e}, procedure = ${e}_negative_inner_product, commutator = <#>);
create function ${e}_eq(${e}, ${e}) returns boolean language sql immutable strict parallel safe as $$ select $1::text = $2::text $$;
create function ${e}_ne(${e}, ${e}) returns boolean language sql immutable strict parallel safe as $$ select $1::text <> $2::text $$;
create operator = (leftarg = ${e}, rightarg = ${e}, procedure = ${e}_eq, commutator = =, negator = <>);
create operator <> (leftarg = ${e}, rightarg = ${e}, procedure = ${e}_ne, commutator = <>, negator = =);
create function ${e}_sum_step(double precision[], ${e}) returns double precision[] language sql immutable as
  $$ select case when $2 is null then $1 when cardinality($1) = 0 then array[1::double precision] || @extschema@.${e}_to_float8($2)
     else (select array_agg(coalesce(a, 0) + b order by n) from unnest($1, array[1::double precision] || @extschema@.${e}_to_float8($2)) with ordinality u(a, b, n)) end $$;
create function ${e}_avg_end(double precision[]) returns ${e} language sql immutable as
  $$ select case when cardinality($1) > 0 then (select @extschema@.array_to_${e}(array_agg(a / $1[1] order by n)) from unnest($1[2:]) with ordinality u(a, n)) end $$;
create function ${e}_sum_end(double precision[]) returns ${e} language sql immutable as
  $$ select case when cardinality($1) > 0 then @extschema@.array_to_${e}($1[2:]) end $$;
create aggregate avg(${e}) (sfunc = ${e}_sum_step, stype = double precision[], initcond = '{}', finalfunc = ${e}_avg_end);
create aggregate sum(${e}) (sfunc = ${e}_sum_step, stype = double precision[], initcond = '{}', finalfunc = ${e}_sum_end);
`,d={vector:["vector","halfvec","sparsevec"].map(p).join(`
`)};var h=[15,17],a="contrib/",f={plpgsql:{kind:"real",always:!0},pgcrypto:{kind:"real",bundle:`${a}pgcrypto`,always:!0},"uuid-ossp":{kind:"real",bundle:`${a}uuid_ossp`,always:!0},bloom:{kind:"real",bundle:`${a}bloom`},btree_gin:{kind:"real",bundle:`${a}btree_gin`},btree_gist:{kind:"real",bundle:`${a}btree_gist`},citext:{kind:"real",bundle:`${a}citext`},cube:{kind:"real",bundle:`${a}cube`},dict_int:{kind:"real",bundle:`${a}dict_int`},dict_xsyn:{kind:"real",bundle:`${a}dict_xsyn`},earthdistance:{kind:"real",bundle:`${a}earthdistance`,requires:["cube"]},fuzzystrmatch:{kind:"real",bundle:`${a}fuzzystrmatch`},hstore:{kind:"real",bundle:`${a}hstore`},intarray:{kind:"real",bundle:`${a}intarray`},isn:{kind:"real",bundle:`${a}isn`},ltree:{kind:"real",bundle:`${a}ltree`},pg_buffercache:{kind:"real",bundle:`${a}pg_buffercache`},pg_trgm:{kind:"real",bundle:`${a}pg_trgm`},pg_walinspect:{kind:"real",bundle:`${a}pg_walinspect`},seg:{kind:"real",bundle:`${a}seg`},tablefunc:{kind:"real",bundle:`${a}tablefunc`},tcn:{kind:"real",bundle:`${a}tcn`},tsm_system_rows:{kind:"real",bundle:`${a}tsm_system_rows`},tsm_system_time:{kind:"real",bundle:`${a}tsm_system_time`},unaccent:{kind:"real",bundle:`${a}unaccent`},vector:{kind:"real",bundle:"vector",server:"stand-in",version:"0.8.0"},pgtap:{kind:"real",bundle:"pgtap",server:"missing",version:"1.3.3"},autoinc:{kind:"missing",server:"real"},dblink:{kind:"missing",server:"real"},insert_username:{kind:"missing",server:"real"},moddatetime:{kind:"stand-in",server:"real"},pg_prewarm:{kind:"accepted",server:"real"},pg_stat_statements:{kind:"stand-in",version:"1.11"},pgrowlocks:{kind:"accepted",server:"real"},pgstattuple:{kind:"accepted",server:"real"},postgres_fdw:{kind:"real",bundle:`${a}postgres_fdw`},refint:{kind:"accepted",server:"real"},sslinfo:{kind:"accepted",server:"real"},http:{kind:"stand-in",version:"1.6"},hypopg:{kind:"stand-in",version:"1.4.1"},index_advisor:{kind:"stand-in",version:"0.2.0",requires:["hypopg"]},pg_cron:{kind:"stand-in",version:"1.6.4"},pg_graphql:{kind:"stand-in",schema:"graphql",version:"1.5.11"},pg_hashids:{kind:"stand-in",version:"1.3"},pg_jsonschema:{kind:"stand-in",version:"0.3.3"},pg_net:{kind:"stand-in",version:"0.19.5"},pg_tle:{kind:"stand-in",schema:"pgtle",version:"1.4.0"},pgjwt:{kind:"stand-in",version:"0.2.0",offered:[15],requires:["pgcrypto"]},pgmq:{kind:"stand-in",schema:"pgmq",privileged:!1,version:"1.5.1"},postgis:{kind:"stand-in",bundle:`${a}btree_gist`,version:"3.3.7"},pgsodium:{kind:"stand-in",schema:"pgsodium",version:"3.1.9"},"supabase-dbdev":{kind:"stand-in",privileged:!1,version:"0.0.5"},"basejump-supabase_test_helpers":{kind:"stand-in",privileged:!1,version:"0.0.6"},"olirice-index_advisor":{kind:"stand-in",privileged:!1,version:"0.2.0"},supabase_vault:{kind:"stand-in",schema:"vault",version:"0.3.1"},wrappers:{kind:"stand-in",version:"0.5.7"},pg_repack:{kind:"accepted",version:"1.5.2"},pg_stat_monitor:{kind:"accepted",version:"2.1"},pgaudit:{kind:"stand-in",version:"17.0"},plpgsql_check:{kind:"accepted",version:"2.7"},supautils:{kind:"accepted",version:"2.9"},address_standardizer:{kind:"missing"},address_standardizer_data_us:{kind:"missing"},pg_partman:{kind:"missing",offered:[17]},pgroonga:{kind:"missing"},pgroonga_database:{kind:"missing"},pgrouting:{kind:"missing"},plcoffee:{kind:"missing",offered:[15]},plls:{kind:"missing",offered:[15]},plv8:{kind:"missing",offered:[15]},postgis_raster:{kind:"missing"},postgis_sfcgal:{kind:"missing"},postgis_tiger_geocoder:{kind:"missing"},postgis_topology:{kind:"missing"},rum:{kind:"missing"},timescaledb:{kind:"missing",offered:[15]}},E=/\b_?(?:st|postgis|pgis|gserialized)_\w|\b(?:geometry|geography|spheroid|gidx|box2df?|box3d)(?:\b|_)|\b(?:add|drop|populate_|update)geometry|\bgeometrytype\b|\bfind_srid\b/i;function b(e){let t=e.replace(a,"");return{module:e,export:t,file:t==="uuid_ossp"?"uuid-ossp":t}}function $(e,t){let s=t.kind??"missing",r=t.server??s;return{name:e,offered:t.offered??h,kind:{embedded:s,server:r},bundle:t.bundle?b(t.bundle):null,always:t.always??!1,schema:t.schema??null,privileged:t.privileged??!0,version:t.version??"1.0",requires:t.requires??[]}}var i=new Map(Object.entries(f).map(([e,t])=>[e,$(e,t)])),c=e=>/^[a-z_][a-z0-9_]*$/.test(e)?e:`"${e.replaceAll('"','""')}"`,u=e=>`'${e.replaceAll("'","''")}'`,m=e=>_[e==="olirice-index_advisor"?"index_advisor":e]??d[e]??"";function x(e,t){return m(e.name).replaceAll("@extschema@",c(t))}function S(e,t,s){let r=i.get(e)??null,n=r?.kind[s]??"missing",o=r?.privileged===!1?"postgres":"supabase_admin";if(!r||s==="embedded"||n==="real"||n==="missing")return{kind:n,extension:r,role:o,sql:null};let l=r.schema??t??"public",g=l==="pg_catalog"?"":`create schema if not exists ${c(l)};
`;return{kind:n,extension:r,role:o,sql:`${g}${y(r,l)}`}}function y(e,t){let s=u(e.name);return`insert into pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
select pg_catalog.pg_nextoid('pg_catalog.pg_extension', 'oid', 'pg_catalog.pg_extension_oid_index'), ${s}, 'postgres'::regrole,
  ${u(t)}::regnamespace, false, ${u(e.version)};
select pg_catalog.set_config('guard.search_path', pg_catalog.current_setting('search_path'), true);
set local search_path = ${c(t)}${t==="pg_catalog"?"":", pg_temp"};
${x(e,t)}
do $register$
declare
  mark oid := (select oid from pg_catalog.pg_extension where extname = ${s});
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
    execute format('alter extension %I add %s', ${s}, object.name);
${e.privileged?"":`    execute format('alter %s owner to postgres', object.name);
`}  end loop;
end
$register$;
select pg_catalog.set_config('search_path', pg_catalog.current_setting('guard.search_path'), true);
`}function I(){let e=[];for(let t of i.values()){if(t.kind.embedded!=="stand-in"&&t.kind.embedded!=="accepted")continue;let s=t.schema?`schema = '${t.schema}'
`:"";e.push({name:`${t.name}.control`,content:`default_version = '${t.version}'
relocatable = false
${s}${t.privileged?`superuser = true
trusted = true
`:`superuser = false
`}${t.requires.length>0?`requires = '${t.requires.join(", ")}'
`:""}`}),e.push({name:`${t.name}--${t.version}.sql`,content:m(t.name)})}return e}function T(e){return/^\s*trusted\s*=/m.test(e)?e:`${e.trimEnd()}
trusted = true
`}function R(e){let t=new Set,s=n=>{let o=i.get(n);!o||t.has(n)||(t.add(n),o.requires.forEach(s))};for(let n of i.values())n.always&&s(n.name);for(let n of e)s(n);let r=[...t].flatMap(n=>i.get(n)?.bundle??[]);return[...new Map(r.map(n=>[n.file,{name:n.file,...n}])).values()]}export{k as a,v as b,_ as c,E as d,S as e,I as f,T as g,R as h};

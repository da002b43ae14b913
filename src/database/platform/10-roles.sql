-- Roles of a Supabase project, their attributes and memberships.
-- Run by the bootstrap superuser, already named supabase_admin. `postgres` is what migrations run as: powerful, no superuser.
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

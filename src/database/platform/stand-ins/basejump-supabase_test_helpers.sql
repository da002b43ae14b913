-- Test helpers with the names and signatures of basejump's package, this project's own bodies: users made and impersonated,
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

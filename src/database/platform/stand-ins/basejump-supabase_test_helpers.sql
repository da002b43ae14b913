-- Test helpers with the names of basejump's package: users made and impersonated, RLS asserted. The asserting ones need pgtap.
create schema if not exists tests;
grant usage on schema tests to anon, authenticated, service_role;
alter default privileges in schema tests grant execute on functions to anon, authenticated, service_role;

create function tests.create_supabase_user(identifier text, email text default null, phone text default null, metadata jsonb default null)
returns uuid language plpgsql security definer set search_path = auth, pg_temp as $$
declare
  user_id uuid := gen_random_uuid();
begin
  insert into auth.users (id, aud, role, email, phone, raw_user_meta_data, raw_app_meta_data, created_at, updated_at)
  values (
    user_id, 'authenticated', 'authenticated', coalesce(email, concat(user_id, '@test.com')), phone,
    jsonb_build_object('test_identifier', identifier) || coalesce(metadata, '{}'), '{}', now(), now()
  );
  return user_id;
end
$$;

create function tests.get_supabase_user(identifier text) returns json language plpgsql security definer set search_path = auth, pg_temp as $$
declare
  person json;
begin
  select json_build_object('id', id, 'email', email, 'phone', phone, 'raw_user_meta_data', raw_user_meta_data, 'raw_app_meta_data', raw_app_meta_data)
  into person from auth.users where raw_user_meta_data ->> 'test_identifier' = identifier limit 1;
  if person ->> 'id' is null then
    raise exception 'User with identifier % not found', identifier;
  end if;
  return person;
end
$$;

create function tests.get_supabase_uid(identifier text) returns uuid language sql security definer set search_path = auth, pg_temp as $$
  select (tests.get_supabase_user(identifier) ->> 'id')::uuid
$$;

create function tests.authenticate_as(identifier text) returns void language plpgsql as $$
declare
  person json := tests.get_supabase_user(identifier);
begin
  perform set_config('role', 'authenticated', true);
  perform set_config('request.jwt.claims', json_build_object(
    'sub', person ->> 'id', 'email', person ->> 'email', 'phone', person ->> 'phone',
    'user_metadata', person -> 'raw_user_meta_data', 'app_metadata', person -> 'raw_app_meta_data', 'role', 'authenticated'
  )::text, true);
end
$$;

create function tests.authenticate_as_service_role() returns void language plpgsql as $$
begin
  perform set_config('role', 'service_role', true);
  perform set_config('request.jwt.claims', null, true);
end
$$;

create function tests.clear_authentication() returns void language plpgsql as $$
begin
  perform set_config('role', 'anon', true);
  perform set_config('request.jwt.claims', null, true);
end
$$;

-- plpgsql, so that pgtap's is() is looked up when a test runs and not now.
create function tests.rls_enabled(testing_schema text) returns text language plpgsql as $$
begin
  return is(
    (select count(*)::integer from pg_class where relnamespace = testing_schema::regnamespace and relkind = 'r' and not relrowsecurity),
    0, 'All tables in the ' || testing_schema || ' schema should have row level security enabled');
end
$$;
create function tests.rls_enabled(testing_schema text, testing_table text) returns text language plpgsql as $$
begin
  return is(
    (select count(*)::integer from pg_class
     where relnamespace = testing_schema::regnamespace and relname = testing_table and relkind = 'r' and relrowsecurity),
    1, testing_table || ' table in the ' || testing_schema || ' schema should have row level security enabled');
end
$$;

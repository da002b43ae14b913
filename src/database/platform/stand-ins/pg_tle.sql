-- pg_tle. What is installed through it is recorded, not run.
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

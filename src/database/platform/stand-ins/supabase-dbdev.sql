-- dbdev, the package installer. Says it installed.
create schema dbdev;
create function dbdev.install(package_name text, base_url text default null, api_key text default null) returns boolean language sql as $$ select true $$;
create function dbdev.exists(package_name text) returns boolean language sql as $$ select true $$;
grant usage on schema dbdev to public;

-- wrappers. Foreign data wrappers are made by name and reach nothing.
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

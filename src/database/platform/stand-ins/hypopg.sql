-- hypopg. Hypothetical indexes are not kept.
create function hypopg_create_index(sql_order text, out indexrelid oid, out indexname text) returns setof record language sql as $$ select 0::oid, ''::text limit 0 $$;
create function hypopg_reset() returns void language sql as $$ select $$;
create function hypopg_drop_index(indexid oid) returns boolean language sql as $$ select true $$;
create function hypopg() returns table (indexname text, indexrelid oid) language sql as $$ select ''::text, 0::oid limit 0 $$;

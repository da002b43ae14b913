-- pgaudit. Nothing is logged; the event trigger functions are named in dumps.
create function pgaudit_ddl_command_end() returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$ begin end $$;
create function pgaudit_sql_drop() returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$ begin end $$;

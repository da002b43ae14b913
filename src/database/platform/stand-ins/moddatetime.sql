-- moddatetime, where the engine does not bring it.
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

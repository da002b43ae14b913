-- Schema realtime as the Realtime service's own migrations leave it, and the publication it listens to.

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
  select regexp_replace(name, '([ ,.*\\])', '\\\1', 'g')
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

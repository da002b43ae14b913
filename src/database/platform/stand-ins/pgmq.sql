-- pgmq. Queues are real tables and messages really wait in them; partitioned queues are plain ones here.
create table pgmq.meta (
  queue_name varchar not null unique,
  is_partitioned boolean not null,
  is_unlogged boolean not null,
  created_at timestamptz default now() not null
);
create table pgmq.notify_insert_throttle (
  queue_name varchar not null primary key,
  throttle_interval_ms integer default 0 not null,
  last_notified_at timestamptz default to_timestamp(0) not null
);
create type pgmq.message_record as (msg_id bigint, read_ct integer, enqueued_at timestamptz, vt timestamptz, message jsonb, headers jsonb);
create type pgmq.queue_record as (queue_name varchar, is_partitioned boolean, is_unlogged boolean, created_at timestamptz);
create type pgmq.metrics_result as (
  queue_name text, queue_length bigint, newest_msg_age_sec integer, oldest_msg_age_sec integer, total_messages bigint,
  scrape_time timestamptz, queue_visible_length bigint
);

create function pgmq.format_table_name(queue_name text, prefix text) returns text language plpgsql immutable as $$
begin
  if queue_name ~ '\$|;|--|''' then
    raise exception 'queue name contains invalid characters: $, ;, --, or \''';
  end if;
  return lower(prefix || '_' || queue_name);
end
$$;
create function pgmq.validate_queue_name(queue_name text) returns void language plpgsql as $$
begin
  if length(queue_name) > 47 then
    raise exception 'queue name is too long, maximum length is 47 characters';
  end if;
end
$$;
create function pgmq.acquire_queue_lock(queue_name text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtext('pgmq.queue_' || queue_name))
$$;

create function pgmq.make_queue(queue_name text, unlogged boolean, partitioned boolean) returns void language plpgsql as $$
declare
  queue text := pgmq.format_table_name(queue_name, 'q');
  archive text := pgmq.format_table_name(queue_name, 'a');
begin
  perform pgmq.validate_queue_name(queue_name);
  execute format(
    'create %s table if not exists pgmq.%I (
       msg_id bigint primary key generated always as identity, read_ct integer default 0 not null,
       enqueued_at timestamptz default now() not null, vt timestamptz not null, message jsonb, headers jsonb)',
    case when unlogged then 'unlogged' else '' end, queue);
  execute format(
    'create table if not exists pgmq.%I (
       msg_id bigint primary key, read_ct integer default 0 not null, enqueued_at timestamptz default now() not null,
       archived_at timestamptz default now() not null, vt timestamptz not null, message jsonb, headers jsonb)', archive);
  execute format('create index if not exists %I on pgmq.%I (vt asc)', queue || '_vt_idx', queue);
  execute format('create index if not exists %I on pgmq.%I (archived_at)', 'archived_at_idx_' || queue_name, archive);
  insert into pgmq.meta (queue_name, is_partitioned, is_unlogged) values (make_queue.queue_name, partitioned, unlogged)
  on conflict do nothing;
end
$$;
create function pgmq.create_non_partitioned(queue_name text) returns void language sql as $$ select pgmq.make_queue($1, false, false) $$;
create function pgmq.create_unlogged(queue_name text) returns void language sql as $$ select pgmq.make_queue($1, true, false) $$;
create function pgmq.create_partitioned(queue_name text, partition_interval text default '10000', retention_interval text default '100000')
returns void language sql as $$ select pgmq.make_queue($1, false, true) $$;
create function pgmq.create(queue_name text) returns void language sql as $$ select pgmq.make_queue($1, false, false) $$;
create function pgmq.convert_archive_partitioned(
  table_name text, partition_interval text default '10000', retention_interval text default '100000', leading_partition integer default 10
) returns void language sql as $$ select $$;

create function pgmq.drop_queue(queue_name text, partitioned boolean) returns boolean language plpgsql as $$
begin
  if not exists (select from pgmq.meta m where m.queue_name = drop_queue.queue_name) then
    raise notice 'pgmq queue "%" does not exist', queue_name;
    return false;
  end if;
  execute format('drop table if exists pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
  execute format('drop table if exists pgmq.%I', pgmq.format_table_name(queue_name, 'a'));
  delete from pgmq.notify_insert_throttle n where n.queue_name = drop_queue.queue_name;
  delete from pgmq.meta m where m.queue_name = drop_queue.queue_name;
  return true;
end
$$;
create function pgmq.drop_queue(queue_name text) returns boolean language sql as $$ select pgmq.drop_queue($1, false) $$;
create function pgmq.detach_archive(queue_name text) returns void language sql as $$ select $$;
create function pgmq.list_queues() returns setof pgmq.queue_record language sql as $$
  select queue_name, is_partitioned, is_unlogged, created_at from pgmq.meta
$$;

create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay timestamptz) returns setof bigint language plpgsql as $$
begin
  return query execute format(
    'insert into pgmq.%I (vt, message, headers)
     select $2, m, $3[coalesce(position, 1)] from unnest($1) with ordinality as batch (m, position) returning msg_id',
    pgmq.format_table_name(queue_name, 'q'))
  using msgs, delay, headers;
end
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay integer) returns setof bigint language sql as $$
  select pgmq.send_batch($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[]) returns setof bigint language sql as $$
  select pgmq.send_batch($1, $2, $3, clock_timestamp())
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], delay integer) returns setof bigint language sql as $$
  select pgmq.send_batch($1, $2, null, clock_timestamp() + make_interval(secs => $3))
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], delay timestamptz) returns setof bigint language sql as $$
  select pgmq.send_batch($1, $2, null, $3)
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[]) returns setof bigint language sql as $$
  select pgmq.send_batch($1, $2, null, clock_timestamp())
$$;
create function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay timestamptz) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], array[$3], $4)
$$;
create function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay integer) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], array[$3], clock_timestamp() + make_interval(secs => $4))
$$;
create function pgmq.send(queue_name text, msg jsonb, headers jsonb) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], array[$3], clock_timestamp())
$$;
create function pgmq.send(queue_name text, msg jsonb, delay integer) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], null, clock_timestamp() + make_interval(secs => $3))
$$;
create function pgmq.send(queue_name text, msg jsonb, delay timestamptz) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], null, $3)
$$;
create function pgmq.send(queue_name text, msg jsonb) returns setof bigint language sql as $$
  select pgmq.send_batch($1, array[$2], null, clock_timestamp())
$$;

create function pgmq.read(queue_name text, vt integer, qty integer, conditional jsonb default '{}') returns setof pgmq.message_record language plpgsql as $$
declare
  queue text := pgmq.format_table_name(queue_name, 'q');
begin
  return query execute format(
    'update pgmq.%1$I m set vt = clock_timestamp() + make_interval(secs => $2), read_ct = read_ct + 1
     where msg_id in (
       select msg_id from pgmq.%1$I where vt <= clock_timestamp() and message @> $3 order by msg_id limit $1 for update skip locked)
     returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers', queue)
  using qty, vt, conditional;
end
$$;
create function pgmq.read_with_poll(
  queue_name text, vt integer, qty integer, max_poll_seconds integer default 5, poll_interval_ms integer default 100, conditional jsonb default '{}'
) returns setof pgmq.message_record language sql as $$ select * from pgmq.read($1, $2, $3, $6) $$;
create function pgmq.pop(queue_name text, qty integer default 1) returns setof pgmq.message_record language plpgsql as $$
declare
  queue text := pgmq.format_table_name(queue_name, 'q');
begin
  return query execute format(
    'delete from pgmq.%1$I m where msg_id in (select msg_id from pgmq.%1$I where vt <= clock_timestamp() order by msg_id limit $1 for update skip locked)
     returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers', queue)
  using qty;
end
$$;
create function pgmq.set_vt(queue_name text, msg_id bigint, vt integer) returns setof pgmq.message_record language plpgsql as $$
begin
  return query execute format(
    'update pgmq.%I m set vt = clock_timestamp() + make_interval(secs => $2) where m.msg_id = $1
     returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers', pgmq.format_table_name(queue_name, 'q'))
  using msg_id, vt;
end
$$;
create function pgmq.archive(queue_name text, msg_ids bigint[]) returns setof bigint language plpgsql as $$
begin
  return query execute format(
    'with gone as (delete from pgmq.%I where msg_id = any ($1) returning msg_id, vt, read_ct, enqueued_at, message, headers)
     insert into pgmq.%I (msg_id, vt, read_ct, enqueued_at, message, headers) select * from gone returning msg_id',
    pgmq.format_table_name(queue_name, 'q'), pgmq.format_table_name(queue_name, 'a'))
  using msg_ids;
end
$$;
create function pgmq.archive(queue_name text, msg_id bigint) returns boolean language sql as $$
  select exists (select from pgmq.archive($1, array[$2]))
$$;
create function pgmq.delete(queue_name text, msg_ids bigint[]) returns setof bigint language plpgsql as $$
begin
  return query execute format('delete from pgmq.%I where msg_id = any ($1) returning msg_id', pgmq.format_table_name(queue_name, 'q'))
  using msg_ids;
end
$$;
create function pgmq.delete(queue_name text, msg_id bigint) returns boolean language sql as $$
  select exists (select from pgmq.delete($1, array[$2]))
$$;
create function pgmq.purge_queue(queue_name text) returns bigint language plpgsql as $$
declare
  gone bigint;
begin
  execute format('delete from pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
  get diagnostics gone = row_count;
  return gone;
end
$$;
create function pgmq.metrics(queue_name text) returns pgmq.metrics_result language plpgsql as $$
declare
  answer pgmq.metrics_result;
begin
  execute format(
    'select $1, count(*), extract(epoch from now() - max(enqueued_at))::integer, extract(epoch from now() - min(enqueued_at))::integer,
            coalesce(max(msg_id), 0), now(), count(*) filter (where vt <= clock_timestamp()) from pgmq.%I',
    pgmq.format_table_name(queue_name, 'q'))
  using queue_name into answer;
  return answer;
end
$$;
create function pgmq.metrics_all() returns setof pgmq.metrics_result language sql as $$
  select (pgmq.metrics(queue_name)).* from pgmq.meta
$$;
create function pgmq.enable_notify_insert(queue_name text, throttle_interval_ms integer default 250) returns void language sql as $$ select $$;
create function pgmq.disable_notify_insert(queue_name text) returns void language sql as $$ select $$;

-- Made without superuser's help on the platform: postgres owns the queues and hands them on.
grant all on schema pgmq to postgres with grant option;
grant all on all tables in schema pgmq to postgres with grant option;
grant all on all routines in schema pgmq to postgres with grant option;

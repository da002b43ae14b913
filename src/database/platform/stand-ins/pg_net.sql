-- pg_net. Requests are recorded and never sent; an id comes back as from the real one.
create schema net;
create type net.http_method as enum ('GET', 'POST', 'DELETE');
create sequence net.http_request_queue_id_seq;
create unlogged table net.http_request_queue (
  id bigint default nextval('net.http_request_queue_id_seq') not null,
  method text not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds integer not null
);
create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz default now() not null
);
create index _http_response_created_idx on net._http_response (created);
create type net.http_response as (status_code integer, headers jsonb, body text);
create type net.request_status as enum ('PENDING', 'SUCCESS', 'ERROR');
create type net.http_response_result as (status net.request_status, message text, response net.http_response);

create function net.record_request(method text, url text, params jsonb, headers jsonb, body bytea, timeout_milliseconds integer)
returns bigint language sql security definer set search_path = '' as $$
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    method,
    url || coalesce('?' || (select string_agg(key || '=' || value, '&') from jsonb_each_text(params)), ''),
    headers, body, timeout_milliseconds
  )
  returning id
$$;

create function net.http_get(url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds integer default 5000)
returns bigint language sql as $$
  select net.record_request('GET', url, params, headers, null, timeout_milliseconds)
$$;
create function net.http_delete(
  url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds integer default 5000, body jsonb default null
) returns bigint language sql as $$
  select net.record_request('DELETE', url, params, headers, convert_to(body::text, 'utf8'), timeout_milliseconds)
$$;
create function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds integer default 5000
) returns bigint language sql as $$
  select net.record_request('POST', url, params, headers, convert_to(body::text, 'utf8'), timeout_milliseconds)
$$;
create function net.http_collect_response(request_id bigint, async boolean default true) returns net.http_response_result language sql as $$
  select ('PENDING', 'request is pending processing', null)::net.http_response_result
$$;
create function net._await_response(request_id bigint) returns boolean language sql as $$ select true $$;
create function net.worker_restart() returns boolean language sql as $$ select true $$;
create function net.check_worker_is_up() returns void language sql as $$ select $$;

grant usage on schema net to supabase_functions_admin, postgres, anon, authenticated, service_role;
grant all on all tables in schema net to postgres, anon, authenticated, service_role;
grant all on all sequences in schema net to postgres, anon, authenticated, service_role;

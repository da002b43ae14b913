-- pg_cron. Jobs are recorded and never run.
create schema cron;
create sequence cron.jobid_seq;
create sequence cron.runid_seq;
create table cron.job (
  jobid bigint default nextval('cron.jobid_seq') not null primary key,
  schedule text not null,
  command text not null,
  nodename text default 'localhost' not null,
  nodeport integer default current_setting('port')::integer not null,
  database text default current_database() not null,
  username text default current_user not null,
  active boolean default true not null,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
create table cron.job_run_details (
  jobid bigint,
  runid bigint default nextval('cron.runid_seq') not null primary key,
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

-- Five fields, six never; or "30 seconds". What pg_cron would refuse is refused here with its words.
create function cron.check_schedule(schedule text) returns void language plpgsql immutable as $$
begin
  if trim(schedule) ~* '^([1-9]|[1-5][0-9])\s+seconds?$'
    or trim(schedule) ~* '^@(yearly|annually|monthly|weekly|daily|midnight|hourly|reboot)$'
    or trim(schedule) ~* '^([0-9a-z*/,$-]+\s+){4}[0-9a-z*/,$-]+$' then
    return;
  end if;
  raise exception 'invalid schedule: %', schedule
    using errcode = '22023', hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
end
$$;

create function cron.alter_job(
  job_id bigint, schedule text default null, command text default null, database text default null, username text default null,
  active boolean default null
) returns void language plpgsql security definer set search_path = '' as $$
begin
  if schedule is not null then
    perform cron.check_schedule(schedule);
  end if;
  update cron.job j set
    schedule = coalesce(alter_job.schedule, j.schedule), command = coalesce(alter_job.command, j.command),
    database = coalesce(alter_job.database, j.database), username = coalesce(alter_job.username, j.username),
    active = coalesce(alter_job.active, j.active)
  where j.jobid = job_id;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_id;
  end if;
end
$$;

create function cron.record_job(job_name text, schedule text, command text, database text, username text, active boolean) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  id bigint;
begin
  perform cron.check_schedule(schedule);
  insert into cron.job (jobname, schedule, command, database, username, active)
  values (job_name, schedule, command, coalesce(database, current_database()), username, active)
  on conflict on constraint jobname_username_uniq do update
    set schedule = excluded.schedule, command = excluded.command, database = excluded.database, active = excluded.active
  returning jobid into id;
  return id;
end
$$;

create function cron.schedule(schedule text, command text) returns bigint language sql as $$
  select cron.record_job(null, schedule, command, null, current_user::text, true)
$$;
create function cron.schedule(job_name text, schedule text, command text) returns bigint language sql as $$
  select cron.record_job(job_name, schedule, command, null, current_user::text, true)
$$;
create function cron.schedule_in_database(
  job_name text, schedule text, command text, database text, username text default null, active boolean default true
) returns bigint language sql as $$
  select cron.record_job(job_name, schedule, command, database, coalesce(username, current_user::text), active)
$$;

create function cron.unschedule(job_id bigint) returns boolean language plpgsql security definer set search_path = '' as $$
begin
  delete from cron.job where jobid = job_id;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_id;
  end if;
  return true;
end
$$;
create function cron.unschedule(job_name text) returns boolean language plpgsql security definer set search_path = '' as $$
begin
  delete from cron.job where jobname = job_name;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_name;
  end if;
  return true;
end
$$;

-- pg_cron's own extension script closes its tables; Supabase opens them to postgres, cron.job for reading only.
grant usage on schema cron to postgres with grant option;
grant execute on all functions in schema cron to postgres with grant option;
grant all on cron.job_run_details to postgres with grant option;
revoke trigger on cron.job_run_details from postgres;
grant usage, select on all sequences in schema cron to postgres with grant option;
grant select on cron.job to postgres with grant option;

/**
 * The way by which `postgres` gets done what only supautils lets him do on Supabase: two functions that run one command
 * as superuser, in the same transaction. They ask for a secret that only this process knows and that no statement of a
 * pull request is sent together with.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Engine } from '../database/engine.ts';

/**
 * Puts the functions in place (pg_catalog: no diff shows them) and returns the secret.
 *
 * The caller's search path is the project's and may hold functions and operators of its own under Postgres' names: what
 * the functions use bears its schema. The secret itself is sent as a literal of a statement of its own.
 */
export async function openDetour(engine: Engine): Promise<string> {
  const secret = randomBytes(16).toString('hex');
  const digest = createHash('md5').update(secret).digest('hex');
  const hasSetting = engine.major >= 17;
  // `apart`: what the command sets for its transaction (search_path) ends with it, and it finds Postgres' own names.
  for (const [name, settings] of [
    ['migration_guard_run', ''],
    ['migration_guard_run_apart', 'set search_path = pg_catalog, pg_temp'],
  ]) {
    await engine.admin.exec(`
      create or replace function pg_catalog.${name}(secret pg_catalog.text, command pg_catalog.text) returns void
      language plpgsql security definer ${hasSetting ? 'set event_triggers = off' : ''} ${settings} as $detour$
      ${hasSetting ? '' : 'declare hung pg_catalog.name[]; states pg_catalog."char"[];'}
      begin
        if (pg_catalog.md5(secret) operator(pg_catalog.=) '${digest}') is not true then
          raise insufficient_privilege using message = 'permission denied for function ${name}';
        end if;
        ${hasSetting ? 'execute command;' : withoutEventTriggers}
      end
      $detour$`);
    await engine.admin.exec(`revoke all on function pg_catalog.${name}(text, text) from public`);
    await engine.admin.exec(`grant execute on function pg_catalog.${name}(text, text) to postgres`);
  }
  return secret;
}

/**
 * What a project hangs on DDL is its own affair, and not to be done by a superuser. The setting is new in 17; before, its
 * event triggers are disabled around the command. Commands on event triggers fire none, and say themselves how one stands.
 */
const withoutEventTriggers = `
  if command operator(pg_catalog.!~*) '^\\s*(create|alter|drop|comment\\s+on)\\s+event\\s+trigger\\s' then
    select pg_catalog.array_agg(evtname), pg_catalog.array_agg(evtenabled) into hung, states
    from pg_catalog.pg_event_trigger where evtenabled operator(pg_catalog.<>) 'D';
  end if;
  for i in 1 .. coalesce(pg_catalog.cardinality(hung), 0) loop
    execute pg_catalog.format('alter event trigger %I disable', hung[i]);
  end loop;
  execute command;
  for i in 1 .. coalesce(pg_catalog.cardinality(hung), 0) loop
    if exists (select from pg_catalog.pg_event_trigger where evtname operator(pg_catalog.=) hung[i]) then
      execute pg_catalog.format('alter event trigger %I enable', hung[i]);
      if states[i] operator(pg_catalog.=) 'A' then
        execute pg_catalog.format('alter event trigger %I enable always', hung[i]);
      elsif states[i] operator(pg_catalog.=) 'R' then
        execute pg_catalog.format('alter event trigger %I enable replica', hung[i]);
      end if;
    end if;
  end loop;`;

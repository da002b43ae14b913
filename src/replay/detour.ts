/**
 * The way by which `postgres` gets done what only supautils lets him do on Supabase: two functions that run one command
 * as superuser, in the same transaction. They ask for a secret that only this process knows and that no statement of a
 * pull request is sent together with.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Engine } from '../database/engine.ts';

/** Puts the functions in place (pg_catalog: no diff shows them) and returns the secret. */
export async function openDetour(engine: Engine): Promise<string> {
  const secret = randomBytes(16).toString('hex');
  const digest = createHash('md5').update(secret).digest('hex');
  // Whatever a project hangs on DDL is its own affair, and not to be done by a superuser. Before 17 a trigger that is
  // enabled ALWAYS still fires.
  const quiet = engine.major >= 17 ? 'set event_triggers = off' : 'set session_replication_role = replica';
  // `apart`: what the command sets for its transaction (search_path) ends with it.
  for (const [name, settings] of [
    ['migration_guard_run', ''],
    ['migration_guard_run_apart', 'set search_path = pg_catalog'],
  ]) {
    await engine.admin.exec(`
      create or replace function pg_catalog.${name}(secret text, command text) returns void
      language plpgsql security definer ${quiet} ${settings} as $detour$
      begin
        if md5(secret) is distinct from '${digest}' then
          raise insufficient_privilege using message = 'permission denied for function ${name}';
        end if;
        execute command;
      end
      $detour$`);
    await engine.admin.exec(`revoke all on function pg_catalog.${name}(text, text) from public`);
    await engine.admin.exec(`grant execute on function pg_catalog.${name}(text, text) to postgres`);
  }
  return secret;
}

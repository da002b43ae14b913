/** What a file meets on an engine: the extensions that are there, the grants of its era. */
import { bundledSql } from '../database/bundle-sql.ts';
import type { Engine } from '../database/engine.ts';
import { grantsSql } from '../database/platform/index.ts';
import type { GrantsEra } from '../model/replay.ts';
import type { Surroundings } from './commands.ts';

export async function surroundings(engine: Engine, secret: string): Promise<Surroundings> {
  const [row] = await engine.admin.query('select current_database() as name');
  const available = await engine.admin.query('select name from pg_available_extensions');
  const names = new Set(available.map(({ name }) => name!));
  return {
    engine: engine.kind,
    secret,
    database: row!.name!,
    available: names,
    pgtap:
      engine.kind === 'server' && !names.has('pgtap')
        ? await bundledSql('pgtap', 'extensions').catch(() => null)
        : null,
  };
}

export async function setEra(engine: Engine, era: GrantsEra): Promise<void> {
  // On Supabase a project's event triggers do not fire for superusers (supautils); event_triggers is new in 17.
  const quiet = engine.major >= 17 ? 'set local event_triggers = off;' : '';
  await engine.admin.exec(`begin; ${quiet} ${grantsSql(era)}; commit`);
}

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

/** `asSuperuser`: a project's event triggers do not fire for superusers on Supabase (supautils), nor here. */
export async function setEra(
  engine: Engine,
  era: GrantsEra,
  asSuperuser: (sql: string) => string,
): Promise<void> {
  await engine.admin.query(asSuperuser(grantsSql(era)));
}

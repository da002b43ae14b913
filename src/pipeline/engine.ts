/** Opens the database the settings ask for. */
import type { ProjectSettings } from '../config/load.ts';
import { openEmbedded } from '../database/embedded.ts';
import type { Engine } from '../database/engine.ts';
import type { SourceFile } from '../model/sql.ts';

export async function openEngine(config: ProjectSettings, sources: Iterable<SourceFile>): Promise<Engine> {
  const options = {
    statementLimitMs: config.engine['statement-limit'] * 1000,
    extensions: extensionsNamed(sources),
    allowUsedServer: config.engine['allow-used-server'],
  };
  if (config.databaseUrl === null) return openEmbedded(options);
  const { openServer } = await import('../database/server.ts');
  return openServer(config.databaseUrl, options);
}

/** Every extension that some file may create: its bundle has to be there before Postgres starts. */
function extensionsNamed(sources: Iterable<SourceFile>): readonly string[] {
  const names = new Set<string>();
  for (const { text } of sources) {
    // DO blocks and strings count too: one bundle too many costs a few milliseconds, one too few a wrong answer.
    for (const match of text.matchAll(/create\s+extension\s+(?:if\s+not\s+exists\s+)?"?([a-z0-9_-]+)"?/gi)) {
      names.add(match[1]!.toLowerCase());
    }
  }
  return [...names];
}

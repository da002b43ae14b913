/** Opens the database the settings ask for. */
import type { ProjectSettings } from '../config/load.ts';
import { openEmbedded } from '../database/embedded.ts';
import type { Engine } from '../database/engine.ts';
import { extensionsIn } from '../replay/extensions.ts';

/** `sources`: every SQL that may create an extension; the embedded engine has to be started with it. */
export async function openEngine(
  config: ProjectSettings,
  sources: readonly { readonly text: string }[],
): Promise<Engine> {
  const options = {
    statementLimitMs: config.engine['statement-limit'] * 1000,
    extensions: sources.flatMap(({ text }) => extensionsIn(text).map(({ name }) => name)),
    allowUsedServer: config.engine['allow-used-server'],
  };
  if (config.databaseUrl === null) return openEmbedded(options);
  const { openServer } = await import('../database/server.ts');
  return openServer(config.databaseUrl, options);
}

/** Opens the database the settings ask for. */
import type { ProjectSettings } from '../config/load.ts';
import { openEmbedded } from '../database/embedded.ts';
import type { Engine } from '../database/engine.ts';
import { extensionsIn } from '../replay/extensions.ts';

/**
 * On a server without superuser the platform can't be laid: the embedded engine takes its place, and `instead` is told why.
 *
 * `sources`: every SQL that may create an extension; the embedded engine has to be started with it.
 */
export async function openEngine(
  config: ProjectSettings,
  sources: readonly { readonly text: string }[],
  instead: (why: string) => void,
): Promise<Engine> {
  const options = {
    statementLimitMs: config.engine['statement-limit'] * 1000,
    extensions: sources.flatMap(({ text }) => extensionsIn(text).map(({ name }) => name)),
    allowUsedServer: config.engine['allow-used-server'],
  };
  if (config.databaseUrl === null) return openEmbedded(options);
  const { NotSuperuser, openServer } = await import('../database/server.ts');
  try {
    return await openServer(config.databaseUrl, options);
  } catch (error) {
    if (!(error instanceof NotSuperuser)) throw error;
    instead(error.message);
    return openEmbedded(options);
  }
}

/** The history of the database that the change will be deployed to, where its URL was given. */
import type { DiscoveredProject } from '../changes/discover.ts';
import { seenFromRemote } from '../changes/remote.ts';
import type { ProjectSettings } from '../config/load.ts';
import type { StageBook } from './stages.ts';

/** Without an answer the change is judged as if no URL had been given, and the stage has failed. */
export async function withRemote(
  found: DiscoveredProject,
  { remoteUrl }: ProjectSettings,
  book: StageBook,
): Promise<DiscoveredProject> {
  if (remoteUrl === null) return found;
  const { readRemoteHistory } = await import('../database/remote.ts');
  const remote = await book.run('discover', null, () => readRemoteHistory(remoteUrl));
  return remote === null ? found : { ...found, history: seenFromRemote(found.history, remote) };
}

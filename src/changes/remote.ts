/** A change seen from the database that it will be deployed to: what has run there is no longer new. */
import type { Change, History, Migration, RemoteVersion } from '../model/migration.ts';
import { compareNames } from '../project/migrations.ts';

/**
 * An added file that the remote has run stands in the base. A file of the base that was edited, renamed or removed and
 * that the remote has never run was never there: what takes its place is new, or it is gone.
 */
export function seenFromRemote(history: History, remote: readonly RemoteVersion[]): History {
  const ran = new Set(remote.map(({ version }) => version));
  const head = new Map(history.head.map((migration) => [migration.path, migration]));
  const onBase = new Map(history.base.map((migration) => [migration.path, migration]));
  const arrived: Migration[] = [];
  const gone = new Set<string>();
  const changes: Change[] = [];
  for (const change of history.changes) {
    const now = head.get(change.path);
    const was = onBase.get(change.previousPath ?? change.path);
    if (change.kind === 'added' && now && ran.has(now.version)) {
      arrived.push(now);
      continue;
    }
    if (change.kind !== 'added' && was && !ran.has(was.version)) gone.add(was.path);
    changes.push(change);
  }
  return {
    ...history,
    remote,
    ranBefore: arrived.map(({ path }) => path),
    changes,
    base: [...history.base.filter(({ path }) => !gone.has(path)), ...arrived].sort((a, b) =>
      compareNames(a.fileName, b.fileName),
    ),
  };
}

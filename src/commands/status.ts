/** `migration-guard status`: the migrations as the Supabase CLI will run them, against git and, if asked, a database. */
import { CannotCheck, type DiscoveredProject, discover, NoRepository } from '../changes/discover.ts';
import type { History, RemoteVersion } from '../model/migration.ts';
import type { CheckSettings } from '../pipeline/settings.ts';
import { plural } from '../report/report.ts';
import {
  type Command,
  noWords,
  print,
  readArguments,
  readShared,
  sharedOptions,
  toCheckSettings,
  wantsColour,
} from './command.ts';

export const status: Command = async (argv, terminal) => {
  const { values, positionals } = readArguments(argv, sharedOptions);
  noWords('status', positionals);
  const shared = readShared(values);
  const { found, compared } = await migrationsHere(toCheckSettings(shared, terminal, 'static'));
  if (!compared)
    terminal.stderr.write('No commit to compare with was found here: what changed is not shown.\n');
  const remote = await remoteHistory(shared.overrides.remoteUrl);
  const history = { ...found.history, remote };
  const rows = rowsOf(history);
  if (shared.format === 'json') {
    await print(terminal, shared.output, JSON.stringify({ migrations: rows }, null, 2));
    return 0;
  }
  const bold = (text: string) => (wantsColour(terminal) ? `\u001b[1m${text}\u001b[22m` : text);
  const header = [
    'version',
    ...(compared ? ['local'] : []),
    ...(remote === null ? [] : ['database']),
    'file',
  ];
  const cells = rows.map((row) => [
    row.version,
    ...(compared ? [row.local] : []),
    ...(remote === null ? [] : [row.remote === null ? '' : row.remote ? 'applied' : 'pending']),
    row.file ?? '(no file)',
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...cells.map((line) => line[i]!.length)));
  const line = (parts: readonly string[]) =>
    parts
      .map((part, i) => part.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  await print(
    terminal,
    shared.output,
    [bold(line(header)), ...cells.map(line), ...skippedWords(rows)].join('\n'),
  );
  return 0;
};

/** The list needs no base: without git, or where the default one can't be had, it stands without what changed. */
async function migrationsHere(
  settings: CheckSettings,
): Promise<{ readonly found: DiscoveredProject; readonly compared: boolean }> {
  const { selection } = settings;
  try {
    const [found] = await discover(settings);
    return { found: found!, compared: true };
  } catch (error) {
    const needsNone = selection.kind === 'base' && selection.ref === null;
    if (!needsNone || !(error instanceof CannotCheck || error instanceof NoRepository)) throw error;
    const [found] = await discover({ ...settings, selection: { kind: 'all' } });
    return { found: found!, compared: false };
  }
}

function skippedWords(rows: readonly StatusRow[]): string[] {
  const skipped = rows.filter(({ local }) => local === 'skipped').length;
  return skipped === 0
    ? []
    : [`\n${plural(skipped, 'entry', 'entries')} skipped: the Supabase CLI runs "<digits>_<name>.sql" only.`];
}

async function remoteHistory(url: string | undefined): Promise<readonly RemoteVersion[] | null> {
  if (url === undefined) return null;
  const { readRemoteHistory } = await import('../database/remote.ts');
  return readRemoteHistory(url).catch((error: Error) => {
    throw new CannotCheck(error.message);
  });
}

interface StatusRow {
  readonly version: string;
  readonly file: string | null;
  /** `same`, `added`, `edited`, `renamed`, `removed`, `skipped`, `missing`. */
  readonly local: string;
  /** Applied there; null where nothing can be said. */
  readonly remote: boolean | null;
}

function rowsOf(history: History): StatusRow[] {
  const changes = new Map(history.changes.map((change) => [change.path, change.kind]));
  const applied = history.remote === null ? null : new Set(history.remote.map(({ version }) => version));
  const files = new Set(history.head.map(({ version }) => version));
  const onlyRemote: readonly RemoteVersion[] = (history.remote ?? []).filter(
    ({ version }) => !files.has(version),
  );
  return [
    ...history.head.map((migration) => ({
      version: migration.version,
      file: migration.path,
      local: history.all ? 'same' : (changes.get(migration.path) ?? 'same'),
      remote: applied === null ? null : applied.has(migration.version),
    })),
    ...history.changes
      .filter((change) => change.kind === 'removed')
      .map(({ path }) => ({
        version: /(\d+)_[^/]*$/.exec(path)?.[1] ?? '',
        file: path,
        local: 'removed',
        remote: null,
      })),
    ...onlyRemote.map(({ version }) => ({ version, file: null, local: 'missing', remote: true })),
    ...history.skipped.map(({ path }) => ({ version: '', file: path, local: 'skipped', remote: null })),
  ].sort((a, b) => (a.version < b.version ? -1 : a.version > b.version ? 1 : 0));
}

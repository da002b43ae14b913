/** Small projects written in a test, replayed on either engine. */
import { openEmbedded } from '../../src/database/embedded.ts';
import type { Engine } from '../../src/database/engine.ts';
import { openServer } from '../../src/database/server.ts';
import type { History, Migration, Project } from '../../src/model/migration.ts';
import type { GrantsEra } from '../../src/model/replay.ts';
import { Replay, type ReplayInput } from '../../src/replay/replay.ts';
import { loadParser, parseSource } from '../../src/sql/parse.ts';
import { testServer } from './server.ts';

export type EngineKind = Engine['kind'];
export const engineKinds: readonly EngineKind[] = ['embedded', 'server'];

export async function openTestEngine(kind: EngineKind, limitMs = 10_000): Promise<Engine> {
  const options = { statementLimitMs: limitMs, extensions: ['vector', 'pg_trgm', 'unaccent', 'pgtap'] };
  return kind === 'embedded' ? openEmbedded(options) : openServer(await testServer(), options);
}

/** File name to SQL. */
export type Files = Readonly<Record<string, string>>;

export interface Story {
  readonly base?: Files;
  /** Added files. */
  readonly added?: Files;
  /** Files of the base with another text. */
  readonly edited?: Files;
  readonly all?: boolean;
  readonly project?: Partial<Project>;
  readonly era?: (version: string) => GrantsEra;
  readonly limitMs?: number;
  readonly baseline?: ReplayInput['baseline'];
  readonly watch?: ReplayInput['watch'];
}

const migration = ([fileName, text]: readonly [string, string]): Migration => {
  const [, version, name] = /^(\d+)_(.*)\.sql$/.exec(fileName)!;
  return {
    path: `supabase/migrations/${fileName}`,
    fileName,
    version: version!,
    name: name!,
    text,
    unreadable: null,
  };
};
const inOrder = (files: Files): Migration[] =>
  Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(migration);

export const plainProject: Project = {
  path: '.',
  root: '/nowhere',
  major: 17,
  exposedSchemas: ['public', 'graphql_public'],
  extraSearchPath: ['public', 'extensions'],
  autoExposeNewTables: null,
  unsetHides: false,
  namesAutoExpose: false,
  thirdPartyAuth: false,
  anonymousSignIns: false,
  phoneSignIns: false,
  seeds: [],
  roles: null,
  hooks: [],
  buckets: [],
  tests: [],
  testParts: [],
  notes: [],
};

export function historyOf(story: Story): History {
  const base = story.all ? {} : (story.base ?? {});
  const head = { ...story.base, ...story.edited, ...story.added };
  return {
    base: inOrder(base),
    head: inOrder(head),
    skipped: [],
    skippedOnBase: [],
    changes: [
      ...Object.keys(story.all ? head : (story.added ?? {})).map((name) => ({
        kind: 'added' as const,
        path: `supabase/migrations/${name}`,
        previousPath: null,
        before: null,
      })),
      ...Object.keys(story.edited ?? {}).map((name) => ({
        kind: 'edited' as const,
        path: `supabase/migrations/${name}`,
        previousPath: null,
        before: story.base?.[name] ?? null,
      })),
    ],
    otherChanges: [],
    openPullRequests: [],
    baseTip: [],
    remote: null,
    ranBefore: [],
    baseCommit: null,
    all: story.all ?? false,
  };
}

/** Runs `work` on a replay of the story and closes the engine it ends with. */
export async function withReplay(
  kind: EngineKind,
  story: Story,
  work: (replay: Replay) => Promise<void>,
): Promise<void> {
  await loadParser();
  const history = historyOf(story);
  const replay = new Replay({
    engine: await openTestEngine(kind, story.limitMs),
    reopen: () => openTestEngine(kind, story.limitMs),
    project: { ...plainProject, ...story.project },
    history,
    sources: new Map(history.head.map(({ path, text }) => [path, parseSource(path, text!)])),
    eraOf: story.era ?? (() => 'automatic'),
    baseline: story.baseline ?? null,
    ...(story.watch ? { watch: story.watch } : {}),
  });
  try {
    await work(replay);
  } finally {
    await replay.engine.close();
  }
}

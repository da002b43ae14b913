/** Facts of a fixture: parsed and folded, without an engine. What replay and rollback saw comes from the fixture itself. */
import type { ChangedMigration, ChangeSet, Facts } from '../../src/model/facts.ts';
import type { Migration } from '../../src/model/migration.ts';
import type { ReplayFacts } from '../../src/model/replay.ts';
import type { FoldStep, SchemaState } from '../../src/model/schema.ts';
import type { SourceFile } from '../../src/model/sql.ts';
import { parseSource } from '../../src/sql/parse.ts';
import { type Fixture, toMigration } from './fixture.ts';

const emptyReplay: ReplayFacts = {
  base: { reproducible: true, applied: 0, total: 0, firstFailure: null, failedStatements: 0 },
  runs: [],
  rows: [],
  reruns: [],
  brokenFunctions: [],
  skippedCreates: [],
  tests: [],
  orderDifferences: [],
  notChecked: [],
};

const emptySchema: SchemaState = {
  source: 'folded',
  schemas: new Map(),
  tables: new Map(),
  views: new Map(),
  routines: new Map(),
  types: new Map(),
  sequences: new Map(),
  extensions: new Map(),
  publications: new Map(),
  buckets: new Map(),
  defaultPrivileges: [],
  unknown: [],
  era: null,
};
const emptyState = (_options: unknown) => emptySchema;
const foldFile = (state: SchemaState, source: SourceFile): FoldStep => ({
  path: source.path,
  before: state,
  after: state,
  touched: [],
  created: [],
});

export function factsOf(fixture: Fixture): Facts {
  const byVersion = (a: Migration, b: Migration) =>
    a.version < b.version ? -1 : a.version > b.version ? 1 : 0;
  const base = fixture.base.map(toMigration).sort(byVersion);
  const head = fixture.head.map(toMigration).sort(byVersion);
  const sources = new Map(head.map(({ path, text }) => [path, parseSource(path, text!)]));
  const start = emptyState({ era: fixture.era });
  const changes = new Map(fixture.changes.map((change) => [change.path, change]));

  const baseState = base.reduce(
    (state, { path, text }) => foldFile(state, parseSource(path, text!)).after,
    start,
  );
  const unchanged = head.filter(({ path }) => !changes.has(path));
  const asChanged = (migration: Migration, before: SchemaState): ChangedMigration => {
    const source = sources.get(migration.path)!;
    const kind = changes.get(migration.path)?.kind;
    return {
      migration,
      change: kind === 'edited' || kind === 'renamed' ? kind : 'added',
      source,
      step: foldFile(before, source),
    };
  };
  const changeSets: ChangeSet[] = [];
  let state = fixture.all
    ? start
    : unchanged.reduce((s, { path }) => foldFile(s, sources.get(path)!).after, start);
  if (fixture.all) {
    for (const migration of head) {
      const changed = asChanged(migration, state);
      changeSets.push(toSet([changed], state));
      state = changed.step.after;
    }
  } else {
    const before = state;
    const migrations = head
      .filter(({ path }) => changes.has(path))
      .map((migration) => {
        const changed = asChanged(migration, state);
        state = changed.step.after;
        return changed;
      });
    if (migrations.length > 0) changeSets.push(toSet(migrations, before));
  }
  return {
    project: fixture.project,
    history: {
      base,
      head,
      skipped: fixture.skipped.map((name) => ({
        path: `supabase/migrations/${name}`,
        reason: name.includes('.') ? 'name' : 'folder',
      })),
      skippedOnBase: [],
      changes: fixture.changes,
      otherChanges: [],
      openPullRequests: fixture.openPullRequests,
      remote: fixture.remote?.map((version) => ({ version, name: null, statements: null })) ?? null,
      all: fixture.all,
    },
    changeSets,
    sources,
    base: baseState,
    head: state,
    eraOf: () => fixture.era,
    replay: fixture.replay === null ? null : { ...emptyReplay, ...fixture.replay },
    access: null,
    rollback:
      fixture.rollback?.map((result) => ({
        path: head.at(-1)!.path,
        plan: 'none',
        planPath: null,
        planLine: null,
        status: 'not-run',
        sql: null,
        differences: [],
        losesData: [],
        error: null,
        detail: null,
        ...result,
      })) ?? null,
    schemaDiff: null,
    now: fixture.now,
  };
}

function toSet(migrations: readonly ChangedMigration[], before: SchemaState): ChangeSet {
  const refs = (pick: 'touched' | 'created') =>
    new Set(migrations.flatMap(({ step }) => step[pick].map(({ kind, key }) => `${kind} ${key}`)));
  return {
    migrations,
    before,
    after: migrations.at(-1)!.step.after,
    touched: refs('touched'),
    created: refs('created'),
  };
}

/** Facts of a fixture: parsed and folded, without an engine. What replay and rollback saw comes from the fixture itself. */
import type { ChangedMigration, ChangeSet, Facts } from '../../src/model/facts.ts';
import type { Migration } from '../../src/model/migration.ts';
import type { ReplayFacts } from '../../src/model/replay.ts';
import type { SchemaState } from '../../src/model/schema.ts';
import type { SourceFile } from '../../src/model/sql.ts';
import { codeIn } from '../../src/project/code/client-calls.ts';
import { emptyState, foldFile } from '../../src/sql/fold/index.ts';
import { parseSource } from '../../src/sql/parse.ts';
import { accessOf } from './access.ts';
import { type Fixture, toMigration } from './fixture.ts';

const emptyReplay: ReplayFacts = {
  base: { reproducible: true, applied: 0, total: 0, firstFailure: null, failedStatements: 0 },
  runs: [],
  rows: [],
  reruns: [],
  brokenFunctions: [],
  skippedCreates: [],
  tests: [],
  testFailures: [],
  seedFailure: null,
  orderDifferences: [],
  notChecked: [],
};

export function factsOf(fixture: Fixture): Facts {
  const byVersion = (a: Migration, b: Migration) =>
    a.version < b.version ? -1 : a.version > b.version ? 1 : 0;
  const base = fixture.base.map(toMigration).sort(byVersion);
  const head = fixture.head.map(toMigration).sort(byVersion);
  const sources = new Map(head.map(({ path, text }) => [path, parseSource(path, text!)]));
  const start = emptyState({ era: fixture.era });
  const fold = (state: SchemaState, source: SourceFile) => foldFile(state, source, { era: fixture.era });
  const changes = new Map(fixture.changes.map((change) => [change.path, change]));

  const baseState = base.reduce(
    (state, { path, text }) => fold(state, parseSource(path, text!)).after,
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
      step: fold(before, source),
    };
  };
  const changeSets: ChangeSet[] = [];
  let state = fixture.all
    ? start
    : unchanged.reduce((s, { path }) => fold(s, sources.get(path)!).after, start);
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
      skipped: fixture.skipped.map((entry) => {
        const [, name, text] = /^(\S+)\s*(.*)$/.exec(entry)!;
        return {
          path: `supabase/migrations/${name}`,
          reason: name!.includes('.') ? 'name' : 'folder',
          text: text!,
        };
      }),
      skippedOnBase: [],
      changes: fixture.changes,
      otherChanges: [],
      openPullRequests: fixture.openPullRequests,
      baseTip: fixture.baseTip,
      ranBefore: [],
      baseCommit: null,
      remote: fixture.remote?.map((version) => ({ version, name: null, statements: null })) ?? null,
      all: fixture.all,
    },
    changeSets,
    sources,
    ...codeIn(new Map(fixture.code), 'public'),
    base: baseState,
    head: state,
    eraOf: () => fixture.era,
    eraByDate: true,
    replay: fixture.replay === null ? null : replayOf(fixture.replay),
    access: fixture.access === null ? null : accessOf(fixture.access),
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

/** A case writes down only what its rule reads. */
function replayOf(partial: Partial<ReplayFacts>): ReplayFacts {
  const runs = (partial.runs ?? []).map((run) => ({
    ...{ version: '', status: 'applied' as const, grants: 'automatic' as const, durationMs: 0, error: null },
    ...run,
    statements: run.statements.map((statement) => ({
      ...{ line: 1, endLine: 1, kind: '', durationMs: 0, locks: [], rewrites: [], error: null, reason: null },
      ...statement,
    })),
  }));
  return { ...emptyReplay, ...partial, runs };
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

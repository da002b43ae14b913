/** Stage 2: syntax trees of all migrations, and the state of the schema folded over them. */
import type { DiscoveredProject } from '../changes/discover.ts';
import type { ClientCall, StorageCall } from '../model/client.ts';
import type { ChangedMigration, ChangeSet } from '../model/facts.ts';
import type { Migration, Project } from '../model/migration.ts';
import type { GrantsEra } from '../model/replay.ts';
import type { FoldStep, ObjectRef, SchemaState } from '../model/schema.ts';
import type { SourceFile } from '../model/sql.ts';
import { noCode, readCode } from '../project/code/client-calls.ts';
import { compareNames } from '../project/migrations.ts';
import { startsWithDay } from '../rules/support/files/versions.ts';
import { emptyState, foldFile } from '../sql/fold/index.ts';
import { keyOf } from '../sql/names.ts';
import { loadParser, parseSource } from '../sql/parse.ts';
import { compileQuickly } from '../wasm.ts';
import { withTemplate } from './hidden-by-default.ts';

/** The platform stopped granting new objects of `public` to the API roles on this day (changelog 45329). */
const explicitSince = '20261030000000';

/** Characters of SQL below which an optimised parser does not earn its making (measured with `npm run bench`). */
const quickBelow = 1_000_000;

export interface Reading {
  /** As its migrations tell it, where the configuration leaves that to them. */
  readonly project: Project;
  readonly sources: ReadonlyMap<string, SourceFile>;
  readonly baseSources: ReadonlyMap<string, SourceFile>;
  readonly changeSets: readonly ChangeSet[];
  readonly clientCalls: readonly ClientCall[];
  readonly storageCalls: readonly StorageCall[];
  readonly base: SchemaState;
  readonly head: SchemaState;
  /** Migrations in the order a database that has the base would run them: base first, then what is new. */
  readonly order: readonly Migration[];
  readonly eraOf: (version: string) => GrantsEra;
  /** No setting says it: the dates in the files' names do. */
  readonly eraByDate: boolean;
}

/** Where a version is no date (`3`, `20261399000000`), the newest date before it among `versions` tells; none is long ago. */
export function eraOf(
  project: Project,
  forced: GrantsEra | 'auto',
  versions: readonly string[],
): (version: string) => GrantsEra {
  if (forced !== 'auto') return () => forced;
  if (project.autoExposeNewTables === false) return () => 'explicit';
  const dated = versions.filter(startsWithDay).sort();
  return (version) => {
    const day = startsWithDay(version) ? version : (dated.findLast((each) => each < version) ?? '');
    return day < explicitSince ? 'automatic' : 'explicit';
  };
}

export async function readChange(
  configured: Project,
  { history, repositoryRoot }: Pick<DiscoveredProject, 'history' | 'repositoryRoot'>,
  forcedEra: GrantsEra | 'auto',
): Promise<Reading> {
  const bytes = history.head.reduce((sum, { text }) => sum + (text?.length ?? 0), 0);
  if (bytes < quickBelow) compileQuickly();
  const parser = loadParser();
  // While the parser is compiled.
  const start = emptyState({ era: 'automatic' });
  await parser;
  const changeOf = new Map(history.changes.map((change) => [change.path, change]));
  const parse = (migration: Migration) => parseSource(migration.path, migration.text ?? '');
  const sources = new Map(history.head.map((migration) => [migration.path, parse(migration)]));
  const project = withTemplate(configured, sources.values());
  const eraByDate = forcedEra === 'auto' && project.autoExposeNewTables !== false;
  const era = eraOf(
    project,
    forcedEra,
    [...history.base, ...history.head].map(({ version }) => version),
  );
  const unchanged = (migration: Migration) => !changeOf.has(migration.path);
  const baseSources = new Map(
    history.base.map((migration) => {
      const same = history.head.find((other) => other.path === migration.path && unchanged(other));
      return [migration.path, same === undefined ? parse(migration) : sources.get(migration.path)!];
    }),
  );
  const fold = (from: SchemaState, migration: Migration, source: SourceFile) =>
    foldFile(from, source, { era: era(migration.version) });

  let base = start;
  for (const migration of history.base) base = fold(base, migration, baseSources.get(migration.path)!).after;

  // What was merged can't be changed in a database that has it; the head is then told from zero.
  const rewritten = history.changes.some((change) => change.kind !== 'added');
  const added = history.head.filter((migration) => !unchanged(migration)).sort(byName);
  const order = rewritten ? [...history.head].sort(byName) : [...history.base, ...added];
  const steps = new Map<string, FoldStep>();
  let head = rewritten ? start : base;
  for (const migration of rewritten ? order : added) {
    const step = fold(head, migration, sources.get(migration.path)!);
    steps.set(migration.path, step);
    head = step.after;
  }
  const changed: ChangedMigration[] = added.map((migration) => ({
    migration,
    change: changeOf.get(migration.path)!.kind as ChangedMigration['change'],
    source: sources.get(migration.path)!,
    step: steps.get(migration.path)!,
  }));
  const changeSets = history.all
    ? changed.map((one) => toChangeSet([one], one.step.before, one.step.after))
    : [toChangeSet(changed, base, head)];
  const touched = changeSets.flatMap((set) => [...set.touched]);
  const { clientCalls, storageCalls } = touched.some((key) => /^(?:table|view|routine|bucket) /.test(key))
    ? readCode(repositoryRoot, project.path, project.exposedSchemas[0] ?? 'public')
    : noCode;
  return {
    project,
    sources,
    baseSources,
    changeSets,
    clientCalls,
    storageCalls,
    base,
    head,
    order,
    eraOf: era,
    eraByDate,
  };
}

/** The same change, judged on what the catalog shows where the replay ran. */
export function withStates(set: ChangeSet, before: SchemaState, after: SchemaState): ChangeSet {
  return { ...set, before, after };
}

/** Tables that the change renames or moves: key on the base to key on the head. */
export function renamedTables({ changeSets }: Reading): ReadonlyMap<string, string> {
  const renames = new Map<string, string>();
  for (const { source } of changeSets.flatMap((set) => set.migrations)) {
    for (const { kind, node } of source.statements) {
      const isTable = node.renameType === 'OBJECT_TABLE' || node.objectType === 'OBJECT_TABLE';
      if (!isTable || !node.relation) continue;
      const { schemaname = 'public', relname } = node.relation;
      const to =
        kind === 'RenameStmt'
          ? [schemaname, node.newname]
          : kind === 'AlterObjectSchemaStmt'
            ? [node.newschema, relname]
            : null;
      if (to === null) continue;
      const from = keyOf(schemaname, relname);
      const first = [...renames].find(([, now]) => now === from)?.[0] ?? from;
      renames.set(first, keyOf(to[0], to[1]));
    }
  }
  return renames;
}

function toChangeSet(
  migrations: readonly ChangedMigration[],
  before: SchemaState,
  after: SchemaState,
): ChangeSet {
  const keys = (refs: readonly ObjectRef[]) => refs.map(({ kind, key }) => `${kind} ${key}`);
  return {
    migrations,
    before,
    after,
    touched: new Set(migrations.flatMap(({ step }) => keys(step.touched))),
    created: new Set(migrations.flatMap(({ step }) => keys(step.created))),
  };
}

const byName = (a: Migration, b: Migration) => compareNames(a.fileName, b.fileName);

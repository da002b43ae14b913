/** Stages 3 to 6 on one database: replay, inspect, probe, roll back. See "State plan" in docs/architecture.md. */
import { diff } from '../database/catalog/diff.ts';
import { snapshot } from '../database/catalog/snapshot.ts';
import { readState } from '../database/catalog/state.ts';
import type { AccessDeclaration, AccessFacts, AccessMatrix } from '../model/access.ts';
import type { Snapshot } from '../model/catalog.ts';
import type { Facts } from '../model/facts.ts';
import type { NotChecked } from '../model/finding.ts';
import type { ReplayFacts } from '../model/replay.ts';
import type { ProjectReport } from '../model/report.ts';
import type { SchemaDiff } from '../model/rollback.ts';
import type { SchemaState } from '../model/schema.ts';
import type { WayOut } from '../model/way-out.ts';
import { compareAccess } from '../probes/matrix/compare.ts';
import { deviations } from '../probes/matrix/declare.ts';
import type { Memory } from '../probes/memory.ts';
import { probe } from '../probes/probe.ts';
import { readBaseline } from '../project/baseline.ts';
import { Replay, type RowsGround } from '../replay/replay.ts';
import { RowsRecorder, StepRecorder } from '../rollback/index.ts';
import { overlay } from '../sql/fold/overlay.ts';
import { openEngine } from './engine.ts';
import type { Examination, ExaminedDatabase, ExamineInput, Mended } from './examination.ts';
import { probeAll } from './probe.ts';
import { type Reading, renamedTables, withStates } from './read.ts';
import { factsRead } from './read-only.ts';
import { rollBack } from './rollback.ts';

export async function examine(input: ExamineInput): Promise<Examination> {
  const { config, settings, book } = input;
  const read = factsRead(input);
  const sources = [
    ...input.reading.sources.values(),
    ...input.reading.baseSources.values(),
    ...input.project.tests.map(({ sql }) => ({ text: `create extension pgtap; ${sql}` })),
  ];
  if (input.found.history.all && settings.stages === 'all')
    book.note(
      'replay',
      'done',
      'with --all nothing runs on tables with rows, a second time or from zero, and no tests of the project',
    );
  let server: NotChecked | null = null;
  const open = () =>
    openEngine(config, sources, (why) => {
      server = { what: 'The server of the database URL', why, file: null, line: null };
      book.note('replay', 'partial', `on the embedded Postgres instead of the server: ${why}`);
    });
  const engine = await book.run('replay', null, () => book.time('boot', open));
  if (engine === null) return { facts: read, engine: null, notChecked: [], database: null };
  const baseline = await readBaseline(
    input.found.root,
    input.found.repositoryRoot,
    config.baseline,
    settings.cwd,
  );
  const recorder = new StepRecorder();
  const asked = settings.stages === 'rollback' || (settings.stages === 'all' && config.rollback.prove);
  const proves = asked && !input.found.history.all;
  const unchanged = new Map(
    [...input.project.seeds, ...input.project.tests].map(({ path, sql }) => [path, sql]),
  );
  const replay = new Replay({
    engine,
    reopen: open,
    project: input.project,
    history: input.found.history,
    sources: input.reading.sources,
    eraOf: input.reading.eraOf,
    baseline,
    textOnBase: async (path) =>
      input.found.history.otherChanges.includes(path)
        ? input.found.baseFile(path)
        : (unchanged.get(path) ?? null),
    ...(proves ? { watch: recorder.watch } : {}),
  });
  try {
    const seen = await seeItHappen(input, replay, read, proves ? recorder : null);
    if (seen.database === null) await replay.close();
    return server === null ? seen : { ...seen, notChecked: [...seen.notChecked, server] };
  } catch (error) {
    await replay.close();
    throw error;
  }
}

/** One state of the database, as each stage saw it. */
interface Sight {
  readonly state: SchemaState | null;
  readonly snapshot: Snapshot | null;
  readonly access: AccessMatrix | null;
  /** Tables left out of it: a statement there ended the database. */
  readonly leftOut: ReadonlySet<string>;
}

async function seeItHappen(
  input: ExamineInput,
  replay: Replay,
  read: Facts,
  recorder: StepRecorder | null,
): Promise<Examination> {
  const { found, config, reading, settings, book } = input;
  const { all } = found.history;
  await book.run('replay', null, async () => {
    await replay.base();
    await replay.mark();
  });
  const memory: Memory = new Map();
  const before = await look(input, replay, !all, null, memory);
  await book.run('replay', null, () => replay.changes());
  const everything = settings.stages === 'all' && !all;
  // On an instance of its own, so beside the probes; a server's sessions share what belongs to its cluster.
  let ground: RowsGround | null = null;
  const rowsRecorder = new RowsRecorder();
  const wantsRows = config.engine.rows && (everything || recorder !== null);
  const rows = () =>
    book.beside('replay', 'rows', async () => {
      ground = await replay.rows(recorder === null ? null : rowsRecorder.watch);
    });
  const besideProbes = wantsRows && replay.engine.kind === 'embedded' ? rows() : null;
  // Where only a seed, a test or the configuration changed, the head is the base.
  const after = found.history.changes.length === 0 ? before : await look(input, replay, true, before, memory);

  if (recorder === null)
    book.note(
      'rollback',
      'skipped',
      all
        ? 'with --all no way back is run: "migration-guard rollback FILE" runs that of one migration'
        : 'not asked for',
    );
  if (wantsRows) await (besideProbes ?? rows());
  const rollback = await book.run('rollback', null, async () => {
    try {
      if (recorder === null) return null;
      return await rollBack(input, replay, recorder, ground && { ground, recorder: rowsRecorder });
    } finally {
      await ground?.engine.close();
    }
  });

  const { engine } = config;
  const later = (name: string, work: () => Promise<void>) =>
    book.run('replay', null, () => book.time(name, work));
  if (settings.stages === 'all') await later('functions', () => replay.functions());
  if (everything) {
    await later('rerun', () => replay.rerun());
    await later('from zero', () => replay.fromZero());
    await later('tests', () => replay.ownFiles(engine.tests));
  }

  const replayed = replay.facts();
  const base = settled(reading.base, before.state, replayed);
  const head = settled(reading.head, after.state, replayed);
  const facts: Facts = {
    ...read,
    base,
    head,
    changeSets: all ? read.changeSets : read.changeSets.map((set) => withStates(set, base, head)),
    replay: replayed,
    access: accessFacts(before.access, after.access, reading, config.access),
    rollback,
    schemaDiff:
      before.snapshot && after.snapshot ? ownDiff(diff(before.snapshot, after.snapshot), reading) : null,
  };
  const database: ExaminedDatabase | null =
    settings.stages === 'all' && after.access !== null
      ? {
          mended: (ways) => mended(input, replay, facts, after, memory, ways),
          close: () => replay.close(),
        }
      : null;
  return { facts, engine: describeEngine(input, replay), notChecked: [], database };
}

/**
 * Ways out as one more pull request: run, and probed where they reach. No stage of the check: what fails here, the findings
 * say. An engine that is lost is not brought back, since what was tried on it would be gone.
 */
async function mended(
  { config, project, reading }: ExamineInput,
  replay: Replay,
  facts: Facts,
  head: Sight,
  memory: Memory,
  ways: readonly WayOut[],
): Promise<Mended> {
  const tried = await replay.waysOut(ways);
  const { engine } = replay;
  const catalog = await readState(engine.admin);
  const seen = await probe(engine, {
    project,
    state: catalog,
    before: head.access,
    beforeState: head.state,
    leaveOut: head.leftOut,
    memory: { seen: memory, snapshot: await snapshot(engine.admin) },
  });
  const state = settled(reading.head, catalog, facts.replay!);
  const changeSets = facts.history.all
    ? facts.changeSets
    : facts.changeSets.map((set) => withStates(set, facts.base, state));
  const access = accessFacts(facts.access?.base ?? null, seen, reading, config.access);
  return { tried, facts: { ...facts, head: state, changeSets, access } };
}

/** Catalog and probes of the state that stands now. */
async function look(
  input: ExamineInput,
  replay: Replay,
  probes: boolean,
  base: Sight | null,
  memory: Memory,
): Promise<Sight> {
  const { config, project, settings, book } = input;
  const state = await book.run('inspect', null, () => readState(replay.engine.admin));
  const snap = await book.run('inspect', null, () => snapshot(replay.engine.admin));
  if (!config.engine.probes) book.note('probe', 'skipped', 'switched off in the configuration');
  const probed =
    state !== null && probes && config.engine.probes && settings.stages !== 'rollback'
      ? await book.run('probe', null, () =>
          probeAll(replay, project, state, book, base, snap && { seen: memory, snapshot: snap }),
        )
      : null;
  return { state, snapshot: snap, access: probed?.access ?? null, leftOut: probed?.leftOut ?? new Set() };
}

/** The catalog wins where the replay ran; the fold says where things were made, and what could not be run. */
function settled(folded: SchemaState, catalog: SchemaState | null, replayed: ReplayFacts): SchemaState {
  if (catalog === null) return folded;
  const applied = new Set(replayed.runs.flatMap((run) => (run.status === 'applied' ? [run.path] : [])));
  return overlay(folded, catalog, { applied });
}

function accessFacts(
  base: AccessMatrix | null,
  head: AccessMatrix | null,
  reading: Reading,
  declared: AccessDeclaration,
): AccessFacts | null {
  if (head === null) return null;
  const changes = base === null ? [] : compareAccess(base, head, renamedTables(reading));
  return { base, head, changes, declared, deviations: deviations(declared, head) };
}

/** Without what the guard changed itself: the default privileges, where base and head lie in different eras. */
function ownDiff(whole: SchemaDiff, { changeSets }: Reading): SchemaDiff {
  const statements = changeSets.flatMap((set) => set.migrations).flatMap(({ source }) => source.statements);
  if (statements.some(({ kind }) => kind === 'AlterDefaultPrivilegesStmt')) return whole;
  const kept = (entries: SchemaDiff['changed']) => entries.filter(({ kind }) => kind !== 'default privilege');
  return { added: kept(whole.added), removed: kept(whole.removed), changed: kept(whole.changed) };
}

function describeEngine({ project, reading }: ExamineInput, { engine }: Replay): ProjectReport['engine'] {
  const eras = new Set(reading.order.map((migration) => reading.eraOf(migration.version)));
  const note =
    engine.major === project.major
      ? null
      : `config.toml asks for Postgres ${project.major}; this was seen on ${engine.postgres}. A database URL that names a Postgres ${project.major} shows it there.`;
  const [era] = eras;
  return {
    kind: engine.kind,
    postgres: engine.postgres,
    grants: eras.size === 1 && era ? era : 'mixed',
    ...(reading.eraByDate ? { grantsBy: 'date' as const } : {}),
    note,
  };
}

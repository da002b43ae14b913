/** Who can reach which rows on this state of the database: seen by acting as everybody, all of it rolled back. */

import type { Engine, Session } from '../database/engine.ts';
import type { AccessMatrix } from '../model/access.ts';
import type { NotChecked } from '../model/finding.ts';
import type { Project } from '../model/migration.ts';
import type { Table } from '../model/schema.ts';
import { planned, planOnce } from './acting/planned.ts';
import { queued } from './acting/queued.ts';
import { probeAround } from './around/index.ts';
import { findEscalations } from './escalation/index.ts';
import { type Ground, type GroundOptions, groundOf, layCommon, probedTables } from './ground.ts';
import { basisOf, contentsOf, type Remembered, type Remembering } from './memory.ts';
import { probeTable } from './one-table.ts';
import { findPolicyErrors, type PolicyErrors } from './tables/policy-errors.ts';
import { findFootings, withFooting, withFootings } from './worlds/footings.ts';
import { joinedByThemselves, ofMembersAlone } from './worlds/joining.ts';

export interface ProbeOptions extends GroundOptions {
  readonly project: GroundOptions['project'] & Partial<Pick<Project, 'buckets'>>;
  /** What was seen of tables on another state of the same database: those that nothing changed for are taken from it. */
  readonly memory?: Remembering | null;
  /** From how many milliseconds on a statement's plan is kept for the next time; absent, what long is. */
  readonly keepPlansFromMs?: number;
}

export async function probe(engine: Engine, options: ProbeOptions): Promise<AccessMatrix> {
  return engine.act((session) => probeAs(session, engine.kind, options));
}

async function probeAs(acting: Session, kind: Engine['kind'], options: ProbeOptions): Promise<AccessMatrix> {
  // A server's database speaks English already, and only a superuser may say so.
  const english = kind === 'embedded' ? "set local lc_messages = 'C'; " : '';
  const planning = planned(acting, options.keepPlansFromMs);
  await acting.exec('begin');
  try {
    const session = queued(planning);
    await session.exec(
      `${english}set local timezone = 'UTC'; set local row_security = on; set local datestyle = 'ISO, MDY'; set local client_min_messages = 'error'; ${planOnce}; set constraints all deferred`,
    );
    return await probeInside(session, options);
  } finally {
    const kept = planning.prepared().map((name) => `; deallocate ${name}`);
    await acting.exec(`rollback${kept.join('')}`).catch(() => undefined);
  }
}

async function probeInside(session: Session, options: ProbeOptions): Promise<AccessMatrix> {
  const { state, project, leaveOut } = options;
  const contents = options.memory ? await contentsOf(session, state) : null;
  const ground = await groundOf(session, options);
  const { catalog, exposed, searchPath, readings, signUps, ownership, planner, world, trusted } = ground;
  const notChecked: NotChecked[] = [];
  const skip = (what: string, why: string, access?: NotChecked['access']) =>
    void notChecked.push({ what, why, file: null, line: null, ...(access && { access }) });

  const probed = probedTables(ground, leaveOut);
  const errors = await findPolicyErrors(
    session,
    probed,
    catalog.privileges,
    searchPath,
    readings,
    options.onObject,
  );
  const why = await layCommon(ground, probed, leaveOut);
  if (why !== null) skip('writes', why);

  const seen = await probeTables(ground, probed, errors, options, contents);
  notChecked.push(...seen.flatMap((table) => table.notChecked));
  const tables = seen.map(({ access }) => access);

  const joins = joinedByThemselves(state, tables, signUps.creates);
  const known = { ...ground, joins };
  const footings = await findFootings(known);
  const objects = await withFootings(
    known,
    footings,
    ofMembersAlone(tables, joins),
    readings,
    ground.identities,
  );
  const found = await findEscalations(
    { ...ground, privileges: catalog.privileges, createdBySignUp: signUps.creates },
    objects,
    readings,
  );
  const escalations = found.map((escalation) => withFooting(escalation, known, tables));
  const around = await probeAround(project, {
    session,
    state,
    world,
    privileges: catalog.privileges,
    searchPath,
    exposed,
    leaveOut: leaveOut ?? new Set(),
    onObject: (object) => options.onObject?.(object),
    tables: new Map(objects.map((table) => [table.object, table])),
    bySignUp: signUps.creates,
    trusted,
    skip,
    probing: {
      session,
      planner,
      ownership,
      values: ground.values,
      privileges: catalog.privileges,
      deferred: catalog.deferred,
      asking: ground.asking,
      bySignUp: false,
    },
  });
  return {
    objects: [...objects, ...around],
    signUps: signUps.runs,
    policyErrors: seen.flatMap((table) => table.errors),
    escalations,
    notChecked,
  };
}

/** Table by table; what was seen of one on another state stands where nothing that it hangs on is another now. */
async function probeTables(
  ground: Ground,
  tables: readonly Table[],
  errors: PolicyErrors,
  { project, leaveOut, memory, onObject }: ProbeOptions,
  contents: ReadonlyMap<string, string> | null,
): Promise<readonly Remembered[]> {
  const { session } = ground;
  const basis =
    memory && contents !== null
      ? basisOf({
          ...ground,
          ...memory,
          contents,
          options: [project, ground.identities, [...(leaveOut ?? [])]],
        })
      : null;
  const all: Remembered[] = [];
  await session.exec('savepoint of_table');
  for (const table of tables) {
    onObject?.(table.key);
    const known = basis?.(table) ?? '';
    const seen = memory?.seen.get(known) ?? (await probeTable(ground, table, errors));
    memory?.seen.set(known, seen);
    all.push(seen);
  }
  await session.exec('release savepoint of_table');
  return all;
}

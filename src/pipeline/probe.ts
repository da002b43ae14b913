/** Probes that outlive a statement without an end: what it stood on is left out, and said. */
import { EngineLost } from '../database/engine.ts';
import type { AccessMatrix } from '../model/access.ts';
import type { NotChecked } from '../model/finding.ts';
import type { Project } from '../model/migration.ts';
import type { SchemaState } from '../model/schema.ts';
import type { Remembering } from '../probes/memory.ts';
import { probe } from '../probes/probe.ts';
import type { Replay } from '../replay/replay.ts';
import type { StageBook } from './stages.ts';

/** Engines that may be lost before the probes give up. */
const attempts = 6;

export interface Probed {
  readonly access: AccessMatrix;
  /** Objects that are not in it: a statement there ended the database. */
  readonly leftOut: ReadonlySet<string>;
}

export async function probeAll(
  replay: Replay,
  project: Project,
  state: SchemaState,
  book: StageBook,
  /** The base, when the head is probed. */
  before: { readonly access: AccessMatrix | null; readonly state: SchemaState | null } | null,
  memory: Remembering | null,
): Promise<Probed | null> {
  const leftOut = new Set<string>();
  const left: NotChecked[] = [];
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    let current: string | null = null;
    const onObject = (object: string | null) => {
      current = object;
    };
    try {
      const matrix = await probe(replay.engine, {
        project,
        state,
        before: before?.access ?? null,
        beforeState: before?.state ?? null,
        leaveOut: leftOut,
        memory,
        onObject,
      });
      return { access: { ...matrix, notChecked: [...left, ...matrix.notChecked] }, leftOut };
    } catch (error) {
      if (!(error instanceof EngineLost)) throw error;
      await replay.recover();
      if (current === null || leftOut.has(current)) break;
      leftOut.add(current);
      left.push({
        what: `access to "${current}"`,
        why: error.message,
        file: null,
        line: null,
        access: { object: current, policy: null },
      });
    }
  }
  book.note(
    'probe',
    'failed',
    `the database was lost again and again while it was probed: ${left[0]?.why ?? 'no reason known'}`,
  );
  return null;
}

/** Keeps the catalog around each migration while a replay runs, for the proof at its end. */
import { snapshot } from '../database/catalog/snapshot.ts';
import type { Engine } from '../database/engine.ts';
import { type RowsSeen, readRows } from '../database/rows/read.ts';
import type { Snapshot } from '../model/catalog.ts';
import type { SourceFile } from '../model/sql.ts';
import type { UndoStep } from './prove.ts';

export class StepRecorder {
  readonly #before = new Map<string, Snapshot>();
  readonly #after = new Map<string, Snapshot>();

  /** To be given to the replay as its `watch`. */
  readonly watch = async (when: 'before' | 'after', path: string, engine: Engine): Promise<void> => {
    (when === 'before' ? this.#before : this.#after).set(path, await snapshot(engine.postgresRole));
  };

  /** Those that applied whole, in the order they ran. */
  steps(sources: ReadonlyMap<string, SourceFile>, applied: (path: string) => boolean): UndoStep[] {
    return [...this.#after].flatMap(([path, after]) => {
      const before = this.#before.get(path);
      const source = sources.get(path);
      return before && source && applied(path) ? [{ path, source, before, after }] : [];
    });
  }
}

/** Keeps what the tables hold around each migration while it runs on rows. */
export class RowsRecorder {
  readonly #before = new Map<string, RowsSeen>();
  readonly rows = new Map<string, { readonly before: RowsSeen; readonly after: RowsSeen }>();

  /** To be given to the pass on rows as its `watch`. */
  readonly watch = async (when: 'before' | 'after', path: string, engine: Engine): Promise<void> => {
    const rows = await engine.act(readRows);
    if (when === 'before') this.#before.set(path, rows);
    else this.rows.set(path, { before: this.#before.get(path)!, after: rows });
  };
}

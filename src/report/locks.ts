/** Locks on what existed before, strong enough that somebody waits. */
import type { ProjectReport } from '../model/report.ts';

export interface LockRow {
  readonly relation: string;
  readonly mode: string;
  readonly blocks: string;
  readonly rewrites: boolean;
  readonly file: string;
  readonly line: number;
}

/** From the manual's table of conflicting lock modes (13.3.1), weakest first. */
const blocks: Readonly<Record<string, string>> = {
  ShareLock: 'writes',
  ShareRowExclusiveLock: 'writes',
  ExclusiveLock: 'writes',
  AccessExclusiveLock: 'reads and writes',
};
const strength = Object.keys(blocks);

/** For each object and file the strongest lock, at the first statement that takes it. */
export function strongLocks(project: ProjectReport): readonly LockRow[] {
  const strongest = new Map<string, LockRow>();
  for (const migration of project.migrations) {
    for (const statement of migration.statements) {
      for (const { relation, mode } of statement.locks) {
        const who = blocks[mode];
        if (who === undefined) continue;
        const key = `${migration.path}\0${relation}`;
        const known = strongest.get(key);
        const rewrites = statement.rewrites.includes(relation);
        if (known === undefined || strength.indexOf(known.mode) < strength.indexOf(mode)) {
          strongest.set(key, {
            relation,
            mode,
            blocks: who,
            rewrites: rewrites || (known?.rewrites ?? false),
            file: migration.path,
            line: statement.line,
          });
        } else if (rewrites && !known.rewrites) strongest.set(key, { ...known, rewrites });
      }
    }
  }
  return [...strongest.values()];
}

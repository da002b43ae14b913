/** SQL that findings offer as their way out, run on the database that was checked. */
import type { SqlError } from './replay.ts';

export interface WayOut {
  /** Fingerprint of the finding. */
  readonly of: string;
  readonly sql: string;
}

export interface TriedWayOut extends WayOut {
  /** What stopped it when it ran by itself; null where all of it ran. */
  readonly error: SqlError | null;
  /** True where it ran together with the others as well, and so is part of what was probed. */
  readonly stands: boolean;
}

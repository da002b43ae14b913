/** What a run of the pipeline is told. Trusted: inputs and flags were read before. */
import type { DiscoverOptions } from '../changes/discover.ts';
import type { Overrides } from '../config/load.ts';

export interface CheckSettings extends DiscoverOptions {
  /** Named by --config; null: `supabase/migration-guard.yml`. */
  readonly configFile: string | null;
  /** Read that file from the base: a pull request can't switch its own gate off. */
  readonly configFromBase: boolean;
  readonly overrides: Overrides;
  /** `static`: read only, no database. `access`: replay and probes. `rollback`: replay and the way back. */
  readonly stages: 'all' | 'static' | 'access' | 'rollback';
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** How a run tells what it is doing. */
export interface CheckIo {
  progress(stage: string): void;
}

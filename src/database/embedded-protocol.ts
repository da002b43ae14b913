/** What the thread with the embedded Postgres and its owner say to each other. */
import type { SqlError } from '../model/replay.ts';
import type { Row } from './engine.ts';

export interface WorkerStart {
  /** Compiled once, used by every worker of the process. */
  readonly wasm: WebAssembly.Module;
  readonly files: string;
  readonly state:
    | { readonly kind: 'brotli'; readonly path: string }
    | { readonly kind: 'tar'; readonly bytes: Uint8Array };
  readonly user: string;
  readonly extensions: readonly { readonly name: string; readonly path: string }[];
  /** Shared memory of two doubles, see `clockSlots`. */
  readonly clock: SharedArrayBuffer;
}

/** The worker writes, the owner looks: which statement of a batch runs, and since when (0: none; ms since 1970). */
export const clockSlots = { startedAt: 0, index: 1, count: 2 } as const;

export type Request =
  | {
      readonly id: number;
      readonly op: 'run';
      readonly statements: readonly string[];
      readonly stopOnError: boolean;
    }
  | {
      readonly id: number;
      readonly op: 'query';
      readonly sql: string;
      readonly parameters: readonly (string | null)[];
    }
  | { readonly id: number; readonly op: 'dump' };

export type WorkerOutcome =
  | { readonly ok: true; readonly rows: readonly Row[]; readonly affected: number; readonly ms: number }
  | { readonly ok: false; readonly error: SqlError; readonly ms: number };

export type RequestResult = readonly WorkerOutcome[] | Uint8Array;

export type Answer =
  | { readonly id: 0; readonly result: { readonly version: string } }
  | { readonly id: number; readonly result: RequestResult }
  | { readonly id: number; readonly crash: string };

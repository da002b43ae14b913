/** How V8 compiles WebAssembly: for runs of seconds, its optimising compiler costs more than it saves. */
import { setFlagsFromString } from 'node:v8';

/**
 * From here on WebAssembly is compiled once, quickly, and not again in the background: a third less processor time for
 * the embedded Postgres on a pull request, and no loss worth measuring on the longest histories.
 */
export function compileQuickly(): void {
  // What the first flag implies does not follow from it once V8 has started: newer ones then go on in the background,
  // and the process waits for it at its end.
  for (const flag of ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'])
    setFlagsFromString(flag);
}

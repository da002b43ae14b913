/** A function's RAISE: does it refuse this caller, or this value? */
import type { SqlError } from '../model/replay.ts';
import type { SchemaState } from '../model/schema.ts';
import type { Attempted } from './acting/attempt.ts';
import { platformSchemas } from './rows/owners.ts';

const ofCaller =
  /\bauth\.|\brequest\.|\b(current_user|session_user|current_role|current_setting|pg_has_role|is_anonymous)\b/i;

/** Names of functions that look at who acts, by themselves or by what they call. */
export function askingRoutines(state: SchemaState): ReadonlySet<string> {
  const asking = new Set<string>();
  const words = new Map<string, ReadonlySet<string>>();
  for (const { schema, name, body } of state.routines.values()) {
    // Those are called by their schema's name: `role` and `email` are columns too.
    if (platformSchemas.has(schema)) continue;
    if (ofCaller.test(body)) asking.add(name);
    else words.set(name, new Set(body.match(/\w+/g)));
  }
  for (let before = -1; before !== asking.size; ) {
    before = asking.size;
    for (const [name, called] of words) if ([...asking].some((each) => called.has(each))) asking.add(name);
  }
  return asking;
}

/** Raised in a function, none of which looks at who acts: it may be the value that is refused. */
export function mayRefuseTheValue(error: SqlError, asking: ReadonlySet<string>): boolean {
  const raised = [...(error.where ?? '').matchAll(/\bfunction (?:"?\w+"?\.)?"?(\w+)"?\(/g)];
  return raised.length > 0 && raised.every(([, name]) => !asking.has(name!));
}

export const sameError = (one: Attempted, other: Attempted): boolean =>
  !one.outcome.ok &&
  !other.outcome.ok &&
  one.outcome.error.sqlstate === other.outcome.error.sqlstate &&
  one.outcome.error.message === other.outcome.error.message;

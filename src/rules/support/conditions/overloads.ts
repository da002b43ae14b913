/** Calls that Postgres takes for several functions at once (42725), as a default argument brings it about. */

import type { Routine, SchemaState } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { routinesNamed } from '../callers/caller.ts';

/**
 * The condition with each call without arguments told from the others: the caller's id is given where an overload takes it
 * and leaves it to a default. Null where a call stays in doubt.
 */
export function withoutDoubt(condition: string, state: SchemaState): string | null {
  let text = condition;
  for (const [whole, schema, name] of condition.matchAll(emptyCall)) {
    if (schema !== undefined && /^auth$/i.test(schema)) continue;
    const all = routinesNamed(state, schema?.toLowerCase() ?? null, name!.toLowerCase());
    const called = all.filter(({ arguments: each }) => inputs(each).every(({ hasDefault }) => hasDefault));
    if (called.length < 2) continue;
    const takesCaller = called.filter(({ arguments: each }) => {
      const [first, ...more] = inputs(each);
      return (
        first?.type === 'uuid' &&
        more.length === 0 &&
        /(^|_)(uid|user|user_?(uu)?id)$/i.test(first.name ?? '')
      );
    });
    const withOne = all.filter(({ arguments: each }) => {
      const given = inputs(each);
      return given.length > 0 && given.slice(1).every(({ hasDefault }) => hasDefault);
    });
    if (takesCaller.length !== 1 || withOne.length !== 1) return null;
    const call = new RegExp(`(?<![\\w$."])${escapeRegExp(whole)}`, 'g');
    text = text.replace(call, () => whole.replace(/\(\s*\)$/, '((select auth.uid()))'));
  }
  return text;
}

const emptyCall = /(?<![\w$."])(?:"?([a-z_][\w$]*)"?\s*\.\s*)?"?([a-z_][\w$]*)"?\s*\(\s*\)/gi;

const inputs = (all: Routine['arguments']) =>
  all.filter(({ mode }) => mode === 'in' || mode === 'inout' || mode === 'variadic');

/** Whether a call with arguments of these types (null where that is not known) fits more than one of that name. */
export function isInDoubt(key: string, types: readonly (string | null)[], state: SchemaState): boolean {
  const path = key.replace(/\(.*$/, '');
  const dot = path.lastIndexOf('.');
  const fitting = routinesNamed(state, dot === -1 ? null : path.slice(0, dot), path.slice(dot + 1)).filter(
    ({ arguments: all }) => {
      const given = inputs(all);
      return (
        given.length >= types.length &&
        given.slice(types.length).every(({ hasDefault }) => hasDefault) &&
        types.every((type, at) => type === null || type === given[at]!.type)
      );
    },
  );
  return fitting.length > 1;
}

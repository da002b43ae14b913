/** Functions that are offered to policies: their names, and in which order they are made. */
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { normalBody } from '../syntax/bodies.ts';

/** What makes the functions that a policy is to ask, statement by statement, and what makes it ask them. */
export interface Asking {
  readonly functions: readonly string[];
  readonly policy: string;
}

/** One offer for several policies: what two of them ask alike is made once. */
export const inTurn = (askings: readonly Asking[]): string =>
  [...new Set(askings.flatMap(({ functions, policy }) => [...functions, policy]))].join('\n');

/** What such functions stand in. */
export const privateSchema = (roles: readonly string[]) =>
  `create schema if not exists private;\ngrant usage on schema private to ${roles.join(', ')};`;

/** By report, whose migrations are judged on one state each with `--all`: what each name was given to. */
const given = new WeakMap<Facts, Map<string, string>>();

/**
 * `private.my_club_ids`, or that name with a number where it stands for something else: in the schema, or in another offer
 * of the report. Functions that do the same share it.
 */
export function nameOffered(wanted: string, does: string, state: SchemaState, facts: Facts): string {
  const names = given.get(facts) ?? new Map<string, string>();
  given.set(facts, names);
  for (let turn = 1; ; turn += 1) {
    const suffix = turn === 1 ? '' : `_${turn}`;
    const name = quoteIdent(wanted.slice(0, 63 - suffix.length) + suffix);
    // What is offered runs behind the last migration.
    if ((names.get(name) ?? does) !== does || [state, facts.head].some((each) => isThere(name, does, each)))
      continue;
    names.set(name, does);
    return name;
  }
}

/** A function of that name that does something else, or takes something else. */
const isThere = (name: string, does: string, { routines }: SchemaState) =>
  [...routines].some(
    ([key, { body, securityDefiner }]) =>
      key.startsWith(`private.${name}(`) &&
      !(key === `private.${name}()` && securityDefiner && normalBody(body) === normalBody(does)),
  );

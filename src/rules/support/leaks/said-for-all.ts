/** Policies whose author wrote down that they are for all who have signed in: right above them, or above their block. */
import type { Facts } from '../../../model/facts.ts';
import type { Policy } from '../../../model/schema.ts';
import { appliesTo, covers } from '../callers/roles.ts';
import { commentAbove, headingAbove } from '../words/comment-above.ts';
import type { LeakGroup } from './leak.ts';

/** "all authenticated can CRUD", "any signed-in user may update", "(or all images for simplicity)". */
const forAll =
  /\b(all|any|every)\s+(of\s+the\s+)?(\w+\s+)?(authenticated|signed[- ]in|logged[- ]in|staff|employees?|coworkers?|team\s*(mates?|members?))\b|\bor all \w+ for simplicity\b|\bpermissive (rls )?polic(y|ies) for (authenticated|signed[- ]in|logged[- ]in|staff)\b/i;

/** Every policy that may have let it through says so; without signing in nothing is meant by that. */
export function isSaidForAll({ object, leaks, opener }: LeakGroup, facts: Facts): boolean {
  if (opener === 'off' || leaks.some(({ principal }) => principal === 'anon')) return false;
  const policies = opener === null ? policiesFor(object, leaks, facts) : [opener];
  return (
    areSaid(policies, facts) ||
    // The files of a table's rows, `check-photos` of check_photos, are for whom the rows are.
    (object.kind === 'bucket' &&
      areSaid(
        policiesFor({ object: `public.${object.object.replaceAll('-', '_')}`, kind: 'table' }, leaks, facts),
        facts,
      ))
  );
}

const areSaid = (policies: readonly Policy[], facts: Facts) =>
  policies.length > 0 &&
  policies.every(
    (policy) =>
      namesAll.test(policy.name) ||
      [commentAbove, headingAbove].some((said) => forAll.test(said(policy.origin, facts))),
  );

/** "Admins, leaders, and members can manage notes": each kind of user by its name, down to the plain ones. */
const namesAll = /^\w[\w -]*(,[\w -]+)+,? (and|or) (all )?(members|users|workers|volunteers|everyone)\b/i;

function policiesFor(
  { object, kind }: Pick<LeakGroup['object'], 'object' | 'kind'>,
  leaks: LeakGroup['leaks'],
  { head }: Facts,
): Policy[] {
  const isBucket = kind === 'bucket';
  return (head.tables.get(isBucket ? 'storage.objects' : object)?.policies ?? []).filter(
    (policy) =>
      policy.permissive &&
      appliesTo(policy, 'authenticated') &&
      leaks.some(({ command }) => command !== 'execute' && covers(policy, command)) &&
      (!isBucket || [policy.using, policy.check].some((one) => one?.text.includes(`'${object}'`))),
  );
}

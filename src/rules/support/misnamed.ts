/** Policies whose name promises a role that nothing in them asks for. */
import type { Policy, SchemaState } from '../../model/schema.ts';
import { looksAtCaller, testsRole } from './caller.ts';
import { apiRolesOf } from './roles.ts';

/** A word that all that follows asks for: most names have none. */
const promising = /service|server|system|backend|admin|staff|authenticated|signed|logged/i;

/** What the name promises ("the service role"), where neither TO nor the predicate keeps it; else null. */
export function nameSaysRole(policy: Policy, state: SchemaState): string | null {
  if (!policy.permissive || apiRolesOf(policy).length === 0 || policy.roles.includes('service_role'))
    return null;
  if (!promising.test(spaced(policy.name))) return null;
  const predicates = [policy.using, policy.check].filter((expression) => expression !== null);
  if (predicates.some(({ node }) => node === null)) return null;
  const looks = predicates.some(({ node }) => looksAtCaller(node, state));
  const staff = /\badmin(s|istrators?)?\b|\bstaff\b/i.test(spaced(policy.name));
  const outright = /\bservice[\s_-]?(role|key|account)\b|\b(only|by) (the )?(server|backend)\b/i;
  // "System admins …" are people, and a condition on the caller is for people too.
  const loosely = !looks && !staff && /^(service|system|server|backend)\b/i.test(spaced(policy.name));
  if (outright.test(spaced(policy.name)) || loosely) {
    // "Service and authenticated users" is for both.
    if (/\b(auth|authenticated|users?|anon|public)\b/i.test(spaced(policy.name))) return null;
    return looks && predicates.some(({ node }) => testsRole(node, state)) ? null : 'the service role';
  }
  if (looks) return null;
  // `using (false)` keeps any promise.
  if (predicates.every(({ node }) => node?.A_Const?.boolval !== undefined && !node.A_Const.boolval.boolval))
    return null;
  if (staff && !/\bnon admin/i.test(policy.name)) {
    return 'administrators';
  }
  // "Anon and authenticated can read" is for both.
  const signedIn =
    /\b(authenticated|signed in|logged in)\b/i.test(spaced(policy.name)) &&
    !/\b(anon|anonymous|public|guests?|everyone|anyone|unauthenticated)\b/i.test(spaced(policy.name));
  return signedIn && apiRolesOf(policy).includes('anon') ? 'signed-in users' : null;
}

const spaced = (name: string) => name.replace(/[_-]+/g, ' ').trim();

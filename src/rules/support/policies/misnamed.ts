/** Policies whose name promises a role that nothing in them asks for. */
import type { Facts } from '../../../model/facts.ts';
import type { Expression, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { asksForCaller, testsRole } from '../callers/caller.ts';
import { apiRolesOf } from '../callers/roles.ts';
import { isPlainTrue, opensTo } from '../conditions/truth.ts';
import { isSaidForServer, isSaidForStrangers } from '../words/comment-above.ts';

/** A word that all that follows asks for: most names have none. */
const promising = /service|server|system|backend|admin|staff|authenticated|signed|logged/i;

/** It says itself that it is for strangers. */
const openly = /\b(anon|anonymous|public|everyone|everybody|anyone|anybody|unauthenticated)\b/i;

// "Service can insert", "system inserts": the server does something. "Service orders" are a thing.
const serverActs =
  /^(the )?(service|system|server|backend)( (and|or) \w+)? (can|may|must|will|has|have|full|only|access|all|any|manages?|inserts?|creates?|adds?|writes?|updates?|deletes?|reads?|selects?|views?|logs?|sends?|handles?)\b/i;

/** What the name promises ("the service role"), where neither TO nor the predicate keeps it; else null. */
export function nameSaysRole(policy: Policy, table: Table, state: SchemaState): string | null {
  if (!policy.permissive || apiRolesOf(policy).length === 0 || policy.roles.includes('service_role'))
    return null;
  const name = withoutTable(policy.name, table);
  if (!promising.test(name) || openly.test(name)) return null;
  const predicates = [policy.using, policy.check].filter((expression) => expression !== null);
  if (predicates.some(({ node }) => node === null)) return null;
  // `using (false)` keeps any promise.
  if (predicates.every(({ node }) => node?.A_Const?.boolval !== undefined && !node.A_Const.boolval.boolval))
    return null;
  const looks = predicates.some(({ node }) => asksForCaller(node, state));
  const admins = /\badmin(s|istrators?)?\b/i.test(name);
  const staff = /\bstaff\b/i.test(name);
  const outright = /\bservice[\s_-]?(role|key|account)\b|\b(only|by) (the )?(server|backend)\b/i;
  // "System admins …" are people, and a condition on the caller is for people too.
  const loosely = !looks && !admins && !staff && serverActs.test(name);
  if (outright.test(name) || loosely) {
    // "Service and authenticated users" is for both.
    if (/\b(auth|authenticated|users?|anon|public)\b/i.test(name)) return null;
    if (looks && predicates.some(({ node }) => testsRole(node, state))) return null;
    // "Admins or service_role": the server needs no policy, so it is about the others.
    if (admins && !looks && /\badmin\w*\b.*\b(and|or|y|o|e|ou|et|und|oder)\b/i.test(name))
      return 'administrators';
    return outright.test(name) ? 'the service role' : 'the server';
  }
  if (looks) return null;
  if (admins && !/\bnon admin/i.test(name)) return 'administrators';
  const strangers = apiRolesOf(policy).includes('anon');
  // Where visitors have no account, whoever signed in may be staff.
  if (staff && strangers) return 'staff';
  // "Anon and authenticated can read" is for both.
  const signedIn =
    /\b(authenticated|signed in|logged in)\b/i.test(name) &&
    !/\b(anon|anonymous|public|guests?|everyone|anyone|unauthenticated)\b/i.test(name);
  return signedIn && strangers ? 'signed-in users' : null;
}

/**
 * The same, where no comment above the policy says that strangers are meant after all; and the server where the comment says
 * so of what the name calls the system.
 */
export function promiseOf(policy: Policy, table: Table, state: SchemaState, facts: Facts): string | null {
  const promised = nameSaysRole(policy, table, state);
  if (promised === null)
    return isOfSystem(policy, table) && isSaidForServer(policy.origin, facts) ? 'the server' : null;
  return meansServer(promised) && isSaidForStrangers(policy.origin, facts) ? null : promised;
}

/** Called after the system, and open to whoever may sign in. */
const isOfSystem = (policy: Policy, table: Table) =>
  policy.permissive &&
  apiRolesOf(policy).length > 0 &&
  !policy.roles.includes('service_role') &&
  policy.command !== 'select' &&
  systemByName.test(withoutTable(policy.name, table)) &&
  !/\busers?\b/i.test(policy.name) &&
  !openly.test(policy.name) &&
  [policy.using, policy.check].every(
    (expression) => expression === null || opensTo(expression.node) !== null,
  );

const systemByName = /\b(system|server|backend)\b/i;

const spaced = (name: string) => name.replace(/[_-]+/g, ' ').trim();

/**
 * "service_orders_read" on "service_orders" names its table, and nobody's role. So does "staff_read" on "staff_members",
 * and "club staff read" on "club_staff_members": two words of it, or one where the name is spelt like a table's.
 */
function withoutTable(policyName: string, table: Table): string {
  const name = spaced(policyName);
  const words = spaced(table.name).toLowerCase();
  const at = name.toLowerCase().indexOf(words);
  if (at !== -1) return `${name.slice(0, at)}${name.slice(at + words.length)}`.trim();
  const [own, said] = [words.split(' '), name.split(' ')];
  const shared = own.findIndex((word, index) => word !== said[index]?.toLowerCase());
  const isSpeltAlike = !/\s/.test(policyName);
  return shared > (isSpeltAlike ? 0 : 1) ? said.slice(shared).join(' ') : name;
}

/** True where the name means the server's own requests: `service_role` needs no policy. */
export const meansServer = (promised: string | null) => promised !== null && /^the serv/.test(promised);

/** Of a role that nothing in the project asks for: the server writes app_metadata, and no user does. */
export const claimFor = (role: string) => `(select auth.jwt()) -> 'app_metadata' ->> 'role' = '${role}'`;

/** The policy's own conditions, and that question with them. */
export function alsoAsking(policy: Policy, table: Table, question: string): string {
  const both = ({ text, node }: Expression) => (isPlainTrue(node) ? question : `${question} and (${text})`);
  const clauses = [
    ...(policy.using === null ? [] : [`using (${both(policy.using)})`]),
    ...(policy.check === null ? [] : [`with check (${both(policy.check)})`]),
  ];
  // Visitors are never asked anything that is true of them.
  const users = policy.roles.length === 1 && policy.roles[0] === 'anon' ? ' to authenticated' : '';
  return `alter policy ${quoteIdent(policy.name)} on ${table.key}${users}\n  ${clauses.join('\n  ')};`;
}

/** Rows of nobody that visitors are to change: by pages that know no accounts, or as the author wrote down above the policies. */
import type { ClientCall } from '../../../model/client.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { allCallsOn, callsOn, placesNamed } from '../application/client-calls.ts';
import { appliesTo, commands } from '../callers/roles.ts';
import { secretColumns, sensitiveColumns } from '../owners/owners.ts';
import { rightsIn } from '../owners/rights.ts';
import { ownerByName } from '../owners/whose.ts';
import { commentAbove, isSaidForAnonymousUse, namesAnonRole } from '../words/comment-above.ts';
import { isPrivateByName } from '../words/person-names.ts';
import { named } from '../words/words.ts';
import type { LeakGroup } from './leak.ts';
import { commandsOfLeaks, isNobodys } from './mend-opened.ts';

/** What is said instead of a way out, which would stop those pages. */
export const beforeAccounts =
  'Whoever takes the key from the pages can change all rows at once. Before people keep rows of their own in it, let them sign in, and name the owner in the policy.';

/** Why it is open, as sentences; null where nothing says that it is to be. */
export function openOnPurpose(group: LeakGroup, facts: Facts): string | null {
  const { object, opener, leaks } = group;
  const table = facts.head.tables.get(object.object);
  if (
    table === undefined ||
    opener === null ||
    opener === 'off' ||
    !isNobodys(group) ||
    ownerByName(table, facts.head) !== undefined ||
    leaks.some(({ principal }) => principal !== 'anon') ||
    holdsMore(table, commandsOfLeaks(group), facts.head)
  )
    return null;
  const why = byPages(group, opener, table, facts) ?? byItsComment(group, opener, table, facts);
  return why === null ? null : `${why}${goesWithIt(group, table, facts.head)}`;
}

/** Secrets, and, where rows are written, columns that give rights. */
const holdsMore = (table: Table, written: readonly Command[], state: SchemaState) =>
  secretColumns(table).length > 0 ||
  (written.some((command) => command !== 'delete') && rightsIn(table, state).length > 0);

/** No code signs anybody in or asks for a password, and it does the same with the anon key. */
function byPages(group: LeakGroup, opener: Policy, table: Table, facts: Facts): string | null {
  const calls = callsOn(table.key, commands, facts);
  if (
    !calls.every(({ withoutAccounts }) => withoutAccounts) ||
    isPersonal(table) ||
    keepsPasswords(facts.head)
  )
    return null;
  const writes = calls.filter(({ command }) => command !== 'select');
  const asked = commandsOfLeaks(group).map((command) => writes.filter((call) => call.command === command));
  // Where the pages write the table otherwise, its author's word for the role is enough.
  const said = writes.length > 0 && namesAnonRole(opener.origin, facts);
  const isOurs = (command: Command) =>
    said && !allCallsOn(table.key, [command], facts).some(({ by }) => by === 'server');
  if (!commandsOfLeaks(group).every((command, at) => asked[at]!.length > 0 || isOurs(command))) return null;
  const places: readonly ClientCall[] = asked.flat().length > 0 ? asked.flat() : writes;
  return `No code here signs anybody in, and its own pages write there with the anon key (${placesNamed(places)}). That is right for pages without accounts alone.`;
}

/** Whose address or order it is, is somebody's matter, account or not. */
const isPersonal = (table: Table) =>
  isPrivateByName(table) ||
  sensitiveColumns(
    table.columns.map(({ name }) => name),
    table,
  ).length > 0;

/** Accounts of the application's own: their passwords are compared in the browser or by a function. */
const keepsPasswords = ({ tables, routines }: SchemaState) =>
  [...tables.values()].some(
    ({ schema, columns, policies, rls }) =>
      schema === 'public' &&
      columns.some(({ name }) => password.test(name)) &&
      (!rls || policies.some((policy) => policy.permissive && appliesTo(policy, 'anon'))),
  ) || [...routines.values()].some(({ schema, body }) => schema === 'public' && /\bcrypt\s*\(/i.test(body));

const password = /(^|_)(password|passwd|pass|pwd|senha|contrasena|mot_de_passe|passwort)(_?(hash|digest))?$/i;

/** Its author wrote above the policies of the table that anonymous use is meant. */
function byItsComment(group: LeakGroup, opener: Policy, table: Table, facts: Facts): string | null {
  const calls = commandsOfLeaks(group).map((command) => callsOn(table.key, [command], facts));
  // One that was added later and without a word is for the same users, where the code asks for it.
  const isSaid =
    isSaidForAnonymousUse(opener.origin, facts) ||
    (commentAbove(opener.origin, facts) === '' &&
      calls.every(({ length }) => length > 0) &&
      table.policies.some(
        (policy) =>
          policy !== opener &&
          policy.permissive &&
          appliesTo(policy, 'anon') &&
          policy.command !== 'select' &&
          isSaidForAnonymousUse(policy.origin, facts),
      ));
  return isSaid
    ? `The comment above the policies of the table says that it is meant for anonymous use. That is right as long as nobody keeps rows of their own in it.`
    : null;
}

/** Rows of other tables that a DELETE takes along. */
function goesWithIt(group: LeakGroup, { key }: Table, { tables }: SchemaState): string {
  if (!commandsOfLeaks(group).includes('delete')) return '';
  const along = [...tables.values()].filter(({ foreignKeys }) =>
    foreignKeys.some(({ references, onDelete }) => references === key && onDelete === 'cascade'),
  );
  return along.length === 0
    ? ''
    : ` A DELETE takes along what ${named(along.map((table) => table.key))} ${along.length === 1 ? 'keeps' : 'keep'} of the row.`;
}

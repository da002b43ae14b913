import type { ClientCall } from '../../model/client.ts';
import type { ChangeSet } from '../../model/facts.ts';
import type { SchemaState, Table, View } from '../../model/schema.ts';
import { rule, type StateContext, type Told } from '../rule.ts';
import { callsOn, placesOf } from '../support/application/client-calls.ts';
import { type ApiRole, apiRoles, holders, reachers, writes } from '../support/callers/roles.ts';
import { appendFix, evidenceOf } from '../support/statements/sites.ts';
import { opening } from '../support/tables/era.ts';
import { hazardNote, hazardTold, invokerHazard } from '../support/views/invoker-hazard.ts';
import {
  isNamedPublic,
  isPublishedWhole,
  isReadBy,
  isSaidForVisitors,
} from '../support/views/published-views.ts';
import { isLeftToAnon, isMeantSo, othersGranted } from '../support/views/stated-definer.ts';
import { asksWho, type GuardedWrite, guardedTables, guardedWrites, masks } from '../support/views/views.ts';
import { listed, named, people, sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'views/definer',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a view that reads or writes past the policies of the tables behind it',
  why: 'A view reads as its owner. Migrations run as postgres, who bypasses row level security: every row of the tables behind shows in the view, to whoever may SELECT it. A view of one table is written through as well, with its owner’s rights, by whoever holds INSERT, UPDATE or DELETE on it, as the default privileges give. Since Postgres 15 security_invoker makes it read as the caller. A view dropped and made again loses the setting. A note where it says security_invoker = off itself, or, granted by name, in the comment above it that it passes the policies by, and where its own file grants the view by name, with rows and columns chosen, on tables that no policy lets those roles read, or that visitors, granted by name, read in part anyway, and where its name says that it is public or safe and it shows nothing personal: it is there to show just that.',
  remedy:
    'Let the view read as the caller.\n\n```sql\nalter view public.note_list set (security_invoker = true);\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createview.html',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0010_security_definer_view',
  ],
  fixable: true,
  view(view, { facts, state, set, exposed, home, report }) {
    if (view.kind !== 'view' || view.securityInvoker || !exposed(view.schema)) return;
    const roles = reachers(view, 'select', state);
    // Owned by a role that policies bind, it reads under them.
    if (roles.length === 0 || apiRoles.some((role) => role === view.owner)) return;
    // A view on another one that is told itself changes nothing: mending the inner one mends both.
    const isTold = (inner: View) =>
      inner.kind === 'view' && exposed(inner.schema) && holders(inner.grants, 'select').length > 0;
    const tables = guardedTables(view, state, isTold);
    const written = guardedWrites(view, roles, state, isTold);
    // views/auth-users tells that one.
    if (tables.some(({ key }) => key === 'auth.users')) return;
    if (tables.length === 0 && written.length === 0) return;
    const seen = { view, roles, tables, written, filters: asksWho(view, state), state, set, facts };
    report({
      ...(shownOnPurpose(seen) ??
        leftToAnon(seen) ??
        (tables.length > 0 ? readPast(seen) : writtenPast(seen))),
      at: home(view.origin),
      object: view.key,
      evidence: evidenceOf(state),
    });
  },
});

interface Seen extends Pick<StateContext, 'state' | 'set' | 'facts'> {
  readonly view: View;
  /** API roles that may read it. */
  readonly roles: readonly ApiRole[];
  /** Tables whose policies it reads past, and those that are written past theirs. */
  readonly tables: readonly Table[];
  readonly written: readonly GuardedWrite[];
  /** It asks itself who is calling. */
  readonly filters: boolean;
}

/** Its grants, its name or a comment say that it is there to be read: what it shows is meant, what it lets write is not. */
function shownOnPurpose(seen: Seen): Told | null {
  const { view, roles, tables, written } = seen;
  const isMeant =
    isPublishedWhole(view, roles, tables) ||
    isNamedPublic(view, tables) ||
    isSaidForVisitors(view, view.comment ?? '', tables);
  if (!isMeant) return null;
  return written.length > 0 ? publishedAndWritten(seen) : published(seen);
}

function publishedAndWritten({ view, tables, written, facts }: Seen): Told {
  const { commands, writers } = writesIn(written);
  const used = callsOn(view.key, commands, facts);
  const unused = commands.filter((each) => used.every(({ command }) => command !== each));
  const asked =
    used.length === 0
      ? ''
      : ` The code writes through it (${placesOf(used)}): let it call a function that asks who is calling.`;
  return {
    message: `View "${view.key}" ${writesOf(written, opening(view, writes, facts))}. Its ${isNamedPublic(view, tables) ? 'name' : 'GRANT of SELECT'} says that it is there to be read.${asked}${unused.length === 0 ? '' : ` Revoke ${upper(unused)}.`}`,
    key: 'written',
    help:
      unused.length === 0
        ? 'A function can look at the caller before it writes, and the view needs no such privilege then.'
        : sqlFence(`revoke ${unused.join(', ')} on ${view.key} from ${writers.join(', ')};`),
  };
}

function published({ view, roles, tables }: Seen): Told {
  const readAnyway = tables.some((table) => isReadBy(roles, table));
  return {
    message: `View "${view.key}" is ${isNamedPublic(view, tables) ? 'public by its name' : 'granted by name'} and reads ${namesOf(tables)} as its owner, ${readAnyway ? 'past their policies' : 'where no policy lets that role read'}. Its own WHERE and its list of columns are all that limits what it shows. Keep both as narrow as they are meant.`,
    severity: 'info',
    help: readAnyway
      ? 'With `security_invoker` it would show only what a policy lets the caller read: to visitors nothing, once their policy on the table is dropped.'
      : 'With `security_invoker` it would show nothing until a policy lets the caller read those rows.',
  };
}

/** Granted to signed-in users by name: what strangers hold beside is left over. */
function leftToAnon({ view, roles, tables, state }: Seen): Told | null {
  if (!isLeftToAnon(view, roles, tables, state)) return null;
  return {
    message: `View "${view.key}" is granted to "authenticated" by name, and "anon" may SELECT it too. It reads ${namesOf(tables)} as its owner, past their policies. Revoke it from "anon".`,
    key: 'anon',
    help: sqlFence(`revoke all on ${view.key} from anon;`),
  };
}

/** What it shows may be seen by all: who else may see it than by the table's policies, nobody knows here. */
function writtenPast({ view, written, filters, state, set, facts }: Seen): Told {
  const { commands, writers } = writesIn(written);
  const used = callsOn(view.key, commands, facts);
  const message = `View "${view.key}" ${writesOf(written, opening(view, writes, facts))}.`;
  const severity = filters ? 'info' : undefined;
  if (used.length > 0) {
    const { told, help, fix } = asInvoker(view, state, set);
    return {
      message: `${message} The code writes through it (${placesOf(used)}): set "security_invoker".${told}`,
      severity,
      help,
      fix,
    };
  }
  const revoke = `revoke ${commands.join(', ')} on ${view.key} from ${writers.join(', ')};`;
  return {
    message: `${message} Revoke ${upper(commands)}, or set "security_invoker".`,
    severity,
    help: sqlFence(revoke),
    fix: appendFix(set, view.origin, 'Take the writes through the view away', revoke),
  };
}

function readPast(seen: Seen): Told {
  const { view, roles, tables, filters, state, set, facts } = seen;
  const limits = limitsOf(seen);
  const severity = filters ? 'info' : undefined;
  if (isMeantSo(view, roles, set, facts))
    return {
      message: `${limits}. It says so itself: keep its columns and rows as narrow as they are meant.`,
      severity: 'info',
      help: onlyWhatPoliciesLet,
    };
  // What the code reads is neither taken away nor left empty.
  const reads = callsOn(view.key, ['select'], facts);
  const told = filters
    ? null
    : ((reads.length === 0 ? madeForOthers(seen) : null) ?? shownInPart(seen, reads));
  if (told !== null) return told;
  const emptied = reads.length > 0 ? tables.filter((table) => !isReadBy(roles, table)) : [];
  if (emptied.length > 0)
    return {
      message: `${limits}. ${readAt(reads)}, and no policy lets them read ${namesOf(emptied)}: with "security_invoker" those rows would be missing. ${filters ? 'Keep that condition' : 'Ask in its WHERE who is calling'}.`,
      severity,
      help: filters ? onlyWhatPoliciesLet : sqlFence(askingWho),
    };
  const invoker = asInvoker(view, state, set);
  const way =
    reads.length === 0
      ? 'Set "security_invoker"'
      : `${readAt(reads)}: set "security_invoker"${filters ? '' : ', or ask in its WHERE who is calling'}`;
  return {
    message: `${limits}. ${way}.${invoker.told}`,
    severity,
    help: invoker.help,
    fix: invoker.fix,
  };
}

/** Its own file grants it to roles outside the API alone. */
function madeForOthers(seen: Seen): Told | null {
  const { view, roles, set } = seen;
  const others = othersGranted(view);
  if (others.length === 0) return null;
  const revoke = `revoke all on ${view.key} from ${roles.join(', ')};`;
  return {
    message: `${limitsOf(seen)}. Its GRANT is for ${named(others)}: revoke it from ${named(roles)}.`,
    help: sqlFence(revoke),
    fix: appendFix(set, view.origin, `Take it from ${listed(roles)}`, revoke),
  };
}

/** It leaves columns out that only some may read: as the caller it would show nothing to those it is for. */
function shownInPart(seen: Seen, reads: readonly ClientCall[]): Told | null {
  const { view, roles, tables } = seen;
  if (!masks(view)) return null;
  const way =
    reads.length === 0
      ? 'Ask in its WHERE who is calling, and revoke it from those it is not for'
      : `${readAt(reads)}. Ask in its WHERE who is calling`;
  return {
    message: `View "${view.key}" shows ${namesOf(tables)} in part, to those who may not read all of it: as its owner, past their policies. ${mayRead(seen)} nothing limits the rows. ${way}.`,
    help: sqlFence(
      reads.length === 0 && roles.includes('anon')
        ? `revoke all on ${view.key} from anon;\n-- and in the view: where (select auth.uid()) is …`
        : askingWho,
    ),
  };
}

/** The view as one that reads as the caller, and what stands in the way of that. */
function asInvoker(view: View, state: SchemaState, set: ChangeSet) {
  const sql = `alter view ${view.key} set (security_invoker = true);`;
  const hazard = invokerHazard(view, state);
  return hazard === null
    ? {
        told: '',
        help: sqlFence(sql),
        fix: appendFix(set, view.origin, 'Let the view read as the caller', sql),
      }
    : { told: ` ${hazardTold(hazard)}.`, help: sqlFence(`${hazardNote(hazard)}\n${sql}`) };
}

const onlyWhatPoliciesLet = 'With `security_invoker` it would show only what a policy lets the caller read.';
const askingWho = '-- in the view: where (select auth.uid()) is …';

function limitsOf(seen: Seen): string {
  const limits = seen.filters
    ? 'It asks itself who is calling, and nothing else limits what it shows'
    : `${mayRead(seen)} no policy limits what it shows`;
  return `View "${seen.view.key}" reads ${namesOf(seen.tables)} as its owner, past their policies. ${limits}`;
}

const mayRead = ({ view, roles, facts }: Seen) =>
  `${opened(opening(view, ['select'], facts), people(roles))} may SELECT it, and`;

const readAt = (calls: readonly ClientCall[]) => `The code reads it as its users (${placesOf(calls)})`;

function writesOf(written: readonly GuardedWrite[], where: string): string {
  const { commands, writers } = writesIn(written);
  const table = written[0]!.table.key;
  return `writes to "${table}" as its owner, past its policies. ${opened(where, people(writers))} may ${upper(commands)} through the view, and no policy limits which rows`;
}

const writesIn = (written: readonly GuardedWrite[]) => ({
  commands: [...new Set(written.map(({ command }) => command))],
  writers: [...new Set(written.map(({ role }) => role))],
});

/** Who may, at the beginning of a sentence: behind where it depends on the project, or with a capital. */
const opened = (where: string, who: string) =>
  where === '' ? `${who.charAt(0).toUpperCase()}${who.slice(1)}` : `${where}${who}`;

const namesOf = (tables: readonly Table[]) => named(tables.map(({ key }) => key));

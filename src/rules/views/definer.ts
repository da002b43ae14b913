import type { ClientCall } from '../../model/client.ts';
import type { ChangeSet, Facts } from '../../model/facts.ts';
import type { SchemaState, Table, View } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { rule } from '../rule.ts';
import { callsOn, placesOf } from '../support/application/client-calls.ts';
import { type ApiRole, apiRoles, holders, reachers, writes } from '../support/callers/roles.ts';
import { appendFix, evidenceOf, type Found, statementAt } from '../support/statements/sites.ts';
import { commandsOf } from '../support/statements/statements.ts';
import { keyOfRangeVar } from '../support/syntax/names.ts';
import { opening } from '../support/tables/era.ts';
import { hazardNote, hazardTold, invokerHazard } from '../support/views/invoker-hazard.ts';
import {
  grantedBy,
  isNamedPublic,
  isPublishedWhole,
  isReadBy,
  isSaidForVisitors,
} from '../support/views/published-views.ts';
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
    const filters = asksWho(view, state);
    if (
      isPublishedWhole(view, roles, tables) ||
      isNamedPublic(view, tables) ||
      isSaidForVisitors(view, view.comment ?? '', tables)
    ) {
      report({
        ...published(view, roles, tables, written, facts),
        at: home(view.origin),
        object: view.key,
        evidence: evidenceOf(state),
      });
      return;
    }
    const leftOver = leftToAnon(view, roles, tables, state);
    if (leftOver) {
      report({
        message: `View "${view.key}" is granted to "authenticated" by name, and "anon" may SELECT it too. It reads ${named(tables.map(({ key }) => key))} as its owner, past their policies. Revoke it from "anon".`,
        at: home(view.origin),
        object: view.key,
        key: 'anon',
        evidence: evidenceOf(state),
        help: sqlFence(`revoke all on ${view.key} from anon;`),
      });
      return;
    }
    const who = people(roles);
    const where = opening(view, ['select'], facts);
    const may = `${where === '' ? upperFirst(who) : `${where}${who}`} may SELECT it, and`;
    const commands = [...new Set(written.map(({ command }) => command))];
    const writers = [...new Set(written.map(({ role }) => role))];
    // What it shows may be seen by all; who else may see it than by the table's policies, nobody knows here.
    const used = tables.length === 0 ? callsOn(view.key, commands, facts) : [];
    const sql =
      tables.length === 0 && used.length === 0
        ? `revoke ${commands.join(', ')} on ${view.key} from ${writers.join(', ')};`
        : `alter view ${view.key} set (security_invoker = true);`;
    const hazard = sql.startsWith('alter view') ? invokerHazard(view, state) : null;
    const meant = statesDefiner(view, set) || (isGrantedByName(view, roles) && commentsDefiner(view, set));
    // What the code reads is neither taken away nor left empty.
    const reads = tables.length > 0 && !meant ? callsOn(view.key, ['select'], facts) : [];
    const madeFor = tables.length > 0 && !meant && !filters && reads.length === 0 ? othersGranted(view) : [];
    if (madeFor.length > 0) {
      const revoke = `revoke all on ${view.key} from ${roles.join(', ')};`;
      report({
        message: `View "${view.key}" reads ${named(tables.map(({ key }) => key))} as its owner, past their policies. ${may} no policy limits what it shows. Its GRANT is for ${named(madeFor)}: revoke it from ${named(roles)}.`,
        at: home(view.origin),
        object: view.key,
        evidence: evidenceOf(state),
        help: sqlFence(revoke),
        fix: appendFix(set, view.origin, `Take it from ${listed(roles)}`, revoke),
      });
      return;
    }
    if (tables.length > 0 && !meant && !filters && masks(view)) {
      report({
        message: `View "${view.key}" shows ${named(tables.map(({ key }) => key))} in part, to those who may not read all of it: as its owner, past their policies. ${may} nothing limits the rows. ${reads.length === 0 ? '' : `${readAt(reads)}. `}Ask in its WHERE who is calling${reads.length === 0 ? ', and revoke it from those it is not for' : ''}.`,
        at: home(view.origin),
        object: view.key,
        evidence: evidenceOf(state),
        help: sqlFence(
          reads.length === 0 && roles.includes('anon')
            ? `revoke all on ${view.key} from anon;\n-- and in the view: where (select auth.uid()) is …`
            : '-- in the view: where (select auth.uid()) is …',
        ),
      });
      return;
    }
    const emptied = reads.length > 0 ? tables.filter((table) => !isReadBy(roles, table)) : [];
    const limits = `reads ${named(tables.map(({ key }) => key))} as its owner, past their policies. ${filters ? 'It asks itself who is calling, and nothing else limits what it shows' : `${may} no policy limits what it shows`}`;
    const way =
      used.length > 0
        ? `The code writes through it (${placesOf(used)}): set "security_invoker"`
        : tables.length === 0
          ? `Revoke ${upper(commands)}, or set "security_invoker"`
          : meant
            ? 'It says so itself: keep its columns and rows as narrow as they are meant'
            : reads.length === 0
              ? 'Set "security_invoker"'
              : emptied.length > 0
                ? `${readAt(reads)}, and no policy lets them read ${named(emptied.map(({ key }) => key))}: with "security_invoker" those rows would be missing. ${filters ? 'Keep that condition' : 'Ask in its WHERE who is calling'}`
                : `${readAt(reads)}: set "security_invoker"${filters ? '' : ', or ask in its WHERE who is calling'}`;
    const offers = !((meant && tables.length > 0) || emptied.length > 0);
    report({
      message: `View "${view.key}" ${tables.length === 0 ? writesOf(written, opening(view, writes, facts)) : limits}. ${way}.${offers && hazard !== null ? ` ${hazardTold(hazard)}.` : ''}`,
      at: home(view.origin),
      object: view.key,
      severity: filters || (meant && tables.length > 0) ? 'info' : undefined,
      evidence: evidenceOf(state),
      help:
        (meant && tables.length > 0) || (emptied.length > 0 && filters)
          ? 'With `security_invoker` it would show only what a policy lets the caller read.'
          : emptied.length === 0
            ? sqlFence(hazard === null ? sql : `${hazardNote(hazard)}\n${sql}`)
            : sqlFence('-- in the view: where (select auth.uid()) is …'),
      fix:
        !offers || hazard !== null
          ? undefined
          : appendFix(
              set,
              view.origin,
              tables.length === 0 && used.length === 0
                ? 'Take the writes through the view away'
                : 'Let the view read as the caller',
              sql,
            ),
    });
  },
});

/** Granted to signed-in users by name, and to visitors only by the defaults. Its rows or columns are chosen. */
const leftToAnon = (view: View, roles: readonly ApiRole[], tables: readonly Table[], state: SchemaState) =>
  roles.length === apiRoles.length &&
  state.era !== null &&
  !grantedBy(view, 'anon') &&
  !grantedBy(view, 'public') &&
  isPublishedWhole(view, ['authenticated'], tables);

/** `with (security_invoker = off)`, or ALTER VIEW … SET of the same: its author knows what it does. */
function statesDefiner(view: View, set: ChangeSet): boolean {
  const statement = statementAt(set, view.origin)?.statement;
  const names = (options: readonly SyntaxNode[] | undefined) =>
    (options ?? []).some(({ DefElem }) => DefElem?.defname === 'security_invoker');
  return (
    (statement?.kind === 'ViewStmt' && names(statement.node.options)) ||
    set.migrations.some(({ source }) =>
      source.statements.some(
        ({ kind, node }) =>
          kind === 'AlterTableStmt' &&
          node.objtype === 'OBJECT_VIEW' &&
          keyOfRangeVar(node.relation) === view.key &&
          commandsOf(node).some(
            ({ subtype, def }) => subtype === 'AT_SetRelOptions' && names(def?.List?.items),
          ),
      ),
    )
  );
}

/** Every role that may read it was given that by name, in the view's own file. */
const isGrantedByName = (view: View, roles: readonly ApiRole[]) =>
  grantedBy(view, 'public') || roles.every((role) => grantedBy(view, role));

/** The comment above it says that it passes the policies by, on purpose. */
function commentsDefiner(view: View, set: ChangeSet): boolean {
  const found = statementAt(set, view.origin);
  if (found === null) return false;
  const text = commentAbove(found).replace(/\s*\n\s*(--)?\s*/g, ' ');
  return onPurpose.test(text) && !underPolicies.test(text);
}

const onPurpose =
  /\b(bypass|contourn|sidestep)\w*\b[^.]{0,60}\b(rls|row[ -]level|polic\w+)\b|\b(not|no|non|without|sans|never)\b[^.]{0,30}\bsecurity[_ ]invoker\b|\b(view|vue)\W{1,4}definer\b|\bdefiner\W{1,4}view\b/i;
const underPolicies =
  /\b(not|never|cannot|can't|doesn't)\s+(bypass|sidestep)|\b(inherit|respect|obey|enforce|honou?r|hered)\w*\b[^.]{0,30}\b(rls|row[ -]level|polic\w+)\b/i;

/** Comments right above a statement, past a DROP of what it makes. */
function commentAbove({ source, statement }: Found): string {
  const before = source.text
    .slice(0, statement.start)
    .replace(/\bdrop\s+(?:materialized\s+)?view\b[^;]*;\s*$/i, '')
    .trimEnd();
  return /(?:(?:^|\n)[ \t]*--[^\n]*)+$|\/\*(?:(?!\*\/)[\s\S])*\*\/$/.exec(before)?.[0] ?? '';
}

/** Roles outside the API that the view's own file grants it to, where it grants it to none of the API's. */
function othersGranted(view: View): readonly string[] {
  if (['public', ...apiRoles].some((role) => grantedBy(view, role))) return [];
  const given = view.grants.filter(
    ({ grantee, privilege, origin }) =>
      privilege === 'select' &&
      origin !== null &&
      origin.file === view.origin?.file &&
      grantee !== view.owner,
  );
  return [...new Set(given.map(({ grantee }) => grantee))].filter(
    (role) => role !== 'postgres' && role !== 'supabase_admin',
  );
}

function published(
  view: View,
  roles: readonly ApiRole[],
  tables: readonly Table[],
  written: readonly GuardedWrite[],
  facts: Facts,
) {
  const where = opening(view, writes, facts);
  const behind = named(tables.map(({ key }) => key));
  if (written.length > 0) {
    const commands = [...new Set(written.map(({ command }) => command))];
    const roles = [...new Set(written.map(({ role }) => role))];
    const used = callsOn(view.key, commands, facts);
    const unused = commands.filter((each) => used.every(({ command }) => command !== each));
    const asked =
      used.length === 0
        ? ''
        : ` The code writes through it (${placesOf(used)}): let it call a function that asks who is calling.`;
    return {
      message: `View "${view.key}" ${writesOf(written, where)}. Its ${isNamedPublic(view, tables) ? 'name' : 'GRANT of SELECT'} says that it is there to be read.${asked}${unused.length === 0 ? '' : ` Revoke ${upper(unused)}.`}`,
      key: 'written',
      help:
        unused.length === 0
          ? 'A function can look at the caller before it writes, and the view needs no such privilege then.'
          : sqlFence(`revoke ${unused.join(', ')} on ${view.key} from ${roles.join(', ')};`),
    };
  }
  const readAnyway = tables.some((table) => isReadBy(roles, table));
  return {
    message: `View "${view.key}" is ${isNamedPublic(view, tables) ? 'public by its name' : 'granted by name'} and reads ${behind} as its owner, ${readAnyway ? 'past their policies' : 'where no policy lets that role read'}. Its own WHERE and its list of columns are all that limits what it shows. Keep both as narrow as they are meant.`,
    severity: 'info' as const,
    help: readAnyway
      ? 'With `security_invoker` it would show only what a policy lets the caller read: to visitors nothing, once their policy on the table is dropped.'
      : 'With `security_invoker` it would show nothing until a policy lets the caller read those rows.',
  };
}

const readAt = (calls: readonly ClientCall[]) => `The code reads it as its users (${placesOf(calls)})`;

function writesOf(written: readonly GuardedWrite[], where: string): string {
  const commands = upper([...new Set(written.map(({ command }) => command))]);
  const who = people([...new Set(written.map(({ role }) => role))]);
  const table = written[0]!.table.key;
  return `writes to "${table}" as its owner, past its policies. ${where === '' ? upperFirst(who) : `${where}${who}`} may ${commands} through the view, and no policy limits which rows`;
}

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

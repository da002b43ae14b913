import type { Facts } from '../../model/facts.ts';
import type { Fix } from '../../model/finding.ts';
import type { ForeignKey, SchemaState, Table } from '../../model/schema.ts';
import type { SourceFile } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule, type Told } from '../rule.ts';
import { allCallsOn, placesOf } from '../support/application/client-calls.ts';
import { listed, sql } from '../support/statements/statements.ts';
import { isFixedList } from '../support/tables/fixed-lists.ts';
import { insertion, isSaidToBeMeant } from '../support/tables/key-text.ts';
import { keyBeside } from '../support/tables/keys-beside.ts';
import { markOfDeleted, writtenAndKept } from '../support/tables/marked-deleted.ts';
import {
  actionsFor,
  choiceFor,
  deletedTogether,
  goesWithItsUser,
  isLineOfNothing,
  isOptional,
  isWriteOnce,
  mustStay,
  type Stays,
} from '../support/tables/on-delete.ts';
import { isShortList } from '../support/tables/short-lists.ts';

export default rule({
  id: 'integrity/foreign-key-on-delete',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a foreign key that does not say what happens when the referenced row is deleted',
  why: 'Without ON DELETE the delete of the referenced row fails as long as one row points to it. For a reference to "auth.users" that means: the user can not be deleted, neither on the dashboard nor by the API. The same holds for a reference to a profile whose key is the user’s and that goes with its user: where the code deletes users, RESTRICT is not offered for it.',
  remedy:
    'Say what shall happen: CASCADE (the rows go too), SET NULL (they stay without owner), RESTRICT (the delete is refused, on purpose).\n\n```sql\nuser_id uuid not null references auth.users (id) on delete cascade\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-constraints.html#DDL-CONSTRAINTS-FK',
    'https://supabase.com/docs/guides/database/postgres/cascade-deletes',
  ],
  fixable: true,
  table(table, { facts, set, state, home, report }) {
    for (const key of table.foreignKeys) {
      if (key.onDeleteStated || key.onDelete !== 'no action') continue;
      // A partition's key is its parent's: it is told, and changed, there.
      if (isInherited(table, key, state)) continue;
      const beside = keyBeside(table, key);
      if (beside?.first === true) continue;
      const at = home(key.origin ?? table.origin);
      const source = facts.sources.get(at?.file ?? '');
      const meant = isSaidToBeMeant(source, key);
      const told =
        lostItsAction(table, key, set.before) ??
        (beside === null || meant ? null : tooLate(table, key, beside.key)) ??
        withoutAction({ table, key, state, facts, source }, meant);
      report({ at, object: table.key, key: key.columns.join(' '), ...told });
    }
  },
});

/** Made anew by this change, and without what it said before. */
function lostItsAction(table: Table, key: ForeignKey, before: SchemaState): Told | null {
  const was = actionBefore(table, key, before);
  if (was === null) return null;
  return {
    message: `The foreign key on ${listed(key.columns)} of "${table.key}" is made anew without its ON DELETE ${was.toUpperCase()}. A row of "${key.references}" can't be deleted any more while one points to it. Say ${was.toUpperCase()} again, or RESTRICT if that is meant.`,
    help: sql(...madeAnew(table, key, was)),
  };
}

function tooLate(table: Table, key: ForeignKey, other: ForeignKey): Told {
  const action = other.onDelete.toUpperCase();
  return {
    message: `The foreign key on ${listed(key.columns)} of "${table.key}" has no ON DELETE and was made before the one on ${listed(other.columns)}, whose ON DELETE ${action} comes too late: keys are checked in the order in which they were made. A row of "${key.references}" can't be deleted while one points to it. Say ${action} here too.`,
    help: sql(...madeAnew(table, key, other.onDelete)),
  };
}

interface Asked {
  readonly table: Table;
  readonly key: ForeignKey;
  readonly state: SchemaState;
  readonly facts: Facts;
  readonly source: SourceFile | undefined;
}

function withoutAction(asked: Asked, meant: boolean): Told {
  const { table, key, state, facts, source } = asked;
  const toUsers = key.references === 'auth.users';
  const hindered = toUsers
    ? "A user who has such a row can't be deleted"
    : `A row of "${key.references}" can't be deleted while one points to it`;
  const message = `The foreign key on ${listed(key.columns)} of "${table.key}" has no ON DELETE. ${hindered}. Say`;
  // Nobody deletes a kind or a plan by the way, or what is marked as deleted: what is refused by itself is meant.
  const refused = meant ? 'RESTRICT, as the comment means it' : toUsers ? null : refusedByItself(asked);
  if (refused !== null)
    return {
      message: `${message} ${refused}.`,
      severity: 'info',
      help: sql(...madeAnew(table, key, 'restrict')),
      ...fixOf(source, key),
    };
  // That users can't be deleted is the problem, and RESTRICT would only say it.
  const stays = isWriteOnce(table, key, state) ? 'unchanged' : mustStay(table, state, facts);
  const together = stays === 'unchanged' ? [] : deletedTogether(table, key, facts);
  if (together.length > 0)
    return {
      message: `${message} CASCADE: the code deletes these rows itself before that one (${placesOf(together)}).`,
      help: sql(...madeAnew(table, key, 'cascade')),
    };
  const blocking = refusesUsers(asked, stays);
  if (blocking !== null) return { ...blocking, message: `${message} ${blocking.message}` };
  const kept = toUsers ? [] : writtenAndKept(key.references, state, facts);
  const written =
    kept.length === 0
      ? ''
      : ` The code writes rows of "${key.references}" and deletes none (${placesOf(kept)}).`;
  const [action, other] = actionsFor(table, key, stays, state);
  return {
    message: `${message} ${wayOf(table, key, stays)}.${written}`,
    ...(kept.length > 0 || isShortList(key.references, state, facts) ? { severity: 'info' as const } : {}),
    help: sql(...madeAnew(table, key, action), ...(other === null ? [] : [`-- or ${other}`])),
    // What another action is offered for is not mended by RESTRICT.
    ...(!toUsers && action === 'restrict' ? fixOf(source, key) : {}),
  };
}

/** The row goes with its user, whom the code deletes: RESTRICT would refuse that as well. */
function refusesUsers({ table, key, state, facts }: Asked, stays: Stays | null): Told | null {
  const calls = goesWithItsUser(key, state) ? allCallsOn('auth.users', ['delete'], facts) : [];
  if (calls.length === 0 || stays === 'unchanged') return null;
  const [action] = actionsFor(table, key, stays, state);
  const isOwn = !isOptional(table, key) && stays === null && action !== 'set null';
  // What speaks against NULL there is a question for its author.
  if (isOptional(table, key) && action !== 'set null') return null;
  const wanted = isOwn ? 'cascade' : 'set null';
  const outlive = 'SET NULL and let it be empty';
  const way = isOwn
    ? `CASCADE, or ${outlive} where these rows shall outlive that one`
    : isOptional(table, key)
      ? 'SET NULL'
      : outlive;
  return {
    message: `${way}: rows of "${key.references}" go with their user, whom the code deletes (${placesOf(calls)}), and RESTRICT would refuse that as well.`,
    help: sql(
      ...madeAnew(table, key, wanted),
      ...(isOptional(table, key) && stays === null
        ? ['-- or cascade, where these rows mean nothing without that one']
        : []),
    ),
  };
}

function refusedByItself({ table, key, state, facts }: Asked): string | null {
  const mark = isOptional(table, key) ? null : markOfDeleted(key.references, state, facts);
  if (mark !== null) return `RESTRICT: its rows are marked as deleted ("${mark}") and stay`;
  return isFixedList(key.references, key.referencedColumns, state, facts)
    ? 'RESTRICT: a CHECK counts its keys out, and nobody deletes one by the way'
    : null;
}

function wayOf(table: Table, key: ForeignKey, stays: Stays | null): string {
  if (stays === null) return choiceFor(table, key);
  if (stays === 'unchanged' || !isOptional(table, key))
    return 'RESTRICT if that is meant: these rows are there to stay';
  const actions = isLineOfNothing(table, key) ? 'RESTRICT or SET NULL' : 'SET NULL or RESTRICT';
  return `${actions}: these rows are there to stay`;
}

const isInherited = ({ kind, parent }: Table, { columns, references }: ForeignKey, { tables }: SchemaState) =>
  kind === 'partition' &&
  tables
    .get(parent ?? '')
    ?.foreignKeys.some((own) => own.references === references && own.columns.join() === columns.join()) ===
    true;

/** What the key of the same columns said before this change; null where it said nothing either. */
function actionBefore(table: Table, key: ForeignKey, before: SchemaState): string | null {
  const stood = before.tables.get(table.key);
  // No migration made it: CREATE TABLE IF NOT EXISTS makes nothing anew where it stands, and where not there was no key.
  if (stood === undefined || stood.unknown.length > 0) return null;
  const old = stood.foreignKeys.find(
    (other) => other.references === key.references && other.columns.join() === key.columns.join(),
  );
  return old === undefined || old.onDelete === 'no action' ? null : old.onDelete;
}

function madeAnew(table: Table, key: ForeignKey, action: string): string[] {
  const columns = key.columns.map(quoteIdent).join(', ');
  const referenced =
    key.referencedColumns.length === 0 ? '' : ` (${key.referencedColumns.map(quoteIdent).join(', ')})`;
  const loosened = action === 'set null' && !isOptional(table, key);
  return [
    `alter table ${table.key}`,
    ...(loosened ? key.columns.map((name) => `  alter column ${quoteIdent(name)} drop not null,`) : []),
    `  drop constraint ${quoteIdent(key.name)},`,
    `  add constraint ${quoteIdent(key.name)} foreign key (${columns}) references ${key.references}${referenced} on delete ${action};`,
  ];
}

/** RESTRICT is what the database does today: the one text that is certain. */
function fixOf(source: SourceFile | undefined, key: ForeignKey): { readonly fix?: Fix } {
  if (source === undefined || key.origin === null) return {};
  const edit = insertion(source, key, 'restrict');
  return edit === null ? {} : { fix: { title: 'Say what happens today: ON DELETE RESTRICT', edits: [edit] } };
}

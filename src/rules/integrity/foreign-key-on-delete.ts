import type { Facts } from '../../model/facts.ts';
import type { Edit, Fix } from '../../model/finding.ts';
import type { ForeignKey, SchemaState, Table, Trigger } from '../../model/schema.ts';
import type { SourceFile } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { tokenize } from '../../sql/tokens.ts';
import { rule } from '../rule.ts';
import { allCallsOn, placesOf } from '../support/application/client-calls.ts';
import { routineNamed } from '../support/callers/sign-up.ts';
import { offsetOf } from '../support/statements/places.ts';
import { listed, sql } from '../support/statements/statements.ts';
import { isFixedList } from '../support/tables/fixed-lists.ts';
import { keyBeside } from '../support/tables/keys-beside.ts';
import { markOfDeleted, writtenAndKept } from '../support/tables/marked-deleted.ts';
import { isShortList } from '../support/tables/short-lists.ts';

export default rule({
  id: 'integrity/foreign-key-on-delete',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a foreign key that does not say what happens when the referenced row is deleted',
  why: 'Without ON DELETE the delete of the referenced row fails as long as one row points to it. For a reference to "auth.users" that means: the user can not be deleted, neither on the dashboard nor by the API.',
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
      const at = home(key.origin ?? table.origin);
      const beside = keyBeside(table, key);
      if (beside?.first === true) continue;
      const toUsers = key.references === 'auth.users';
      const meant = isSaidToBeMeant(facts.sources.get(at?.file ?? ''), key);
      // That users can't be deleted is the problem, and RESTRICT would only say it.
      const stays = meant || isWriteOnce(table, key, state) ? 'unchanged' : mustStay(table, state, facts);
      // What another action is offered for is not mended by RESTRICT.
      const was = actionBefore(table, key, set.before);
      if (was !== null) {
        report({
          message: `The foreign key on ${listed(key.columns)} of "${table.key}" is made anew without its ON DELETE ${was.toUpperCase()}. A row of "${key.references}" can't be deleted any more while one points to it. Say ${was.toUpperCase()} again, or RESTRICT if that is meant.`,
          at,
          object: table.key,
          key: key.columns.join(' '),
          help: sql(...madeAnew(table, key, was)),
        });
        continue;
      }
      if (beside !== null && !meant) {
        const { onDelete } = beside.key;
        report({
          message: `The foreign key on ${listed(key.columns)} of "${table.key}" has no ON DELETE and was made before the one on ${listed(beside.key.columns)}, whose ON DELETE ${onDelete.toUpperCase()} comes too late: keys are checked in the order in which they were made. A row of "${key.references}" can't be deleted while one points to it. Say ${onDelete.toUpperCase()} here too.`,
          at,
          object: table.key,
          key: key.columns.join(' '),
          help: sql(...madeAnew(table, key, onDelete)),
        });
        continue;
      }
      const mark =
        toUsers || meant || isOptional(table, key) ? null : markOfDeleted(key.references, state, facts);
      const isList = !toUsers && isFixedList(key.references, key.referencedColumns, state, facts);
      const kept =
        toUsers || meant || mark !== null || isList ? [] : writtenAndKept(key.references, state, facts);
      const isCertain =
        meant ||
        mark !== null ||
        isList ||
        (!toUsers && actionsFor(table, key, stays, state)[0] === 'restrict');
      const fix = isCertain ? fixOf(facts.sources.get(at?.file ?? ''), key) : null;
      report({
        message: `The foreign key on ${listed(key.columns)} of "${table.key}" has no ON DELETE. ${
          toUsers
            ? "A user who has such a row can't be deleted"
            : `A row of "${key.references}" can't be deleted while one points to it`
        }. Say ${meant ? 'RESTRICT, as the comment means it' : mark !== null ? `RESTRICT: its rows are marked as deleted ("${mark}") and stay` : isList ? 'RESTRICT: a CHECK counts its keys out, and nobody deletes one by the way' : stays === null ? choiceFor(table, key) : stays === 'unchanged' || !isOptional(table, key) ? 'RESTRICT if that is meant: these rows are there to stay' : `${isLineOfNothing(table, key) ? 'RESTRICT or SET NULL' : 'SET NULL or RESTRICT'}: these rows are there to stay`}.${kept.length === 0 ? '' : ` The code writes rows of "${key.references}" and deletes none (${placesOf(kept)}).`}`,
        at,
        object: table.key,
        key: key.columns.join(' '),
        // Nobody deletes a kind or a plan by the way, or what is marked as deleted: what is refused by itself is meant.
        ...(meant || mark !== null || isList || kept.length > 0 || isShortList(key.references, state, facts)
          ? { severity: 'info' as const }
          : {}),
        help:
          mark === null && !isList
            ? helpFor(table, key, stays, state)
            : sql(...madeAnew(table, key, 'restrict')),
        ...(fix === null ? {} : { fix }),
      });
    }
  },
});

/** SET NULL on a column that is NOT NULL only fails later, in words nobody expects. */
function choiceFor(table: Table, key: ForeignKey): string {
  if (isOptional(table, key)) return 'CASCADE, SET NULL or RESTRICT';
  return isMaker(key) ? 'SET NULL and let it be empty, or RESTRICT' : 'CASCADE or RESTRICT';
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

function helpFor(table: Table, key: ForeignKey, stays: Stays | null, state: SchemaState): string {
  const [action, other] = actionsFor(table, key, stays, state);
  return sql(...madeAnew(table, key, action), ...(other === null ? [] : [`-- or ${other}`]));
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

/** What is likeliest to be meant, and what else may be. */
function actionsFor(
  table: Table,
  key: ForeignKey,
  stays: Stays | null,
  { tables }: SchemaState,
): readonly [string, string | null] {
  if (stays === 'unchanged') return ['restrict', null];
  if (isOptional(table, key)) {
    // The one of its own rows that counts now: the row goes on without it.
    if (tables.get(key.references)?.foreignKeys.some(({ references }) => references === table.key))
      return ['set null', null];
    const asking = askingForNull(table, key);
    if (asking !== null)
      return [
        'restrict',
        `set null, where the row shall then be one of those that ${asking} asks for by IS NULL`,
      ];
    // The other end of a transfer, of an exchange: the row says nothing without it.
    const beside = table.foreignKeys.find(
      (other) =>
        !(isMaker(key) && !isEnd(key)) &&
        other !== key &&
        other.references === key.references &&
        !isOptional(table, other),
    );
    if (beside !== undefined)
      return ['restrict', 'set null, where a row may lose this end and keep the other'];
    const check = checkOnNull(table, key);
    if (check === null && stays !== null && !isMaker(key))
      return isLineOfNothing(table, key)
        ? ['restrict', 'set null, where the row says enough without it']
        : [
            'set null',
            key.references === 'auth.users'
              ? 'restrict, where a user who has such rows shall not be deleted'
              : 'restrict, where nothing that such rows point to shall be deleted',
          ];
    return check === null
      ? [
          'set null',
          isMaker(key)
            ? 'restrict, where nobody who is named there shall be deleted'
            : 'cascade, where these rows mean nothing without that one',
        ]
      : ['restrict', `set null, where the CHECK ${quoteIdent(check)} lets a row stay without it`];
  }
  if (stays !== null) return ['restrict', null];
  // Who made a row is not whose it is: it should not go with them.
  if (isMaker(key)) return ['set null', 'restrict, where a user who made such rows shall not be deleted'];
  const isPart = key.columns.some((name) => table.primaryKey?.columns.includes(name));
  return isPart || key.references === 'auth.users'
    ? ['cascade', null]
    : ['restrict', 'cascade, where these rows mean nothing without that one'];
}

const isMaker = ({ columns }: ForeignKey) =>
  columns.every((name) =>
    /(^|_)(by|by_id|creator_id|author_id|inviter_id|admin_id|moderator_id|reviewer_id|approver_id)$/i.test(
      name,
    ),
  );

/** Who gave or took: the row is about both. */
const isEnd = ({ columns }: ForeignKey) =>
  columns.some((name) =>
    /(sent|received|paid|given|lent|borrowed|owed|followed|blocked|liked|requested|accepted)_by/i.test(name),
  );

/** A policy or a partial index for which NULL has a meaning of its own: for all, of nobody, a template. */
function askingForNull({ policies, indexes }: Table, { columns }: ForeignKey): string | null {
  const asks = new RegExp(
    `(?<![\\w$])"?(${columns.map(escapeRegExp).join('|')})"?\\)*\\s+is\\s+null\\b`,
    'i',
  );
  const policy = policies.find(({ using }) => asks.test(using?.text ?? ''));
  if (policy !== undefined) return `policy ${quoteIdent(policy.name)}`;
  const index = indexes.find(({ unique, predicate }) => unique && asks.test(predicate?.text ?? ''));
  return index === undefined ? null : `index ${quoteIdent(index.name)}`;
}

/** A CHECK that asks whether the column has a value: with SET NULL it may refuse the delete, in words nobody expects. */
function checkOnNull(table: Table, key: ForeignKey): string | null {
  const asks = new RegExp(
    `(?<![\\w$])"?(${key.columns.map(escapeRegExp).join('|')})"?\\)*\\s+is\\s+not\\s+null\\b|\\bnum_(non)?nulls\\s*\\([^)]*(?<![\\w$])"?(${key.columns.map(escapeRegExp).join('|')})(?![\\w$])`,
    'i',
  );
  return table.checks.find(({ expression }) => asks.test(expression.text))?.name ?? null;
}

const isOptional = (table: Table, key: ForeignKey) =>
  key.columns.every((name) => table.columns.find((column) => column.name === name)?.notNull === false);

/** A line of an order or an invoice that keeps no name of what it is about: without the key it says nothing. */
function isLineOfNothing({ name, columns }: Table, key: ForeignKey): boolean {
  const what = key.columns.map((column) => column.replace(/_?id$/i, ''));
  return (
    /(^|_)(items?|lines?)$/i.test(name) &&
    key.references !== 'auth.users' &&
    !columns.some(
      (column) =>
        !key.columns.includes(column.name) &&
        (/(^|_)(name|title|description|label|sku|snapshot)(_|$)/i.test(column.name) ||
          what.includes(column.name)),
    )
  );
}

/** Rows that tell what happened: nobody wants them gone with what they point to. Some may not even be changed. */
type Stays = 'kept' | 'unchanged';

function mustStay(table: Table, state: SchemaState, facts: Facts): Stays | null {
  if (table.triggers.some((trigger) => refusesChanges(trigger, state))) return 'unchanged';
  return records.test(table.name) && allCallsOn(table.key, ['delete'], facts).length === 0 ? 'kept' : null;
}

const records =
  /(^|_)(audits?|audit_trail|logs?|history|ledger|journal|consents?|agreements?|acceptances?|signatures?|invoices?|payments?|payouts?|refunds?|receipts?|transactions?|orders?|sales|purchases?|charges?|donations?)(_(entries|entry|items?|lines?|events?|records?|rows?))?$/i;

/** A trigger before UPDATE or DELETE whose function does nothing but raise. */
function refusesChanges({ timing, events, function: name }: Trigger, state: SchemaState): boolean {
  if (timing !== 'before' || !(events.includes('update') || events.includes('delete'))) return false;
  const body = routineNamed(name, state)?.body ?? '';
  return (
    /\braise\s+exception\b/i.test(body) && !/\b(if|case|return)\b/i.test(body.replace(/raise\s[^;]*;/gi, ''))
  );
}

/** A trigger before UPDATE raises where the column changes: SET NULL would be refused by it, in words nobody expects. */
function isWriteOnce(table: Table, { columns }: ForeignKey, state: SchemaState): boolean {
  const changes = new RegExp(
    `\\bold\\.(${columns.map(escapeRegExp).join('|')})\\b[^;]*\\bthen\\s+raise\\s+exception\\b`,
    'i',
  );
  return table.triggers.some(
    ({ timing, events, function: name }) =>
      timing === 'before' && events.includes('update') && changes.test(routineNamed(name, state)?.body ?? ''),
  );
}

/** A comment at the key, or above the statement and naming the other table, says that the delete shall be refused. */
function isSaidToBeMeant(source: SourceFile | undefined, key: ForeignKey): boolean {
  if (source === undefined || key.origin === null) return false;
  const at = offsetOf(source, key.origin.line, key.origin.column);
  const statement = source.statements.find(({ start, end }) => start <= at && at < end);
  if (statement === undefined) return false;
  const before = Math.max(
    0,
    ...source.statements.map(({ end }) => end).filter((end) => end <= statement.start),
  );
  const lineStart = source.text.lastIndexOf('\n', at) + 1;
  const lineEnd = source.text.indexOf('\n', at);
  const said = (from: number, to: number) =>
    source.comments
      .filter(({ start }) => from <= start && start < to)
      .map(({ text }) => text.replace(/^\s*(--|\/\*)/, ''))
      .join(' ');
  const above = said(before, statement.start);
  const table = key.references.split('.').at(-1)!;
  return (
    refusesDelete.test(said(lineStart, lineEnd === -1 ? source.text.length : lineEnd)) ||
    (refusesDelete.test(above) && new RegExp(`\\b${escapeRegExp(table)}\\b`, 'i').test(above))
  );
}

const refusesDelete = /\bno action\b|\b(no|not|never|without)\s+(on delete )?cascad(e|ing)\b/i;

/** RESTRICT is what the database does today: the one text that is certain. */
function fixOf(source: SourceFile | undefined, key: ForeignKey): Fix | null {
  if (source === undefined || key.origin === null) return null;
  const edit = insertion(source, key);
  return edit === null ? null : { title: 'Say what happens today: ON DELETE RESTRICT', edits: [edit] };
}

/** Behind `references x [(columns)] [match full]`, inside the place that the key comes from. */
function insertion(source: SourceFile, key: ForeignKey): Edit | null {
  const { file, line, column, endLine, endColumn } = key.origin!;
  const start = offsetOf(source, line, column);
  const end = offsetOf(source, endLine, endColumn);
  const tokens = tokenize(source.text, start, end);
  const references = tokens.filter(({ kind, text }) => kind === 'word' && text === 'references');
  // Several in one place (ADD COLUMN a …, ADD COLUMN b …): which is meant is not certain.
  if (references.length !== 1) return null;
  let at = tokens.indexOf(references[0]!) + 1;
  const depth = references[0]!.depth;
  while (tokens[at + 1]?.text === '.') at += 2;
  if (tokens[at] === undefined) return null;
  if (tokens[at + 1]?.text === '(') {
    at = tokens.findIndex((token, index) => index > at && token.text === ')' && token.depth === depth);
  }
  if (tokens[at + 1]?.text === 'match') at += 2;
  const last = tokens[at];
  if (last === undefined) return null;
  const { line: endAt, column: columnAt } = source.position(last.end);
  return {
    file,
    startLine: endAt,
    startColumn: columnAt,
    endLine: endAt,
    endColumn: columnAt,
    text: ' on delete restrict',
  };
}

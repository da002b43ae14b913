/** Tables in which policies of others, or functions, look up who asks: whoever writes a row there lets itself in. */
import type { Command, Routine, SchemaState, Table } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { filledAtSignUp } from '../callers/sign-up.ts';
import { isCalledByPolicy } from '../policies/policy-callers.ts';
import { codeOf } from '../syntax/bodies.ts';
import { named } from '../words/words.ts';
import { isPersonTable, ownerColumns } from './owners.ts';
import { chosenByInsert } from './rights.ts';
import { isMembership } from './whose.ts';

/** Why no policy for the command is offered; null where each may write its own. */
export function leftToServer(table: Table, command: Command, state: SchemaState): string | null {
  // To leave is everybody's right.
  if (command !== 'insert' && command !== 'update') return null;
  const chosen = command === 'insert' ? chosenByInsert(table, state) : [];
  if (chosen.length > 0)
    return `-- no policy for INSERT: who inserts would choose ${named(chosen)}, which gives rights and has no default; let the server insert`;
  if (command === 'insert' && isMembership(table, state))
    return `-- no policy for INSERT: with its own name in it everybody would enter any ${table.foreignKeys
      .find(({ references }) => !isPersonTable(references, state))!
      .references.split('.')
      .at(-1)}; let the server enter members, or ask who runs it`;
  const asking = whoAsks(table, state);
  if (asking === null && rightsList.test(table.name))
    return `-- no policy for ${command.toUpperCase()}: by its name ${table.key} says who may do more, and who writes its own row would let itself in; the server writes`;
  if (asking === null && isRanked(table, state))
    return `-- no policy for ${command.toUpperCase()}: by its name ${table.key} says who may do more for another's sake, and who writes there could enter itself; the server writes, or those who run it`;
  return asking === null
    ? null
    : `-- no policy for ${command.toUpperCase()}: ${asking} users up in ${table.key}, and who writes its own row would let itself in; the server writes`;
}

/** Who has which rank, by its name, whether policies ask it yet or not. */
const rightsList =
  /^((user|member|staff|manager|admin|account|app|team|org(ani[sz]ation)?|tenant)_?(roles?|permissions?|privileges?|rights)|admins?|administrators?|(admin|manager|staff)_(users?|roles?)|super_?admins?)$/i;

/** `club_staff`, `team_moderators`: who works for whom, entered by somebody else. */
const isRanked = (table: Table, state: SchemaState) =>
  /_(staff|admins?|moderators?|operators?)$/i.test(table.name) &&
  table.columns.some(({ name }) => /^(added|appointed|invited|assigned)_by(_\w+)?$/i.test(name)) &&
  table.foreignKeys.some(({ references }) => !isPersonTable(references, state));

function whoAsks(table: Table, state: SchemaState): string | null {
  if (ofTheirOwn.test(table.name) || isProfile(table, state)) return null;
  for (const other of state.tables.values()) {
    if (other === table) continue;
    const asks = other.policies.some(
      ({ using, check, permissive }) =>
        permissive &&
        [using, check].some(
          (one) => one !== null && caller.test(one.text) && looksUp(one.text, table, state),
        ),
    );
    if (asks) return `policies of ${other.key} look`;
  }
  for (const routine of state.routines.values())
    if (isAsked(routine, table, state) && looksUp(routine.body, table, state)) return `${routine.key} looks`;
  return null;
}

const caller = /\bauth"?\s*\.\s*"?(uid|jwt|email)\b/i;

/** What each does for itself, and some policies show by: to follow somebody, to like, to block. */
const ofTheirOwn =
  /(^|_)(follow\w*|block\w*|mutes?|likes?|friend\w*|bookmarks?|favou?rites?|saves?|reads?|views?|votes?|ratings?|reviews?|reactions?)$/i;

/** Of a user's own row only some columns give rights, and those are dealt with one by one. */
const isProfile = (table: Table, state: SchemaState) =>
  isPersonTable(table.key, state) &&
  (/(^|_)(users?|profiles?|people|persons?|accounts?)$/i.test(table.name) ||
    filledAtSignUp(table, state) !== undefined ||
    [...state.tables.values()].some(({ foreignKeys }) =>
      foreignKeys.some(({ references }) => references === table.key),
    ));

/** A helper of policies, or a function that refuses whom it does not find. */
const isAsked = (routine: Routine, { name }: Table, state: SchemaState): boolean =>
  isCalledByPolicy(routine, state) ||
  (rights.test(name) && caller.test(routine.body) && /\braise\s+(exception|sqlstate|')/i.test(routine.body));

const rights =
  /admin|staff|role|allow|white_?list|member|subscription|quota|payment|purchase|credit|wallet|balance|licen[cs]e|entitlement|permission|access/i;

/** A select of it that asks for the user, and not for the one row that another row names. */
function looksUp(text: string, table: Table, state: SchemaState): boolean {
  if (!text.includes(table.name)) return false;
  const code = codeOf(text).withStrings.replaceAll('"', '').replace(/\s+/g, ' ').toLowerCase();
  const name = escapeRegExp(table.name.toLowerCase());
  const from = new RegExp(
    `\\b(?:from|join) (?:only )?(?:${escapeRegExp(table.schema.toLowerCase())}\\.)?${name}\\b(?!\\.)(?: (?:as )?(?!where\\b|join\\b|on\\b|inner\\b|left\\b|cross\\b|limit\\b)([a-z_]\\w*))?`,
    'g',
  );
  return [...code.matchAll(from)].some(({ index, 1: alias }) => {
    const start = Math.max(0, code.lastIndexOf('select', index));
    const before = code.slice(0, start);
    const end = /;|\bthen\b/.exec(code.slice(index));
    const select = code.slice(start, end === null ? undefined : index + end.index);
    // Who is found is kept out, or what is there already is counted.
    const keepsOut =
      (/\bnot exists ?\(+ ?$/.test(before) && !/\bif not exists ?\(+ ?$/.test(before)) ||
      /\bif exists ?\(+ ?$/.test(before);
    return (
      !keepsOut &&
      asksForUser(select, table, state) &&
      !/^select count ?\(/.test(select) &&
      !keysOf(table, state).some((key) => namesRow(select, `(?:(?:${alias ?? name}|${name})\\.)?${key}`))
    );
  });
}

const asksForUser = (select: string, table: Table, state: SchemaState) =>
  caller.test(select) ||
  ownerColumns(table, state).some((column) =>
    new RegExp(`\\b${escapeRegExp(column.toLowerCase())}\\b`).test(select),
  );

/** Columns that name one row of it, and no user. */
const keysOf = (table: Table, state: SchemaState): string[] => [
  'id',
  escapeRegExp(`${table.name.toLowerCase().replace(/s$/, '')}_id`),
  ...[table.primaryKey?.columns ?? [], ...table.uniques.map(({ columns }) => columns)].flatMap((columns) =>
    columns.length === 1 &&
    !table.foreignKeys.some(
      (key) => key.columns.join() === columns[0] && isPersonTable(key.references, state),
    )
      ? [escapeRegExp(columns[0]!.toLowerCase())]
      : [],
  ),
];

/** `t.id = note.team_id`, `note.team_id = t.id`, `team_id in (select t.id from …)` */
const namesRow = (select: string, key: string) =>
  new RegExp(
    `(?<![\\w.])${key} ?= ?(?!\\(* ?(?:select )?auth\\.)[\\w(]|\\w ?= ?${key}(?![\\w.])|^select (?:distinct )?${key} from\\b`,
  ).test(select);

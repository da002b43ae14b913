/** What a security definer function has to ask before anything else: who is calling, and whether they may. */
import type { Routine, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { calledAtSignUp } from '../callers/sign-up.ts';
import { ownerColumns } from '../owners/owners.ts';
import { functionFor } from '../owners/role-question.ts';
import { codeOf } from '../syntax/bodies.ts';
import { named } from '../words/words.ts';
import { askedOfRows } from './asked-of-rows.ts';
import { comparesWith } from './compared-argument.ts';
import { tablesTouched } from './touched-tables.ts';

/** The argument that says whose rows: users call it for themselves, or a server does for them. */
export const personIn = (routine: Routine, state: SchemaState): string | undefined => {
  const { arguments: all, body } = routine;
  const ids = all.filter(
    ({ name, type, mode }) => name !== null && type === 'uuid' && mode !== 'out' && mode !== 'table',
  );
  const named = ids.find(({ name }) => {
    // `p_contributed_by`: in whose name something is written.
    if (/_by$/i.test(name!)) return true;
    const word = /(?:^|_)(user|profile|account|member|owner|recipient|author)_?(?:uu)?id(?:_|$)/i.exec(
      name!,
    )?.[1];
    return word !== undefined && isPerson(word.toLowerCase(), state);
  });
  return (
    (named ?? ids.find(({ name }) => isSetBesideUser(name!, body)))?.name ??
    ids.find(({ name }) => ownersComparedWith(name!, routine, state).length > 0)?.name ??
    undefined
  );
};

/** `where user_id = p_who` */
const isSetBesideUser = (name: string, body: string) =>
  new RegExp(
    `\\b(user_id|owner_id|recipient_id|profile_id|author_id|created_by)\\s*=\\s*(\\w+\\.)?${escapeRegExp(name)}\\b`,
    'i',
  ).test(codeOf(body).bare);

/** `where s.student_id = p_student_id`, whose rows those are by keys and policies: the tables of such columns. */
function ownersComparedWith(name: string, routine: Routine, state: SchemaState): readonly Table[] {
  return tablesTouched(routine, state)
    .flatMap((key) => state.tables.get(key) ?? [])
    .filter((table) => ownerColumns(table, state).some((column) => comparesWith(column, name, routine)));
}

/** A bank's account is nobody: where the project has a table of that name, its key says whether it is a user's id. */
function isPerson(word: string, state: SchemaState): boolean {
  if (/^(user|owner|recipient|author)$/.test(word)) return true;
  const tables = [...state.tables.values()].filter(({ name }) => name === word || name === `${word}s`);
  return tables.every(
    (table) =>
      ownerColumns(table, state).includes('id') ||
      table.foreignKeys.some(
        ({ columns, references }) => columns.join() === 'id' && references === 'auth.users',
      ),
  );
}

/** What to ask before anything else, by its own arguments and the project's helpers; a server's key may be let in too. */
export const questionIn = (routine: Routine, state: SchemaState, orServer = false) =>
  questionOf(
    routine,
    state,
    orServer,
    /(^|_)admin(_|$|s)/i.test(routine.name) ? functionFor('administrators', state, routine) : null,
  );

/** The same of what policies call: `is_admin()` can't ask itself whether the caller is an administrator. */
export const questionOfHelper = (routine: Routine, state: SchemaState, orServer = false) =>
  questionOf(routine, state, orServer, null);

function questionOf(routine: Routine, state: SchemaState, orServer: boolean, admins: string | null): string {
  const caller = '(select auth.uid())';
  const person = personIn(routine, state);
  const asked =
    admins ??
    (person === undefined
      ? (askedOfRows(routine, state)?.question ?? `${caller} is not null and …`)
      : `${quoteIdent(person)} = ${caller}`);
  const each = /\bor\b/i.test(asked) ? `(${asked})` : asked;
  const signUp = calledAtSignUp(routine, state);
  const told =
    signUp.length === 0
      ? ''
      : `-- ${named(signUp)}, of a trigger of "auth.users", ${signUp.length === 1 ? 'calls' : 'call'} it while nobody is signed in: that passes\n`;
  const passes = signUp.length === 0 ? '' : `(${caller} is null and pg_trigger_depth() > 0)`;
  return routine.language === 'plpgsql'
    ? `${told}-- first in its body\nif not coalesce(${orServer ? `(select auth.role()) = 'service_role' or ` : ''}${passes === '' ? '' : `${passes} or `}${asked}, false) then\n  raise exception 'not allowed' using errcode = '42501';\nend if;`
    : `${told}-- in the WHERE of each query in its body\nand ${passes === '' ? each : `(${passes} or ${asked})`}`;
}

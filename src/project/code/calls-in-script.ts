/** Calls of supabase-js, and of supabase-flutter, which writes them alike, in the text of one file: whoever's client it is. */

import type { TextOfColumn } from '../../model/client.ts';
import { asksForAdministrators } from './asks-role.ts';
import {
  type Call,
  columnsOfList,
  commandsOf,
  embedsOfList,
  isComment,
  lineCounter,
  mostCalls,
} from './call.ts';
import { declarationAt } from './declarations.ts';
import { type Entry, literalEntries, literalKeys } from './literal-keys.ts';

// The text is hostile: every repetition below has an end, so that no pattern takes more than a few steps a character.

/** `.from('note').delete(`, `.rpc('totals'`. */
const asked =
  /\.from(?:<[^<>()]{0,80}>)?\(\s{0,40}(?:<\w{1,20}>\s{0,4})?(['"`])(\w{1,63})\1(?:\s{1,4}as\s{1,4}\w{1,20})?\s{0,40}\)\s{0,200}\.(select|insert|upsert|update|delete)\s{0,4}[(<]|\.(rpc)(?:<[^<>()]{0,80}>)?\(\s{0,40}(?:<\w{1,20}>\s{0,4})?['"`](\w{1,63})['"`]/g;
/** What stands before it: a name, perhaps `(name as any)`, `name()`, and a schema. */
const before =
  /(?<![\w$])([\w$]{1,80})(?:\s{1,4}as\s{1,4}[\w.]{1,60}\))?(?:!|\(\))?\)?\s{0,100}(?:\.schema\(\s{0,10}['"`](\w{1,63})['"`]\s{0,10}\)\s{0,100})?$/;

export function callsInScript(text: string): readonly Call[] {
  const calls: Call[] = [];
  const lineOf = lineCounter(text);
  const isSignedIn = signedInOf(text);
  for (const match of text.matchAll(asked)) {
    const at = match.index;
    const line = lineOf(at);
    const head = before.exec(text.slice(Math.max(0, at - 400), at));
    // `storage.from('files').update()` is a bucket's.
    if (head === null || head[1] === 'storage' || isComment(text, at)) continue;
    const method = (match[3] ?? match[4])!;
    const chain = method === 'rpc' ? '' : chainFrom(text, at);
    const row = rowIn(chain);
    const orNobody =
      row?.filter(({ value }) => idOrNull.test(value)).map(({ key }) => key) ??
      givenWhereThere(text, at, chain);
    const ignores = method === 'upsert' && /ignoreDuplicates:\s{0,4}true/.test(text.slice(at, at + 1500));
    calls.push({
      line,
      client: head[1]!,
      name: (match[2] ?? match[5])!,
      schema: head[2] ?? null,
      method,
      commands: ignores ? ['insert'] : commandsOf[method]!,
      columns: columnsIn(chain),
      given: method === 'rpc' ? argumentsIn(text, at + match[0].length) : keysOf(row),
      own: row?.filter(({ value }) => isSignedIn(value)).map(({ key }) => key) ?? [],
      ...(orNobody.length > 0 && { orNobody }),
      texts: row?.flatMap(textsOf) ?? [],
      compared: comparedIn(chain),
      asksRole: asksForAdministrators(text, at),
      conflict: method === 'upsert' ? conflictIn(chain) : null,
      embeds: listsIn(chain).flatMap(embedsOfList),
      single: /\.single\(/.test(chain),
    });
    if (calls.length === mostCalls) break;
  }
  return [...calls, ...deletesOfUsers(text)].sort((one, other) => one.line - other.line);
}

/**
 * `supabase.auth.admin.deleteUser(id)` is a DELETE on auth.users, with all that hangs on the row. Not behind what makes a
 * user in the same function: that one has nothing yet.
 */
function deletesOfUsers(text: string): readonly Call[] {
  const lineOf = lineCounter(text);
  const found = text.matchAll(
    /(?<![\w$])([\w$]{1,80})(?:\(\))?\)?[?!]?\s{0,40}\.auth\s{0,40}\.admin\s{0,40}\.deleteUser\s{0,4}\(/g,
  );
  return [...found].slice(0, mostCalls).flatMap(({ index, 1: client }) => {
    const line = lineOf(index);
    if (isComment(text, index) || makesUser.test(functionUntil(text, index, line).slice(-6_000))) return [];
    return {
      line,
      client: client!,
      name: 'users',
      schema: 'auth',
      method: 'deleteUser',
      commands: ['delete'],
      columns: ['id'],
      given: null,
      own: [],
      texts: [],
      compared: [],
      asksRole: false,
      conflict: null,
      embeds: [],
      single: false,
    };
  });
}

/** What stands before that place in the function around it. */
function functionUntil(text: string, at: number, line: number): string {
  const from = declarationAt(text, line)?.line ?? 1;
  return text
    .slice(0, at)
    .split('\n')
    .slice(from - 1)
    .join('\n');
}

const makesUser = /\b(?:createUser|signUp|inviteUserByEmail|generateLink)\s{0,4}\(/;

/** The call and what is chained to it, as far as a semicolon, an empty line or the next call. */
function chainFrom(text: string, at: number): string {
  const rest = text.slice(at, at + 1_500);
  const end = /;|\n[ \t]{0,80}\n|\.from\(|\.rpc\(/.exec(rest.slice(5));
  return end === null ? rest : rest.slice(0, end.index + 5);
}

const listsIn = (chain: string): readonly string[] =>
  [...chain.matchAll(/\.select\(\s{0,40}['"`]([^'"`]{0,2000})['"`]/g)].map(([, list]) => list!);

/** Behind the function's name: `)`, `, { … }`, in Dart `, params: { … }`. */
function argumentsIn(text: string, at: number): readonly string[] | null {
  const next =
    /^(?:\s{1,4}as\s{1,4}\w{1,20})?\s{0,40}(?:,\s{0,40}(?:params:\s{0,10})?(\{)|,?\s{0,40}\))/.exec(
      text.slice(at, at + 160),
    );
  if (next === null) return null;
  return next[1] === undefined ? [] : literalKeys(text, at + next[0].length - 1);
}

/** `onConflict: 'user_id,day'` */
function conflictIn(chain: string): readonly string[] | null {
  const list = /\bonConflict:\s{0,10}(['"`])([\w, ]{1,300})\1/.exec(chain)?.[2];
  return list === undefined ? null : list.split(',').map((name) => name.trim());
}

/** The first row that is inserted, or what of a row is changed, where its columns are written out. */
function rowIn(chain: string): readonly Entry[] | null {
  const opened = /\.(?:insert|upsert|update)\(\s{0,40}\[?\s{0,40}\{/.exec(chain);
  return opened === null ? null : literalEntries(chain, opened.index + opened[0].length - 1);
}

const keysOf = (row: readonly Entry[] | null) => row?.map(({ key }) => key) ?? null;

/** `'paid'`, `'paid' as const`, `ok ? 'paid' : 'open'`, `status ?? 'open'`. */
const constant = /^(['"`])([^'"`\\$\n]{0,80})\1$/;
const oneOfTwo = /\?\s{0,20}(['"`])([^'"`\\$\n]{0,80})\1\s{0,20}:\s{0,20}(['"`])([^'"`\\$\n]{0,80})\3$/;
const orElse = /(?:\|\||\?\?)\s{0,20}(['"`])([^'"`\\$\n]{0,80})\1$/;

function textsOf({ key, value }: Entry): readonly TextOfColumn[] {
  const plain = value.replace(/\s{1,20}as\s{1,20}[\w.[\]'"]{1,80}$/, '');
  const one = constant.exec(plain) ?? orElse.exec(plain);
  const two = one === null ? oneOfTwo.exec(plain) : null;
  const found = one !== null ? [one[2]!] : two !== null ? [two[2]!, two[4]!] : [];
  return found.map((text) => ({ column: key, text }));
}

function comparedIn(chain: string): readonly TextOfColumn[] {
  const filters =
    /\.(?:(?:eq|neq)\(\s{0,40}['"`](\w{1,63})['"`]\s{0,20},\s{0,20}(['"`])([^'"`\\$\n]{0,80})\2\s{0,20}\)|in\(\s{0,40}['"`](\w{1,63})['"`]\s{0,20},\s{0,20}\[([^[\]`$]{0,400})\]\s{0,20}\))/g;
  return [...chain.matchAll(filters)].flatMap(([, one, , text, several, list]) =>
    one !== undefined
      ? [{ column: one, text: text! }]
      : [...list!.matchAll(/(['"])([^'"\\\n]{0,80})\1/g)].map(([, , each]) => ({
          column: several!,
          text: each!,
        })),
  );
}

/** `user?.id || null`, `options.userId ?? null`, `user ? user.id : null`; no `x.done ? x.when : null`, which is no id. */
const anId = '(?:[\\w$]{1,40}[?!]?\\.){0,4}(?:\\w{0,40}(?:I[dD]|_id|[uU]id|user_?id)|id)!?';
const idOrNull = new RegExp(
  `^${anId}\\s{0,20}(?:\\|\\||\\?\\?)\\s{0,20}null$|^[\\w$.?]{1,80}\\s{0,20}\\?\\s{0,20}${anId}\\s{0,20}:\\s{0,20}null$`,
);

/** `if (userId) row.user_id = userId` above `.insert(row)`. */
function givenWhereThere(text: string, at: number, chain: string): readonly string[] {
  const row = /\.(?:insert|upsert)\(\s{0,40}\[?\s{0,40}(\w{1,60})\s{0,10}\]?\s{0,10}[,)]/.exec(chain)?.[1];
  if (row === undefined) return [];
  const above = text.slice(Math.max(0, at - 1_500), at);
  const given =
    /\bif\s{0,4}\(\s{0,10}([\w$.?]{1,60})\s{0,10}\)\s{0,10}\{?\s{0,80}(\w{1,60})\.(\w{1,63})\s{0,10}=\s{0,10}([\w$.?!]{1,80})\s{0,4}[;\n]/g;
  return [...above.matchAll(given)].flatMap(([, asked, name, column, value]) =>
    name === row && value!.replace(/[?!]/g, '').startsWith(asked!.replace(/[?!]/g, '')) ? [column!] : [],
  );
}

/** Whether a value is the id of who signed in: `user.id` where `user` comes from a session and is none of a list. */
function signedInOf(text: string): (value: string) => boolean {
  let known: boolean | null = null;
  const isOfSession = () =>
    /\b(?:getUser|getSession|getClaims|useAuth\w{0,20}|useUser|useSession|useSupabase\w{0,20}|currentUser)\b/.test(
      text,
    ) &&
    // `users.map((user) => …)`, `for (const user of users)`
    !/(?:\(|\s)user(?:\s{0,4}:\s{0,4}\w{1,40})?(?:\s{0,4},\s{0,4}\w{1,40})?\s{0,4}\)?\s{0,4}=>|\b(?:const|let)\s{1,4}user\s{1,4}of\b/.test(
      text,
    );
  return (value) => {
    if (/^(?:\w{1,40}[?!]?\.){0,4}(?:session|auth|data)[?!]?\.user[?!]?\.id!?$/.test(value)) return true;
    if (/^(?:currentUser|authUser|sessionUser)[?!]?\.id!?$/.test(value)) return true;
    if (!/^user[?!]?\.id!?$/.test(value)) return false;
    known ??= isOfSession();
    return known;
  };
}

function columnsIn(chain: string): readonly string[] {
  const found = new Set(listsIn(chain).flatMap(columnsOfList));
  const filters =
    /\.(?:eq|neq|gt|gte|lt|lte|like|ilike|is|in|contains|containedBy|overlaps|textSearch|order|not|filter|match)\(\s{0,40}['"`](\w{1,63})['"`]/g;
  for (const [, column] of chain.matchAll(filters)) found.add(column!);
  const written = /\.(?:insert|upsert|update)\(\s{0,40}\[?\s{0,40}\{([^{}]{0,1200})/.exec(chain)?.[1] ?? '';
  for (const [, column] of written.matchAll(/(?:^|[,\n])\s{0,80}['"]?(\w{1,63})['"]?\s{0,4}(?=[:,\n]|$)/g))
    found.add(column!);
  return [...found];
}

/**
 * Calls of supabase-swift and supabase-kt in the text of one file. An app holds the anon key; a server written in one of
 * these languages may hold another, and shows that where it makes its client.
 */
import {
  type Call,
  columnsOfList,
  commandsOf,
  embedsOfList,
  isComment,
  lineCounter,
  mostCalls,
} from './call.ts';

export const isAppCode = (path: string) => /\.(?:swift|kt)$/.test(path);

/** Tests, and packages of others: Xcode and Gradle name their folders, and people their files, after that. */
export const isAppTest = (path: string) =>
  /(?:^|\/)(?:\w{0,80}Tests|[a-z]\w{0,80}Test|Pods|Carthage|DerivedData)\/|Tests?\.\w{1,10}$/.test(path);

/** Whether the client of that name is a server's. An app's own may be called `supabaseService`. */
export const isServerClient = (client: string) => /admin|service_?role|privileged/i.test(client);

export interface AppClients {
  /** A file makes a client with another key than the apps' own: whose client a file is given is not known. */
  readonly server: boolean;
  /** Schemas that clients are made for, where they say so. */
  readonly schemas: readonly string[];
}

/** How the files of one language make their clients. */
export function appClientsIn(texts: readonly string[]): AppClients {
  const makers = texts.filter((text) => /\b(?:createSupabaseClient|SupabaseClient)\s{0,4}\(/.test(text));
  return {
    server: makers.some((text) => mentionsServer(text)),
    schemas: [
      ...new Set(makers.flatMap((text) => [...text.matchAll(ownSchema)].map((m) => (m[1] ?? m[2])!))),
    ],
  };
}

const ownSchema =
  /\bdefaultSchema\s{0,4}=\s{0,4}"(\w{1,63})"|(?:\bdb\s{0,4}:\s{0,4}\.init|\bDatabaseOptions)\(\s{0,40}schema\s{0,4}:\s{0,4}"(\w{1,63})"/g;

/** The service key, or what only a server imports; a comment says only that it is elsewhere. */
export const mentionsServer = (text: string): boolean =>
  server.test(text) &&
  server.test(
    text
      .split('\n')
      .filter((line) => !/^[ \t]{0,200}(?:\/\/|\/?\*)/.test(line))
      .join('\n'),
  );

const server =
  /service_?-?role|service_?key|secret_?key|sb_secret|supabaseAdmin|^import\s{1,4}(?:io\.ktor\.server|org\.springframework|Vapor|Hummingbird)\b/im;

// The text is hostile: every repetition below has an end, so that no pattern takes more than a few steps a character.

const word = String.raw`"\w{1,63}"|(?:(?:Self|self|this|Companion)\.)?[A-Za-z_]\w{0,79}`;
const argument = String.raw`\s{0,40}(?:(?:schema|table|function)\s{0,4}=\s{0,4})?(${word})\s{0,40}`;
const several = `${argument}(?:,${argument})?`;
const command = String.raw`\s{0,200}(?:[?!]{1,2})?\.(select|insert|upsert|update|delete)\s{0,4}[({<]`;

/** `.from("note").delete(`, `postgrest["note"].delete {`, `.rpc("totals"`; a table without a command may have a name. */
const asked = new RegExp(
  String.raw`(?:\.from\(${several}\)|(?<!\w)postgrest\s{0,20}\[${several}\])(?:${command})?|\.(rpc)(?:<[^<>()]{0,80}>)?\(${argument}[,)]`,
  'g',
);
/** What stands before it: names with dots, `name()`, `name!`, and a schema. */
const before =
  /(?<!\w)((?:\w{1,80}(?:\(\))?[!?]{0,2}\s{0,100}\.\s{0,20}){0,5}\w{1,80})(?:\(\))?[!?]{0,2}\s{0,100}(?:\.schema\(\s{0,10}"(\w{1,63})"\s{0,10}\)\s{0,100})?$/;
/** `val table get() =`, `let table =`, `private var table: PostgrestQueryBuilder {`. */
const naming =
  /\b(?:val|var|let)\s{1,4}(\w{1,80})(?:\s{0,4}:\s{0,4}[\w.]{1,80})?\s{0,40}(?:(?:get\(\)\s{0,4})?=|by\s{1,4}lazy\s{0,4}\{|(?:get\(\)\s{0,4})?\{)\s{0,100}(?:return\s{1,4})?$/;

export function callsInApp(text: string): readonly Call[] {
  const constantOf = constantsIn(text);
  const found: Found[] = [];
  const named = new Map<string, Found | null>();
  for (const match of text.matchAll(asked)) {
    const at = match.index;
    const isIndex = text.startsWith('postgrest', at);
    const end = isIndex ? at + 'postgrest'.length : at;
    const start = Math.max(0, end - 400);
    const head = before.exec(text.slice(start, end));
    // `storage.from("files").update()` is a bucket's.
    if (head === null || /(?:^|\W)storage(?:\W|$)/.test(head[1]!) || isComment(text, at)) continue;
    const [, from, from2, index, index2, of, rpc, routine] = match;
    const first = from ?? index ?? routine!;
    const second = from2 ?? index2;
    const name = constantOf(second ?? first);
    const schema = second === undefined ? (head[2] ?? null) : constantOf(first);
    if (name === null || (second !== undefined && schema === null)) continue;
    const call = { at, client: head[1]!, name, schema, method: of ?? rpc ?? '' };
    if (call.method !== '') found.push(call);
    else {
      const goesOn = /^\s{0,200}[?!]{0,2}\./.test(
        text.slice(at + match[0].length, at + match[0].length + 210),
      );
      const upTo = start + head.index;
      const alias = goesOn ? undefined : naming.exec(text.slice(Math.max(0, upTo - 300), upTo))?.[1];
      // One name for two tables: which of them is meant is not known.
      if (alias !== undefined) named.set(alias, named.has(alias) ? null : call);
    }
    if (found.length === mostCalls || named.size === mostNames) break;
  }
  const lineOf = lineCounter(text);
  return [...found, ...callsByName(text, named)]
    .sort((a, b) => a.at - b.at)
    .slice(0, mostCalls)
    .map(({ at, method, ...call }) => {
      const chain = method === 'rpc' ? '' : chainFrom(text, at);
      const ignores = method === 'upsert' && /\bignoreDuplicates\s{0,4}[:=]\s{0,4}true/.test(chain);
      return {
        ...call,
        line: lineOf(at),
        method,
        commands: ignores ? ['insert'] : commandsOf[method]!,
        columns: columnsIn(chain, method),
        given: null,
        own: [],
        texts: [],
        compared: [],
        asksRole: false,
        conflict: null,
        embeds: listsIn(chain).flatMap(embedsOfList),
        single: /(?:\.|\s)single\(\)|\bdecodeSingle\s{0,4}[<(]/.test(chain),
      };
    });
}

interface Found extends Pick<Call, 'client' | 'name' | 'schema' | 'method'> {
  readonly at: number;
}

const mostNames = 50;

/** `table.select {` where the file says what `table` is. */
function callsByName(text: string, named: ReadonlyMap<string, Found | null>): readonly Found[] {
  const names = [...named].flatMap(([name, call]) => (call === null ? [] : [name]));
  if (names.length === 0) return [];
  const use = new RegExp(String.raw`(?<![\w.])(?:(?:self|this)\.)?(${names.join('|')})(?=\W)${command}`, 'g');
  return [...text.matchAll(use)]
    .filter(({ index }) => !isComment(text, index))
    .slice(0, mostCalls)
    .map((match) => ({ ...named.get(match[1]!)!, at: match.index, method: match[2]! }));
}

/** What a name of the file or a string in quotes stands for; null where that is made at run time or elsewhere. */
function constantsIn(text: string): (written: string) => string | null {
  let known: Map<string, string | null> | null = null;
  const look = () => {
    const found = new Map<string, string | null>();
    const defined =
      /\b(?:val|let)\s{1,4}(\w{1,80})(?:\s{0,4}:\s{0,4}String)?\s{0,4}=\s{0,10}"(\w{1,63})"(?!\s{0,4}[+.])/g;
    for (const [, name, value] of text.matchAll(defined))
      found.set(name!, found.has(name!) && found.get(name!) !== value ? null : value!);
    // An argument of the same name may be what is meant.
    for (const [, name] of text.matchAll(/(?<!(?:val|let)\s{1,4})\b(\w{1,80})\s{0,4}:\s{0,4}String\b/g))
      found.set(name!, null);
    return found;
  };
  return (written) => {
    if (written.startsWith('"')) return written.slice(1, -1);
    known ??= look();
    return known.get(written.replace(/^.*\./, '')) ?? null;
  };
}

/** The call and what is chained to it: as far as a line that does not go on, or the end of what it stands in. */
function chainFrom(text: string, at: number): string {
  const rest = text.slice(at, at + 1_500);
  let depth = 0;
  for (let i = 0; i < rest.length; i += 1) {
    const letter = rest[i]!;
    if ('([{'.includes(letter)) depth += 1;
    else if (')]}'.includes(letter)) depth -= 1;
    if (depth < 0 || (depth === 0 && letter === ';')) return rest.slice(0, i);
    if (depth === 0 && letter === '\n' && i > 0 && !/^\s{0,200}(?:[.?!{]|\/\/)/.test(rest.slice(i, i + 220)))
      return rest.slice(0, i);
  }
  return rest;
}

/** `.select("id, body")`, `Columns.raw("id, body")`, `Columns.list("id", "body")`; what holds a variable is none. */
function listsIn(chain: string): readonly string[] {
  const written = /(?:\.select\(|\bColumns\.raw\()\s{0,40}(?:"""([^"]{0,2000})"""|"([^"]{0,2000})")/g;
  const listed = /\bColumns\.list\(([^()]{0,1000})\)/g;
  return [
    ...[...chain.matchAll(written)].map(([, long, short]) => (long ?? short)!),
    ...[...chain.matchAll(listed)].map(([, names]) =>
      [...names!.matchAll(/"([^"]{1,200})"/g)].map(([, name]) => name!).join(','),
    ),
  ].filter((list) => !/\\\(|\$/.test(list));
}

const filters =
  /\b(?:eq|neq|gt|gte|lt|lte|like|ilike|is|in|isIn|exact|contains|containedBy|contained|cs|cd|ov|overlaps|textSearch|order|not|filter|match)\(\s{0,40}(?:column\s{0,4}=\s{0,4})?"(\w{1,63})"/g;

function columnsIn(chain: string, method: string): readonly string[] {
  const found = new Set(listsIn(chain).flatMap(columnsOfList));
  for (const [, column] of chain.matchAll(filters)) found.add(column!);
  if (method !== 'select' && method !== 'delete') {
    const pairs = /\.(?:insert|upsert|update)\(\s{0,40}\[{1,2}([^[\]]{0,1200})/.exec(chain)?.[1] ?? '';
    for (const [, column] of pairs.matchAll(/"(\w{1,63})":/g)) found.add(column!);
    for (const [, set, to] of chain.matchAll(/\b(?:set|put)\(\s{0,40}"(\w{1,63})"|"(\w{1,63})"\s{1,4}to\b/g))
      found.add((set ?? to)!);
  }
  return [...found];
}

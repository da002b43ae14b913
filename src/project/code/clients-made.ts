/** As whom clients ask that a file makes or is given: with the service key, as nobody, or as the user whose token they hand on. */
import type { ClientCall } from '../../model/client.ts';
import { argumentsIn, declarationAt, escaped, parameterOf } from './declarations.ts';
import { callsTo, holdsServiceKey } from './script-clients.ts';

type By = ClientCall['by'];

/** A client is handed from function to function. */
const mostHops = 3;

/**
 * Of a client by its name, asked on that line: a parameter that all who call the function give alike, or made in the file. A
 * name is first of all what the function around it calls so.
 */
export function madeClientsOf(text: string): (client: string, line: number) => By {
  const made = clientsMade(text);
  const look = (client: string, line: number, hops: number): By => {
    const around = declarationAt(text, line);
    const at = around === undefined ? -1 : parameterOf(around, client);
    if (at === -1)
      return isParameterIn(around?.text ?? text, client) ? 'other' : (made.get(client) ?? 'other');
    if (hops === mostHops || bindingsOf(client, around!.text) > 0) return 'other';
    const given = new Set(
      callsTo(around!.name, text).map(({ args, line: there }) =>
        /^[\w$]+$/.test(args[at] ?? '') ? look(args[at]!, there, hops + 1) : 'other',
      ),
    );
    return given.size === 1 ? [...given][0]! : 'other';
  };
  const known = new Map<string, By>();
  return (client, line) => {
    const asked = `${declarationAt(text, line)?.line} ${client}`;
    if (!known.has(asked)) known.set(asked, look(client, line, 0));
    return known.get(asked)!;
  };
}

/** `const NAME`, `let { NAME`: what declares that name. */
const declaring = (name: string) =>
  `\\b(?:const|let|var)\\s{1,4}(?:[{[][^{}[\\]]{0,80}(?<![\\w$]))?${escaped(name)}(?![\\w$])`;

/** How often a name is given something: declared, or given another value later. */
function bindingsOf(name: string, text: string): number {
  const again = `(?<![\\w$.]|\\b(?:const|let|var)\\s{1,4})${escaped(name)}\\s{0,4}(?:\\?\\?|\\|\\|)?=(?![=>])`;
  return [...text.matchAll(new RegExp(`${declaring(name)}|${again}`, 'g'))].length;
}

/** A function inside of that text calls a parameter so, or takes it out of one. */
function isParameterIn(text: string, name: string): boolean {
  const list = `\\([^()]{0,200}(?<![\\w$.])${escaped(name)}(?![\\w$])[^()]{0,200}\\)\\s{0,4}(?::[^=;{}()]{0,80})?`;
  return new RegExp(
    `${list}=>|(?<![\\w$.])${escaped(name)}\\s{0,4}=>|(?<!\\b(?:if|while|for|switch|with)\\s{0,4})${list}\\{`,
  ).test(text);
}

const making =
  /\b(?:const|let|var)\s{1,4}([\w$]{1,80})\s{0,4}(?::[^=;]{0,80})?=\s{0,20}createClient(?:<[^()]{0,80}>)?\(([^;]{0,800})/g;

function clientsMade(text: string): ReadonlyMap<string, By> {
  const made = new Map<string, By[]>();
  for (const { 1: name, 2: rest, index } of text.matchAll(making)) {
    const by = asWhom(argumentsIn(rest!) ?? [], text, index);
    made.set(name!, [...(made.get(name!) ?? []), by]);
  }
  // One name for several clients of the file, or for something else too: which of them is asked is not known.
  return new Map(
    [...made].map(([name, all]) => [
      name,
      all.every((by) => by === all[0]) && bindingsOf(name, text) === all.length ? all[0]! : 'other',
    ]),
  );
}

const handsOn = /authorization|accessToken|\bheaders\b|\.\.\./i;

/** Of a client that is made there in the text. */
function asWhom([, key = '', options = '{}']: readonly string[], text: string, at: number): By {
  if (!options.startsWith('{')) return 'other';
  const isAnon = /anon_?key|publishable/i.test(key);
  const isServer = holdsServiceKey(key);
  // With a user's token it asks as that user, whatever the key.
  if (isServer && !isAnon && !handsOn.test(options)) return 'server';
  if (!isAnon || isServer) return 'other';
  if (!handsOn.test(options)) return /\bsetSession\b/.test(text) ? 'other' : 'visitor';
  const token = /["']?\bauthorization["']?\s{0,4}:\s{0,4}([^,}\n]{1,200})/i.exec(options)?.[1];
  return token !== undefined && isOfTheRequest(token, text, at) ? 'user' : 'other';
}

/** What stands in the request's own header, or was taken out of it. */
function isOfTheRequest(token: string, text: string, at: number): boolean {
  if (holdsServiceKey(token)) return false;
  if (askedHeader.test(token)) return true;
  const [name] = /[A-Za-z_$][\w$]{0,80}(?=\s{0,4}!?\}?`?$)/.exec(token.trim()) ?? [];
  const given = name === undefined ? undefined : lastGiven(name, text, at);
  return given !== undefined && (askedHeader.test(given.value) || isTokenOf(given, text));
}

const askedHeader =
  /\bheaders\s{0,4}[?!]?\.\s{0,4}get\(\s{0,4}['"]authorization['"]|\bheaders\s{0,4}\[?\.?['"]?authorization\b/i;

interface Given {
  readonly value: string;
  readonly at: number;
}

/** `authHeader.replace('Bearer ', '')`. */
function isTokenOf({ value, at }: Given, text: string): boolean {
  const header = /^\s{0,4}([\w$]{1,80})[?!]?\.(?:replace|split|slice|substring)\(/.exec(value)?.[1];
  const given = header === undefined ? undefined : lastGiven(header, text, at);
  return given !== undefined && askedHeader.test(given.value);
}

/**
 * What a name was declared with last before that place: another function has its own of that name. None where the function
 * around it has it as a parameter, or where it is given something else later.
 */
function lastGiven(name: string, text: string, before: number): Given | undefined {
  const around = declarationAt(text, text.slice(0, before).split('\n').length);
  if (around !== undefined && (parameterOf(around, name) !== -1 || isParameterIn(around.text, name)))
    return undefined;
  const given = new RegExp(
    `(?:(${declaring(name)})[^=;\\n]{0,80}|(?<![\\w$.])${escaped(name)}\\s{0,4})=(?![=>])([^;\\n]{0,200})`,
    'g',
  );
  const last = [...text.slice(0, before).matchAll(given)].at(-1);
  return last?.[1] === undefined ? undefined : { value: last[2]!, at: last.index };
}

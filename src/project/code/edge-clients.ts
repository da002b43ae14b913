/** As whom an Edge Function's clients ask: with the service key, as nobody, or as the user whose token they hand on. */
import type { ClientCall } from '../../model/client.ts';
import { argumentsIn, declarationAt, parameterOf } from './declarations.ts';
import { callsTo, holdsServiceKey, makersOf } from './script-clients.ts';

type By = ClientCall['by'];

/** A client is handed from function to function. */
const mostHops = 3;

/** Of a client by its name, asked on that line: made in the file, or a parameter that all who call it give alike. */
export function edgeClientsOf(text: string): (client: string, line: number) => By {
  const made = clientsMade(text);
  const look = (client: string, line: number, hops: number): By => {
    const own = made.get(client);
    // Another of that name may be made otherwise.
    if (own !== undefined) return own === 'server' && makersOf(client, text).length > 1 ? 'other' : own;
    const around = hops < mostHops ? declarationAt(text, line) : undefined;
    const at = around === undefined ? -1 : parameterOf(around, client);
    if (around === undefined || at === -1) return 'other';
    const given = new Set(
      callsTo(around.name, text).map(({ args, line: there }) =>
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

const making =
  /\b(?:const|let)\s{1,4}(\w{1,80})\s{0,4}(?::[^=;]{0,80})?=\s{0,20}createClient(?:<[^()]{0,80}>)?\(([^;]{0,800})/g;

function clientsMade(text: string): ReadonlyMap<string, By> {
  const made = new Map<string, By>();
  for (const [, name, rest] of text.matchAll(making)) {
    const by = asWhom(argumentsIn(rest!) ?? [], text);
    // One name for several clients of the file: which of them is asked is not known.
    made.set(name!, made.has(name!) && made.get(name!) !== by ? 'other' : by);
  }
  return made;
}

function asWhom([, key = '', options = '{}']: readonly string[], text: string): By {
  if (!options.startsWith('{')) return 'other';
  const isAnon = /anon_?key|publishable/i.test(key);
  const isServer = holdsServiceKey(key);
  // With a user's token it asks as that user, whatever the key.
  if (isServer && !isAnon && !/authorization|accessToken|\bheaders\b|\.\.\./i.test(options)) return 'server';
  if (!isAnon || isServer) return 'other';
  if (!/authorization|accessToken|\bheaders\b|\.\.\./i.test(options))
    return /\bsetSession\b/.test(text) ? 'other' : 'visitor';
  const token = /["']?\bauthorization["']?\s{0,4}:\s{0,4}([^,}\n]{1,200})/i.exec(options)?.[1];
  return token !== undefined && isOfTheRequest(token, text) ? 'user' : 'other';
}

/** What stands in the request's own header, or was taken out of it. */
function isOfTheRequest(token: string, text: string): boolean {
  if (holdsServiceKey(token)) return false;
  if (askedHeader.test(token)) return true;
  const [name] = /[A-Za-z_$][\w$]{0,80}(?=\s{0,4}!?\}?`?$)/.exec(token.trim()) ?? [];
  if (name === undefined) return false;
  const given = new RegExp(
    `\\b(?:const|let)\\s{1,4}${name.replace(/\$/g, '\\$')}\\b[^=;\\n]{0,80}=([^;\\n]{0,200})`,
  ).exec(text)?.[1];
  return given !== undefined && (askedHeader.test(given) || isTokenOf(given, text));
}

const askedHeader =
  /\bheaders\s{0,4}[?!]?\.\s{0,4}get\(\s{0,4}['"]authorization['"]|\bheaders\s{0,4}\[?\.?['"]?authorization\b/i;

/** `authHeader.replace('Bearer ', '')`. */
function isTokenOf(given: string, text: string): boolean {
  const header = /^\s{0,4}([\w$]{1,80})[?!]?\.(?:replace|split|slice|substring)\(/.exec(given)?.[1];
  return (
    header !== undefined &&
    new RegExp(`\\b(?:const|let)\\s{1,4}${header.replace(/\$/g, '\\$')}\\b[^=;\\n]{0,80}=[^;\\n]{0,200}`)
      .exec(text)
      ?.some((made) => askedHeader.test(made)) === true
  );
}

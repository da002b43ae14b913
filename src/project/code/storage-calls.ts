/** Calls on buckets in the text of one file, of supabase-js and supabase-flutter, and the folders that their paths name. */
import type { StorageCall } from '../../model/client.ts';
import { isComment, lineCounter, mostCalls } from './call.ts';
import { argumentsIn, escaped } from './declarations.ts';

export interface BucketCall extends Omit<StorageCall, 'by' | 'path'> {
  /** What stands before `.storage`: a name. */
  readonly client: string;
}

// The text is hostile: every repetition below has an end, so that no pattern takes more than a few steps a character.

/** `storage.from('avatars').upload(`; the bucket may be a constant of the file. */
const asked =
  /(?<![\w$])storage[?!]?\s{0,200}\.from\(\s{0,40}(?:(['"`])([\w .-]{1,100})\1|([A-Za-z_$][\w$]{0,80}))\s{0,40}\)\s{0,200}[?!]?\.(upload|update|uploadBinary|updateBinary|list|remove|move|copy|createSignedUrls?)\s{0,4}\(/g;
/** What stands before it: a name, perhaps `(name as any)` or `name()`. */
const before =
  /(?<![\w$])([\w$]{1,80})(?:\s{1,4}as\s{1,4}[\w.]{1,60}\))?(?:!|\?|\(\))?\)?\s{0,100}[?!]?\.\s{0,20}$/;

export function bucketCallsIn(text: string): readonly BucketCall[] {
  const calls: BucketCall[] = [];
  if (!text.includes('storage')) return calls;
  const lineOf = lineCounter(text);
  const constantOf = constantsIn(text);
  for (const match of text.matchAll(asked)) {
    const [all, , written, name, of] = match;
    const at = match.index;
    const line = lineOf(at + all.indexOf('.from'));
    const bucket = written ?? constantOf(name!);
    if (bucket === null || isComment(text, at)) continue;
    const end = at + all.length;
    const [path, ...others] = argumentsIn(text.slice(end, end + 2_000)) ?? [];
    const method = of!.replace('Binary', '');
    calls.push({
      line,
      client: before.exec(text.slice(Math.max(0, at - 300), at))?.[1] ?? 'storage',
      bucket,
      method,
      overwrites: method === 'update' || (method === 'upload' && saysUpsert.test(others.join())),
      folders: foldersOf(path, method, text, at),
    });
    if (calls.length === mostCalls) break;
  }
  return calls;
}

const saysUpsert = /\bupsert\s{0,4}:\s{0,4}true\b/;

/** `const BUCKET = 'avatars'`; null where there is none, or several. */
function constantsIn(text: string): (name: string) => string | null {
  const known = new Map<string, string | null>();
  const look = (name: string) => {
    const defined = new RegExp(`${defining(name)}(['"\`])([\\w .-]{1,100})\\1`, 'g');
    const found = new Set([...text.matchAll(defined)].map(([, , value]) => value!));
    return found.size === 1 ? [...found][0]! : null;
  };
  return (name) => {
    if (!known.has(name)) known.set(name, known.size < mostNames ? look(name) : null);
    return known.get(name)!;
  };
}

const defining = (name: string) =>
  `\\b(?:const|let|var|final|String)\\s{1,4}${escaped(name)}(?:\\s{0,4}:\\s{0,4}string)?\\s{0,4}=\\s{0,40}`;

function foldersOf(
  written: string | undefined,
  method: string,
  text: string,
  at: number,
): StorageCall['folders'] {
  // `list()` is of the whole bucket, and what it is given is no file.
  if (written === undefined) return method === 'list' ? [] : null;
  const path = templateOf(written.replace(/^\[\s{0,40}/, ''), text, at);
  // One name that stands for the whole path may hold folders or none.
  if (path === null || (method !== 'list' && /^\$\{[^{}]*\}$/.test(path))) return null;
  const names: string[] = [];
  const parts = path
    .replace(inserted, (_, braced: string | undefined, plain: string) => `\0${names.push(braced ?? plain)}\0`)
    .replace(/^\//, '')
    .split('/');
  const folders = method === 'list' ? parts.filter((part) => part !== '') : parts.slice(0, -1);
  return folders.map((part) => {
    const at = /^\0(\d{1,3})\0$/.exec(part)?.[1];
    return at === undefined ? null : nameIn(names[Number(at) - 1]!);
  });
}

/** `${user.id}`, in Dart `$userId` too. */
const inserted = /\$\{([^{}]{0,200})\}|\$([A-Za-z_]\w{0,79})/g;

/** `user?.id!` is `user.id`; null for what is no name. */
function nameIn(expression: string): string | null {
  const plain = expression
    .trim()
    .replace(/\.toString\(\)$/, '')
    .replace(/[?!]/g, '');
  return /^[\w$]{1,80}(?:\.[\w$]{1,80}){0,5}$/.test(plain) ? plain : null;
}

const farthest = 4_000;
const mostHops = 3;
/** Constants of a file; names that are looked for in one path. */
const mostNames = 20;
const mostInPath = 3;

/** The path as one template: written there, or given to a name somewhat before. */
function templateOf(written: string, text: string, at: number, hops = 0): string | null {
  const plain = written.trim().slice(0, 400);
  const [, single, double, back] =
    /^(?:'([^'\n]{0,300})'|"([^"\n]{0,300})"|`([^`]{0,300})`)\s{0,20}(?:[;,)\]\n]|$)/.exec(plain) ?? [];
  const template = single ?? double ?? back ?? joined(plain);
  if (template === null) {
    const given = hops < mostHops ? givenTo(plain, text, at, hops) : null;
    // `list(workspaceId)`
    return given ?? (/^[A-Za-z_$][\w$]{0,76}id$/i.test(plain) ? `\${${plain}}` : null);
  }
  if (hops === mostHops) return template;
  let looked = 0;
  return template.replace(/\$\{([A-Za-z_$][\w$]{0,79})\}/g, (whole, name: string) => {
    // An id says by its name whose it is.
    if (/id$/i.test(name) || looked === mostInPath) return whole;
    looked += 1;
    return givenTo(name, text, at, hops) ?? whole;
  });
}

/** `user.id + '/' + file.name`, `'logos/' + id`, and a name with dots alone. */
function joined(plain: string): string | null {
  const [line] = plain.split(/[;\n]/);
  const parts = line!.split(/\s{0,4}\+\s{0,4}/).slice(0, 20);
  if (parts.length === 1 && !/^[\w$]{1,80}(?:[?!]{0,2}\.[\w$]{1,80}){1,5}$/.test(line!.trim())) return null;
  return parts
    .map(
      (part) =>
        /^(['"`])([^'"`]{0,200})\1$/.exec(part.trim())?.[2] ?? `\${${part.trim().replace(/[{}]/g, '')}}`,
    )
    .join('');
}

function givenTo(name: string, text: string, at: number, hops: number): string | null {
  if (!/^[A-Za-z_$][\w$]{0,79}$/.test(name)) return null;
  const from = Math.max(0, at - farthest);
  const last = [...text.slice(from, at).matchAll(new RegExp(defining(name), 'g'))].at(-1);
  if (last === undefined) return null;
  const value = from + last.index + last[0].length;
  return templateOf(text.slice(value, value + 400), text, from + last.index, hops + 1);
}

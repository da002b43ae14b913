/** Modules of an application that no file imports: what they ask of the database, nobody asks. */

/** Where a module stands that others import; a framework finds none of them by its place. */
const modules =
  /(?:^|\/)(?:services?|libs?|hooks?|utils?|helpers|components?|contexts?|providers|stores?|integrations|repositories)\//;
/** What runs by itself, or is found by its place: pages, routes, functions, workers. */
const found =
  /(?:^|\/)(?:app|pages|routes|functions|api|server|netlify|workers?|jobs|cron|composables|plugins|middleware|commands|bin)\//;
const script = /\.(?:[mc]?[jt]s|[jt]sx)$/;

const specifier = /(?:\bfrom|\bimport|\brequire|\bnew URL)\s{0,4}\(?\s{0,40}['"`]([^'"`\n]{1,200})['"`]/g;
/** Modules that are picked by a pattern. */
const byPattern = /\bimport\.meta\.glob\b|\brequire\.context\b/;

export interface Imports {
  /** A file that is read, whether or not it speaks of Supabase. */
  read(path: string, text: string): void;
  isUnused(path: string): boolean;
}

export function importsIn(): Imports {
  const names = new Set<string>();
  let anyMayBe = false;
  return {
    read(path, text) {
      // Vue's frameworks import what stands in a folder by themselves.
      anyMayBe ||= path.endsWith('.vue') || byPattern.test(text);
      for (const [, asked] of text.matchAll(specifier)) names.add(nameOf(asked!));
    },
    isUnused: (path) =>
      !anyMayBe && script.test(path) && modules.test(path) && !found.test(path) && !names.has(nameOf(path)),
  };
}

/** `rate-limit.service` of `../services/rate-limit.service.ts`; the folder's of an index. */
const nameOf = (path: string): string =>
  path
    .replace(/\.(?:[mc]?[jt]s|[jt]sx)$/, '')
    .replace(/\/index$/, '')
    .split('/')
    .at(-1)!;

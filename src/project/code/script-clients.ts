/** Which key a client of supabase-js holds, by where it is made: in the file, in a module that it imports, or by a caller. */
import {
  argumentsIn,
  type Declaration,
  declarationAt,
  declarationsOf,
  escaped,
  parameterOf,
  remembered,
} from './declarations.ts';

const code = /\.(?:[mc]?[jt]s|[jt]sx|vue|svelte|dart|swift|kt)$/;

/** Names of clients that hold the service key. */
export const isServerName = /admin|service|privileged|root/i;

export const holdsServiceKey = (text: string) =>
  /service_?-?role|service_?key|secret_?key|sb_secret|createAdmin|supabaseAdmin/i.test(text);

const mostClients = 20;
/** From a function that is given its client to who gives it. */
const mostCallers = 2;

/** Whether the client of that name, asked on that line, holds the anon key. */
export function clientsOf(
  path: string,
  text: string,
  modules: Modules,
  hops = 0,
): (client: string, line: number) => boolean {
  const known = new Map<string, boolean>();
  const imports = importsOf(text);
  const look = (client: string): boolean => {
    const makers = makersOf(client, text);
    const sources = [client, ...makers];
    const keys = sources.flatMap((source) => {
      const from = imports.filter(({ names }) => names.has(source));
      if (from.length > 0)
        return from.map(({ specifier, original }) => {
          if (specifier.startsWith('@supabase/')) return modules.key(path, client);
          const module = modules.resolve(specifier, path);
          return module === undefined ? null : modules.key(module, original(source));
        });
      // A function of the file's own that makes one.
      const own = source === client ? undefined : declarationsOf(text).find(({ name }) => name === source);
      return own !== undefined && callsMaker.test(own.text) ? [keyOfDeclaration(own)] : [];
    });
    // One name for several clients of the file: which of them is asked is not known.
    return (
      keys.length > 0 &&
      keys.every((key) => key === 'anon') &&
      (!holdsServiceKey(text) || keys.length >= Math.max(makers.length, 1))
    );
  };
  const isMade = (name: string) => {
    if (!known.has(name)) known.set(name, known.size < mostClients && look(aliased(name, text)));
    return known.get(name)!;
  };
  const handed = new Map<string, boolean>();
  const isHanded = (name: string, line: number) => {
    const around = hops < mostCallers ? declarationAt(text, line) : undefined;
    if (around === undefined) return false;
    const asked = `${around.line} ${name}`;
    if (!handed.has(asked))
      handed.set(
        asked,
        handed.size < mostClients && isHandedAnon(aliased(name, text), around, path, modules, hops),
      );
    return handed.get(asked)!;
  };
  return (name, line) => isMade(name) || isHanded(name, line);
}

/** What `const supabase = await make(…)` calls. */
export function makersOf(client: string, text: string): readonly string[] {
  const made = new RegExp(
    `(?:\\b(?:const|let|var)\\s{1,4}(?:\\{[^{}]{0,80})?|\\bthis\\.)${escaped(client)}\\b[^=;]{0,80}=\\s{0,20}(?:await\\s{1,4})?(\\w{1,80})\\s{0,4}(?:<[^()]{0,80}>)?\\(`,
    'g',
  );
  return [...new Set([...text.matchAll(made)].map(([, maker]) => maker!))];
}

/** `const db = supabase as any`: what is asked is the other one. */
function aliased(client: string, text: string): string {
  const all = [
    ...text.matchAll(
      new RegExp(
        `\\b(?:const|let)\\s{1,4}${escaped(client)}\\s{0,4}=\\s{0,4}\\(?([\\w$]{1,80})(?:\\s{1,4}as\\s{1,4}[\\w.]{1,60})?\\)?\\s{0,4}[;\\n]`,
        'g',
      ),
    ),
  ].map(([, other]) => other!);
  return new Set(all).size === 1 ? all[0]! : client;
}

/** Neither made nor imported in the file, as far as that shows, which holds no service key. */
export const isUnseen = (client: string, text: string): boolean =>
  !isServerName.test(client) &&
  !holdsServiceKey(text) &&
  !importsOf(text).some(({ names }) => names.has(client)) &&
  !new RegExp(
    `\\b(?:const|let|var|final)\\s{1,4}(?:\\{[^{}]{0,80})?${escaped(client)}\\b[^=;]{0,80}=|\\bthis\\.${escaped(client)}\\s{0,4}=`,
  ).test(text);

/** A parameter of a function, and all who call that one give it a client that holds the anon key. */
function isHandedAnon(
  client: string,
  around: Declaration,
  path: string,
  modules: Modules,
  hops: number,
): boolean {
  const at = parameterOf(around, client);
  if (at === -1 || makersOf(client, around.text).length > 0) return false;
  const callers = modules.importers(path, around.name);
  const given = [...callers, path].flatMap((caller) => {
    const theirs = modules.text(caller);
    const isAnon = clientsOf(caller, theirs, modules, hops + 1);
    return callsTo(around.name, theirs).map(
      ({ args, line: there }) => /^[\w$]+$/.test(args[at] ?? '') && isAnon(args[at]!, there),
    );
  });
  return given.length > 0 && given.every((each) => each);
}

const mostCallsTo = 50;

/** Where a function of that name is called, and with what. */
export function callsTo(
  name: string,
  text: string,
): { readonly args: readonly string[]; readonly line: number }[] {
  const calls = [
    ...text.matchAll(new RegExp(`(?<![\\w$.]|function )${escaped(name)}\\s{0,4}(?:<[^()]{0,80}>)?\\(`, 'g')),
  ];
  return calls.slice(0, mostCallsTo).map((match) => {
    const from = match.index + match[0].length;
    return {
      args: argumentsIn(text.slice(from, from + 2_000)) ?? [],
      line: text.slice(0, match.index).split('\n').length,
    };
  });
}

interface Import {
  readonly names: ReadonlySet<string>;
  readonly specifier: string;
  /** As the module calls what is imported by that name. */
  original(name: string): string;
}

const importsOf = remembered((text: string): readonly Import[] =>
  [...text.matchAll(/\bfrom\s{1,4}['"]([^'"\n]{1,200})['"]/g)].flatMap((match) => {
    const head = text.slice(Math.max(0, match.index - 2_000), match.index);
    const start = head.lastIndexOf('import');
    if (start === -1) return [];
    const list = head.slice(start);
    const original = (name: string) =>
      new RegExp(`([\\w$]{1,80})\\s{1,4}as\\s{1,4}${escaped(name)}(?![\\w$])`).exec(list)?.[1] ?? name;
    return [{ names: new Set(list.match(/[\w$]+/g)), specifier: match[1]!, original }];
  }),
);

export interface Modules {
  /** Path of the file that a specifier leads to, relative or by an alias; undefined where it is none or several. */
  resolve(specifier: string, importer: string): string | undefined;
  /** Which key the client holds that a file makes or hands on by that name; null where it has none. */
  key(path: string, name: string): Key | null;
  /** Files that import that name from there. */
  importers(path: string, name: string): readonly string[];
  text(path: string): string;
}

type Key = 'anon' | 'unknown';

const mostImports = 100;
/** Files between a client and who calls it: `lib/supabase.ts`, an index, a loader. */
const mostHops = 3;

export function modulesIn(texts: ReadonlyMap<string, string>): Modules {
  const byLastPart = new Map<string, string[]>();
  for (const path of texts.keys()) {
    const plain = path.replace(code, '').replace(/\/index$/, '');
    const last = plain.split('/').at(-1)!;
    const known = byLastPart.get(last);
    if (known === undefined) byLastPart.set(last, [plain]);
    else known.push(plain);
  }
  const fileOf = (plain: string) =>
    ['ts', 'js', 'tsx', 'jsx', 'mts', 'mjs']
      .flatMap((ending) => [`${plain}.${ending}`, `${plain}/index.${ending}`])
      .find((path) => texts.has(path));
  const resolve = (specifier: string, importer: string) => {
    const isRelative = specifier.startsWith('.');
    const parts = isRelative ? importer.split('/').slice(0, -1) : [];
    for (const part of specifier.replace(code, '').split('/')) {
      if (part === '..') parts.pop();
      // `@/lib`, `~/lib`, `$lib`.
      else if (part !== '.' && !/^[@~$]?$/.test(part)) parts.push(part.replace(/^\$(?=lib$)/, ''));
    }
    const plain = parts.join('/').replace(/\/index$/, '');
    if (isRelative) return fileOf(plain);
    const found = (byLastPart.get(plain.split('/').at(-1)!) ?? []).filter(
      (each) => each === plain || each.endsWith(`/${plain}`),
    );
    // An alias in two apps of the repository is that of the app that it stands in.
    const near = nearest(found, importer);
    return near === undefined ? undefined : fileOf(near);
  };
  const keys = new Map<string, Key | null>();
  const look = (path: string, name: string, hops: number): Key | null => {
    const text = texts.get(path)!;
    const own = declarationsOf(text).find((each) => each.name === name);
    const makes = makesClient(text);
    if (own !== undefined && makes && callsMaker.test(own.text) && keyOfDeclaration(own) === 'anon')
      return 'anon';
    if (holdsServiceKey(text)) {
      // Of several clients of a file, the one that is asked for may be another.
      const isAnother =
        own !== undefined &&
        hops < mostHops &&
        !isServerName.test(name) &&
        !holdsServiceKey(own.text) &&
        !callsMaker.test(own.text);
      return isAnother ? (handedOn(path, name, own, hops) ?? 'unknown') : 'unknown';
    }
    if (makes) return holdsAnonKey(text) ? 'anon' : 'unknown';
    return hops === mostHops ? null : handedOn(path, name, own, hops);
  };
  const handedOn = (path: string, name: string, own: Declaration | undefined, hops: number): Key | null => {
    const text = texts.get(path)!;
    const keysOf = (specifiers: readonly string[]) => {
      const modules = specifiers.flatMap((specifier) => resolve(specifier, path) ?? []);
      const holding = modules.filter((module) =>
        declarationsOf(texts.get(module)!).some((each) => each.name === name),
      );
      return (holding.length > 0 ? holding : modules).flatMap((module) => {
        if (module === path) return [];
        const called = own === undefined ? [] : makersIn(own.text, texts.get(module)!);
        return (called.length > 0 ? called : [name]).flatMap((each) => key(module, each, hops + 1) ?? []);
      });
    };
    const named = own === undefined ? [] : importsOf(text).filter(({ names }) => sharesWord(names, own.text));
    const byName = keysOf(named.map(({ specifier }) => specifier));
    const handed =
      byName.length > 0
        ? byName
        : keysOf(
            [...text.matchAll(/\b(?:from\s{1,4}|import\(\s{0,4})['"]([^'"\n]{1,200})['"]/g)]
              .slice(0, mostImports)
              .map(([, specifier]) => specifier!),
          );
    return handed.length === 0 ? null : handed.every((each) => each === 'anon') ? 'anon' : 'unknown';
  };
  const key = (path: string, name: string, hops: number) => {
    const asked = `${path} ${name}`;
    let known = keys.get(asked);
    if (known === undefined) {
      // Files that import each other.
      keys.set(asked, null);
      known = look(path, name, hops);
      keys.set(asked, known);
    }
    return known;
  };
  let imported: ReadonlyMap<string, readonly string[]> | null = null;
  const importers = (path: string, name: string) => {
    imported ??= importersIn(texts, resolve);
    return imported.get(`${path} ${name}`) ?? [];
  };
  return {
    resolve,
    key: (path, name) => key(path, name, 0),
    importers,
    text: (path) => texts.get(path)!,
  };
}

const sharesWord = (names: ReadonlySet<string>, text: string) =>
  (text.match(/[\w$]+/g) ?? []).some((word) => names.has(word) && !/^(?:import|type|from|as)$/.test(word));

/** What a text calls of another file's. */
const makersIn = (text: string, module: string) => {
  const words = new Set(text.match(/[\w$]+/g));
  return declarationsOf(module).flatMap(({ name }) => (words.has(name) ? [name] : []));
};

function importersIn(
  texts: ReadonlyMap<string, string>,
  resolve: Modules['resolve'],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [path, text] of texts) {
    if (!/\.(?:[mc]?[jt]s|[jt]sx)$/.test(path)) continue;
    for (const { names, specifier } of importsOf(text).slice(0, mostImports)) {
      const module = specifier.startsWith('@supabase/') ? undefined : resolve(specifier, path);
      if (module === undefined) continue;
      for (const name of names) {
        const known = found.get(`${module} ${name}`);
        if (known === undefined) found.set(`${module} ${name}`, [path]);
        else known.push(path);
      }
    }
  }
  return found;
}

/** The one that shares the most folders with the file; undefined where several share as many. */
function nearest(paths: readonly string[], file: string): string | undefined {
  const folders = file.split('/').slice(0, -1);
  const shared = (path: string) => {
    const parts = path.split('/');
    const apart = folders.findIndex((folder, at) => folder !== parts[at]);
    return apart === -1 ? folders.length : apart;
  };
  const most = Math.max(...paths.map(shared));
  const [first, ...others] = paths.filter((path) => shared(path) === most);
  return others.length === 0 ? first : undefined;
}

const callsMaker = /\bcreate\w{0,40}Client\s{0,4}(?:<[^()]{0,80}>)?\(/;

const keyOfDeclaration = ({ text }: Declaration): Key =>
  holdsAnonKey(text) && !holdsServiceKey(text) ? 'anon' : 'unknown';

const makesClient = (module: string) =>
  importsOf(module).some(
    ({ names, specifier }) =>
      specifier.startsWith('@supabase/') && [...names].some((name) => /^create\w*Client$/.test(name)),
  );

const holdsAnonKey = (module: string) =>
  /anon_?key|publishable|['"]eyJ/i.test(module) ||
  // What a browser's bundle may hold.
  /\b(?:NEXT_PUBLIC|VITE|EXPO_PUBLIC|REACT_APP|NUXT_PUBLIC|PUBLIC)_\w{0,40}SUPABASE\w{0,40}KEY\b/.test(
    module,
  ) ||
  /create(?:Browser|ClientComponent|RouteHandler|ServerComponent|ServerAction|Pages(?:Server|Browser)|Middleware)/.test(
    module,
  );

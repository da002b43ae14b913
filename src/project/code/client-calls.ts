/**
 * What the application's own code asks of the database, as far as its text shows it: `.from('note').delete()`, on a client
 * that holds the anon key or on another. Nothing is run and nothing is resolved but relative and aliased imports: what the text
 * does not show is left out.
 */
import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientCall, StorageCall } from '../../model/client.ts';
import type { Call } from './call.ts';
import {
  appClientsIn,
  callsInApp,
  isAppCode,
  isAppTest,
  isServerClient,
  mentionsServer,
} from './calls-in-app.ts';
import { callsInScript } from './calls-in-script.ts';
import { madeClientsOf } from './clients-made.ts';
import {
  clientsOf,
  holdsServiceKey,
  isServerName,
  isUnseen,
  type Modules,
  modulesIn,
} from './script-clients.ts';
import { type BucketCall, bucketCallsIn } from './storage-calls.ts';
import { importsIn } from './unused-files.ts';

/** Files of the repository's code, bytes of one of them: what is more is no application written by hand. */
const mostFiles = 20_000;
const largestFile = 512 * 1024;

const code = /\.(?:[mc]?[jt]s|[jt]sx|vue|svelte|dart|swift|kt)$/;
/** Neither tests nor tools nor what was built. */
const noApplication =
  /^(?:\.|node_modules$|dist$|build$|out$|coverage$|vendor$|public$|static$|scripts?$|tests?$|__tests__$|__mocks__$|mocks?$|e2e$|cypress$|playwright$|fixtures$|stories$|examples?$|docs$|seeds?$|archive$)/i;
const noApplicationFile = /\.(?:test|spec|stories|d|config|min)\.[^.]+$/i;

/**
 * Calls in the code of the repository, in the order of paths and lines. Where the repository holds several projects, of
 * the code beside this one. Never throws: a file that can't be read is none.
 */
export function readCode(repositoryRoot: string, projectPath: string, schema: string): Code {
  const { files, projects } = listCode(repositoryRoot);
  const below = projects.length > 1 && projectPath !== '.' ? `${projectPath}/` : '';
  const texts = new Map<string, string>();
  const imports = importsIn();
  let accounts = false;
  for (const path of files.filter((each) => each.startsWith(below)).sort()) {
    const text = readText(join(repositoryRoot, path));
    if (text === null) continue;
    imports.read(path, text);
    if (text.includes('upabase')) texts.set(path, text);
    else accounts ||= knowsAccounts.test(text);
  }
  for (const path of [...texts.keys()]) if (imports.isUnused(path)) texts.delete(path);
  return codeIn(texts, schema, accounts);
}

export interface Code {
  readonly clientCalls: readonly ClientCall[];
  readonly storageCalls: readonly StorageCall[];
}

export const noCode: Code = { clientCalls: [], storageCalls: [] };

/**
 * The same of texts by their paths. `schema`: where a name without one is looked for. `accounts`: code beside them knows
 * accounts of its own.
 */
export function codeIn(texts: ReadonlyMap<string, string>, schema: string, accounts = false): Code {
  const modules = modulesIn(texts);
  const apps = appsIn(texts, schema);
  // A file or two are no application.
  const sessions = texts.size < 4 || [...texts.values()].some(signsIn);
  const strangers = !sessions && !accounts && ![...texts.values()].some((text) => knowsAccounts.test(text));
  const storageCalls: StorageCall[] = [];
  const clientCalls = [...texts].flatMap(([path, text]) => {
    const app = apps.get(languageOf(path));
    const found = isAppCode(path) ? callsOfApp(text, app !== undefined) : callsOfScript(path, text, modules);
    for (const { client, ...call } of found.buckets)
      storageCalls.push({ path, by: byOfBucket(found, client, path, text, call.line), ...call });
    const signUps = linesOf(/\bauth\s{0,4}[?!]?\.signUp\s{0,4}\(/, text);
    // A form may have it of a hook: `const { signUp } = useAuth()`.
    const asked = linesOf(/\bsignUp\s{0,4}\(/, text);
    return found.calls.flatMap(({ name, schema: written, commands, client, ...call }) =>
      commands.map((command) => ({
        path,
        by: found.by(client, call.line),
        object: `${written ?? app ?? schema}.${name}`,
        command,
        ...call,
        ...(signUps.some((line) => call.line >= line && call.line - line <= closeBehind) && {
          afterSignUp: true,
        }),
        ...(asked.some((line) => line >= call.line && line - call.line <= closeBehind) && {
          beforeSignUp: true,
        }),
        ...(!sessions && { withoutSession: true }),
        ...(strangers && { withoutAccounts: true }),
      })),
    );
  });
  return { clientCalls, storageCalls };
}

function byOfBucket(
  { by }: Found,
  client: string,
  path: string,
  text: string,
  line: number,
): StorageCall['by'] {
  const asked = by(client, line);
  return asked === 'other' && !isEdgeFunction.test(path) && isUnseen(client, text) ? 'handed' : asked;
}

/** Somebody gets a session there: in a browser, an app, or a server that keeps it in cookies. A plain server keeps it to itself. */
const signsIn = (text: string): boolean =>
  // An application has sessions of its own by that name too.
  /\bsignIn\w{0,40}\b|\bsignUp\b|\.\s{0,4}setSession\b|,\s{0,4}setSession\s{0,4}\]|\bverifyO[Tt][Pp]\b|\bexchangeCodeForSession\b|\baccessToken\s{0,4}:|auth[-_]ui\b/.test(
    text,
  ) &&
  (!answersAsServer.test(text) || /cookie|@supabase\/(?:ssr|auth-helpers)/i.test(text));

/** A password is asked for, or another library signs people in. */
const knowsAccounts =
  /\btype\s{0,4}[=:]\s{0,4}\{?['"]password['"]|\b(?:log_?[iI]n|[sS]ignIn|[aA]uthenticate)\w{0,40}\s{0,4}\(|['"](?:next-auth|@clerk\/|firebase\/auth|@auth0\/|@react-oauth\/|lucia|better-auth)|\bobscureText\b|\bSecureField\b|\bPasswordVisualTransformation\b/;

/** `res.json()` reads what a server answered. */
const answersAsServer =
  /\b(?:require\(|from\s{1,4})['"](?:express|fastify|koa|@hapi\/hapi)['"]|\bres\s{0,4}\.\s{0,4}(?:status|json|send)\s{0,4}\((?!\s{0,4}\))/;

/** Lines that still belong to what a form of registration does. */
const closeBehind = 60;

const linesOf = (signUp: RegExp, text: string): readonly number[] =>
  /\bsignUp\b/.test(text) ? text.split('\n').flatMap((line, at) => (signUp.test(line) ? [at + 1] : [])) : [];

interface Found {
  readonly calls: readonly Call[];
  readonly buckets: readonly BucketCall[];
  /** As whom the client of that name asks. */
  readonly by: (client: string, line: number) => ClientCall['by'];
}

const others = () => 'other' as const;
const usersIf =
  (isUsers: (client: string, line: number) => boolean): Found['by'] =>
  (client, line) =>
    isUsers(client, line) ? 'user' : 'other';

function callsOfScript(path: string, text: string, modules: Modules): Found {
  if (!/\.(?:from|rpc|deleteUser)\b/.test(text)) return { calls: [], buckets: [], by: others };
  const calls = callsInScript(text);
  const buckets = bucketCallsIn(text);
  if (isEdgeFunction.test(path)) return { calls, buckets, by: madeClientsOf(text) };
  const isServers = holdsServiceKey(text);
  const isAnon = !isServers && runsInBrowser(path, text) ? () => true : clientsOf(path, text, modules);
  const byUser = usersIf((client, line) => !isServerName.test(client) && isAnon(client, line));
  if (!isServers || calls.length + buckets.length === 0) return { calls, buckets, by: byUser };
  const made = madeClientsOf(text);
  return {
    calls,
    buckets,
    by: (client, line) => {
      const asked = byUser(client, line);
      return asked === 'other' && made(client, line) === 'server' ? 'server' : asked;
    },
  };
}

function callsOfApp(text: string, isApps: boolean): Found {
  if (!/\.(?:from|rpc)\b|\bpostgrest\b/.test(text)) return { calls: [], buckets: [], by: others };
  const isUsers = isApps && !mentionsServer(text) ? (client: string) => !isServerClient(client) : () => false;
  return { calls: callsInApp(text), buckets: [], by: usersIf(isUsers) };
}

const isEdgeFunction = /(?:^|\/)supabase\/functions\//;

const languageOf = (path: string) => path.slice(path.lastIndexOf('.'));

/** The schema that clients of each language of apps ask; none where a server is among them, or several schemas are. */
function appsIn(texts: ReadonlyMap<string, string>, schema: string): ReadonlyMap<string, string> {
  const byLanguage = new Map<string, string[]>();
  for (const [path, text] of texts) {
    if (!isAppCode(path)) continue;
    const known = byLanguage.get(languageOf(path));
    if (known === undefined) byLanguage.set(languageOf(path), [text]);
    else known.push(text);
  }
  return new Map(
    [...byLanguage].flatMap(([language, all]) => {
      const { server, schemas } = appClientsIn(all);
      return server || schemas.length > 1 ? [] : [[language, schemas[0] ?? schema]];
    }),
  );
}

/** One after the other and without waiting: for thousands of small files that takes a fifth of the time. */
function listCode(root: string): { files: readonly string[]; projects: readonly string[] } {
  const files: string[] = [];
  const projects: string[] = [];
  const folders = [''];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    for (const entry of entriesOf(join(root, folder))) {
      const path = `${folder}${entry.name}`;
      // A link is neither: what it leads to may lie outside.
      if (entry.isDirectory()) {
        if (entry.name === 'supabase' && isProject(join(root, path))) {
          projects.push(path);
          folders.push(`${path}/functions/`);
        } else if (
          !noApplication.test(entry.name) ||
          isPackage(folder, entry.name) ||
          isOfPages(root, folder, entry.name)
        )
          folders.push(`${path}/`);
      } else if (entry.isFile() && code.test(entry.name) && !noApplicationFile.test(entry.name)) {
        if (isAppCode(path) && isAppTest(path)) continue;
        if (files.push(path) === mostFiles) return { files, projects };
      }
    }
  }
  return { files, projects };
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Below `src/main/java` and the like folders are packages: `com/example/notes`, `features/docs`. */
const isPackage = (folder: string, name: string) =>
  /\/(?:java|kotlin)\//.test(folder) && /^(?:examples?|docs|public|static|archive|vendor)$/.test(name);

/** Where Astro keeps what its pages load: elsewhere scripts are tools. */
const isOfPages = (root: string, folder: string, name: string) =>
  name === 'scripts' &&
  /(?:^|\/)src\/$/.test(folder) &&
  entriesOf(join(root, folder, '..')).some((entry) => entry.name.startsWith('astro.config.'));

/** `src/lib/supabase` is the home of a client, and no project. */
const isProject = (folder: string) =>
  ['config.toml', 'migrations', 'functions'].some((name) => existsSync(join(folder, name)));

function readText(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8');
    return text.length > largestFile ? null : text;
  } catch {
    return null;
  }
}

/** Code that a browser (or an app) runs: the service key is never there. */
function runsInBrowser(path: string, text: string): boolean {
  if (/^[ \t]{0,40}['"]use server['"]/m.test(text)) return false;
  // Flutter's code is the app itself.
  if (/\.(?:vue|svelte|dart)$/.test(path)) return true;
  return (
    /^(?:\s|\/\/[^\n]*\n|\/\*[^*]*\*\/)*['"]use client['"]/.test(text.slice(0, 4_000)) ||
    /\b(?:useState|useEffect|useLayoutEffect|useReducer|useQuery|useMutation|useInfiniteQuery|useSWR|useRouter|useNavigate)\s{0,4}[(<]/.test(
      text,
    )
  );
}

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { codeIn, readCode } from '../../src/project/code/client-calls.ts';

const clientCallsIn = (texts: ReadonlyMap<string, string>, schema: string) =>
  codeIn(texts, schema).clientCalls;

const told = (files: Readonly<Record<string, string>>) =>
  clientCallsIn(new Map(Object.entries(files)), 'public')
    .filter(({ by }) => by === 'user')
    .map(({ path, line, object, command }) => `${path}:${line} ${command} ${object}`);

const browserClient = `import { createClient } from '@supabase/supabase-js';
export const supabase = createClient(import.meta.env.VITE_SUPABASE_URL, import.meta.env.VITE_SUPABASE_ANON_KEY);`;
const serverClient = `import { createClient } from '@supabase/supabase-js';
export const supabase = createClient(url, process.env.SUPABASE_SERVICE_ROLE_KEY);`;

describe('calls of the application', () => {
  test('where nobody signs in, and where no code knows accounts at all', () => {
    const asked = (...others: string[]) => {
      const page = `import { supabase } from './supabase.ts'; useState(0); supabase.from('note').delete();`;
      const texts = [browserClient, page, page, ...others].map((text, at): [string, string] => [
        at === 0 ? 'src/supabase.ts' : `src/page${at}.tsx`,
        text,
      ]);
      const { withoutSession, withoutAccounts } = clientCallsIn(new Map(texts), 'public')[0]!;
      return [withoutSession, withoutAccounts];
    };
    const page = `import { supabase } from './supabase.ts';`;
    expect(asked(`${page} const read = supabase.from('note').select();`)).toEqual([true, true]);
    // A function of the application's own is none of the library's.
    expect(asked(`${page} function setSession(s) { sessionStorage.setItem('s', s); }`)).toEqual([true, true]);
    expect(asked(`${page} await supabase.auth.setSession(tokens);`)).toEqual([undefined, undefined]);
    // It reads what a server answers.
    expect(
      asked(`${page} fetch(url).then((res) => res.json()); await supabase.auth.signInWithPassword(form);`),
    ).toEqual([undefined, undefined]);
    expect(asked(`${page} return <input type="password" />;`)).toEqual([true, undefined]);
  });

  test('behind a question whether the user is an administrator', () => {
    const asking = (code: string) =>
      clientCallsIn(new Map([['src/a.tsx', `'use client';\n${code}`]]), 'public').map(
        ({ asksRole }) => asksRole,
      );
    const remove = "await supabase.from('note').delete().eq('id', id);";
    expect(
      [
        `async function remove(id) { if (profile?.role !== 'admin') { toast('no'); return; } ${remove} }`,
        `const remove = async (id: string) => { try { if (role !== 'lead' && role !== 'admin') { return answer({ error: 'no' }, { status: 403 }); } ${remove} } finally { done(); } };`,
        `const remove = async (id: string) => { if (!isAdmin) throw new Error('no'); ${remove} };`,
        `const remove = async () => { if (user.isAdmin) { ${remove} } };`,
      ].map((code) => asking(code)),
    ).toEqual([[true], [true], [true], [true]]);
    expect(
      [
        // The owner comes through as well.
        `async function remove(note) { if (note.user_id !== user.id && role !== 'admin') return; ${remove} }`,
        // Administrators are kept out, and what another function asks is not asked here.
        `async function remove(id) { if (role === 'admin') return; ${remove} }`,
        `function other() { if (!isAdmin) return; } async function remove(id) { ${remove} }`,
        `const remove = async () => { if (!isAdmin) { ${remove} } };`,
        `const remove = async () => { if (role === 'admin') { log(); } ${remove} };`,
      ].map((code) => asking(code)),
    ).toEqual([[false], [false], [false], [false], [false]]);
  });

  test('by a module of the server alone that makes its client with the anon key', () => {
    const made = (key: string) => ({
      'lib/server.ts': `import 'server-only';\nimport { createServerClient } from '@supabase/ssr';\nexport const createClient = () => createServerClient(url, process.env.${key}, { cookies });`,
      'app/note/route.ts': `import { createClient } from '@/lib/server';\nconst supabase = await createClient();\nawait supabase.from('note').delete().eq('id', id);`,
    });
    expect(told(made('NEXT_PUBLIC_SUPABASE_ANON_KEY'))).toEqual(['app/note/route.ts:3 delete public.note']);
    expect(told(made('SUPABASE_SERVICE_ROLE_KEY'))).toEqual([]);
  });

  test('in code that a browser runs', () => {
    expect(
      told({
        'src/a.tsx': `'use client';\nsupabase\n  .from('note')\n  .delete()\n  .eq('id', id);`,
        'src/b.ts': `const [a, b] = useState(1);\nawait supabase.from("note").upsert({ id });`,
        'src/c.vue': `await (supabase as any).from(\`note\` as never).update({ id });`,
        'lib/notes.dart': `await Supabase.instance.client.from('note').insert({'body': body});`,
        'src/cast.tsx': `useEffect(() => { supabase.from(<any>'note').delete(); supabase.rpc(<never>'totals'); });`,
        'src/d.tsx': `useEffect(() => { supabase.rpc('totals', {}); client.schema('api').from('note').select('*'); });`,
      }),
    ).toEqual([
      'src/a.tsx:3 delete public.note',
      'src/b.ts:2 insert public.note',
      'src/b.ts:2 update public.note',
      'src/c.vue:1 update public.note',
      'lib/notes.dart:1 insert public.note',
      'src/cast.tsx:1 delete public.note',
      'src/cast.tsx:1 execute public.totals',
      'src/d.tsx:1 execute public.totals',
      'src/d.tsx:1 select api.note',
    ]);
  });

  test('by a client that holds the anon key, wherever that is made', () => {
    const call = `await supabase.from('note').insert({});`;
    expect(
      told({
        'src/lib/supabase/client.ts': browserClient,
        'src/notes/a.ts': `import { supabase } from '../lib/supabase/client';\n${call}`,
        'src/notes/b.ts': `import { supabase } from '@/lib/supabase/client';\n${call}`,
        'src/notes/c.ts': `import { make } from '~/lib/supabase/client';\nconst supabase = await make<Database>();\n${call}`,
        'src/notes/d.ts': `${browserClient}\n${call}`,
        'src/lib/lazy.ts': `export const load = async () => (await import('./supabase/client')).supabase;`,
        'src/lib/index.ts': `export { load } from './lazy';`,
        'src/notes/e.ts': `import { load } from '@/lib/lazy';\nconst supabase = await load();\n${call}`,
        'src/notes/f.ts': `import { load } from '../lib';\nconst supabase = await load();\n${call}`,
      }),
    ).toEqual([
      'src/notes/a.ts:2 insert public.note',
      'src/notes/b.ts:2 insert public.note',
      'src/notes/c.ts:3 insert public.note',
      'src/notes/d.ts:3 insert public.note',
      'src/notes/e.ts:3 insert public.note',
      'src/notes/f.ts:3 insert public.note',
    ]);
  });

  test('not by one that holds the service key, nor by one of which nothing is known', () => {
    const call = `await supabase.from('note').insert({});`;
    expect(
      told({
        'lib/server.ts': serverClient,
        'lib/client.ts': browserClient,
        'lib/both.ts': `export * from './server';\nexport * from './client';\nexport * from './both';`,
        'api/0.ts': `import { supabase } from '../lib/both';\n${call}`,
        'apps/a/db.ts': browserClient,
        'apps/b/db.ts': serverClient,
        'api/a.ts': `import { supabase } from '../lib/server';\n${call}`,
        'api/b.ts': `import { supabase } from '@acme/db';\n${call}`,
        'api/c.ts': `export const add = (supabase) => ${call}`,
        'api/d.ts': `import { supabase } from '@/db';\n${call}`,
        // One name, two clients.
        'api/e.ts': `import { make } from '../lib/server';\nimport { own } from '../lib/client';\n{ const supabase = own(); }\n{ const supabase = make(); ${call} }`,
        'src/f.tsx': `useState(0); supabaseAdmin.from('note').delete();`,
        'src/g.tsx': `'use server';\nuseState(0); ${call}`,
      }),
    ).toEqual([]);
  });

  test('not in comments, of buckets, or with a name that is made at run time', () => {
    expect(
      told({
        'src/a.tsx': [
          `useState(0);`,
          `// supabase.from('note').delete()`,
          ` * supabase.from('note').delete()`,
          `run(); // supabase.from('note').delete()`,
          `supabase.storage.from('files').update('a', b);`,
          `Array.from('note').map(String);`,
          `supabase.from(table).delete();`,
        ].join('\n'),
      }),
    ).toEqual([]);
  });

  test('name columns: selected, filtered by, ordered by and written', () => {
    const columns = (text: string) =>
      clientCallsIn(new Map([['a.vue', text]]), 'public').map((call) => call.columns.join(' '));
    expect(
      columns(
        `supabase.from('note').select('id, text:body, author:users!fk(name, team(title)), tags->a').eq('state', x).order("rank").single();\nother.eq('no', 1)`,
      ),
    ).toEqual(['id body tags state rank']);
    expect(
      columns(
        `supabase.from('note').update({\n  body,\n  "rank": user.level,\n  state: a ? b : c\n}).eq('id', id)`,
      ),
    ).toEqual(['id body rank state']);
    expect(columns(`supabase.from('a').select('x')\nsupabase.from('b').insert([{ y: 1 }])`)).toEqual([
      'x',
      'y',
    ]);
  });

  test('an upsert that leaves what is there alone updates nothing', () => {
    expect(
      told({ 'a.vue': `supabase.from('note').upsert(rows, { onConflict: 'id', ignoreDuplicates: true })` }),
    ).toEqual(['a.vue:1 insert public.note']);
  });

  test.each([
    ['names', `useState(0); ${'a'.repeat(400_000)}.from('a').select()`],
    ['calls', `useState(0);${`s.from('a').select();`.repeat(20_000)}`],
    ['clients', Array.from({ length: 20_000 }, (_, i) => `c${i}.from('a').select();`).join('')],
    ['lines', `${'\n'.repeat(400_000)}.from('a').select(`],
    ['imports', `${'import '.repeat(60_000)}c.from('a').select();`],
    ['spaces', `import${' '.repeat(400_000)}c.from('a').select(); const c${' '.repeat(90_000)}= d()`],
    ['slashes', `${'/'.repeat(400_000)}.from('a').select()`],
    ['quotes', `${`from '`.repeat(80_000)}c.from('a').select()`],
  ])('of a hostile file of many %s are read in no time', (_, text) => {
    const began = performance.now();
    told({ 'a.ts': text });
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('code of the repository', () => {
  test('a module that no file imports asks for nothing; what a framework finds by its place does', () => {
    const root = mkdtempSync(join(tmpdir(), 'guard-code-'));
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    const asks = (table: string) => `// supabase\n'use client';\nsupabase.from('${table}').select();\n`;
    const paths = () => readCode(root, '.', 'public').clientCalls.map(({ path }) => path);
    try {
      write('src/services/used.ts', asks('used'));
      write('src/services/lazy.ts', asks('lazy'));
      write('src/services/left-over.ts', asks('left'));
      write('src/hooks/index.ts', asks('hook'));
      write('src/pages/Home.tsx', asks('home'));
      write('supabase/functions/lib/own.ts', asks('own'));
      write(
        'src/main.ts',
        `import { x } from './services/used.js';\nconst y = () => import('./services/lazy');`,
      );
      expect(paths()).toEqual([
        'src/pages/Home.tsx',
        'src/services/lazy.ts',
        'src/services/used.ts',
        'supabase/functions/lib/own.ts',
      ]);
      // Whatever fits the pattern.
      write('src/all.ts', `export const all = import.meta.glob('./services/*.ts');`);
      expect(paths()).toContain('src/services/left-over.ts');
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  test('is what people write: no packages, tests, links or other projects', () => {
    const root = mkdtempSync(join(tmpdir(), 'guard-client-'));
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    const call = `useState(0); supabase.from('note').select();`;
    try {
      for (const path of [
        'apps/web/src/lib/supabase/notes.ts',
        'apps/web/src/notes.test.ts',
        'apps/web/__tests__/notes.ts',
        'apps/web/supabase/config.toml',
        'apps/web/supabase/functions/notes/index.ts',
        'apps/web/node_modules/a/index.js',
        'apps/web/astro.config.mjs',
        'apps/web/scripts/fill.ts',
        'apps/web/src/scripts/pages/notes.ts',
        'apps/web/src/tools/scripts/notes.ts',
        'apps/web/.next/notes.js',
        'apps/mobile/src/notes.ts',
        'apps/mobile/supabase/config.toml',
      ])
        write(path, call);
      write('apps/web/src/main.ts', `import './lib/supabase/notes';`);
      write('apps/web/src/large.ts', `${call}${' '.repeat(600_000)}`);
      symlinkSync(join(root, 'apps/mobile/src/notes.ts'), join(root, 'apps/web/src/linked.ts'));
      symlinkSync(join(root, 'apps/mobile'), join(root, 'apps/web/mobile'));
      const paths = readCode(root, 'apps/web', 'public').clientCalls.map(({ path }) => path);
      expect(paths).toEqual([
        'apps/web/src/lib/supabase/notes.ts',
        'apps/web/src/scripts/pages/notes.ts',
        'apps/web/supabase/functions/notes/index.ts',
      ]);
      expect(readCode(join(root, 'nowhere'), '.', 'public').clientCalls).toEqual([]);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

describe('the row that an insert given', () => {
  const written = (code: string) =>
    clientCallsIn(
      new Map([['src/a.tsx', `'use client';\nsupabase.from('note').insert(${code});`]]),
      'public',
    ).map(({ given }) => given);

  test.each([
    ['{ id, body: text }', ['id', 'body']],
    ["[{ 'id': 1, tags: ['a', `b ${c}`], meta: { slug: f(x, { y: 1 }) }, }]", ['id', 'tags', 'meta']],
    ['{\n  id, // slug: later\n  /* body */\n}', ['id']],
    ['{ id, ...rest }', null],
    ['{ [key]: 1 }', null],
    ['rows', null],
    ['{ id: "no end', null],
    ['{ day: x.replace(/^https?:\\/\\//, y), other: 2 }', null],
    ['{ half: a / b, other: 2 }', ['half', 'other']],
  ])('%s', (code, columns) => expect(written(code)).toEqual([columns]));
});

describe('whose client it is', () => {
  const by = (files: Readonly<Record<string, string>>) =>
    clientCallsIn(new Map(Object.entries(files)), 'public').map(({ path, by: whose }) => `${path} ${whose}`);
  const call = `import { supabase } from '@/lib/supabase';\nawait supabase.from('note').insert({ body });`;

  test('the server’s calls are kept as such: what is not there fails for them too', () => {
    expect(
      by({
        'src/lib/supabase.ts': serverClient,
        'src/a.ts': call,
        'supabase/functions/digest/index.ts': `await supabase.rpc('totals');`,
        'src/b.ts': `export const f = (supabase) => supabase.from('note').select('*');`,
      }),
    ).toEqual(['src/a.ts other', 'supabase/functions/digest/index.ts other', 'src/b.ts other']);
  });

  const clients = `import { createServerClient } from '@supabase/ssr';
// The session of the request.
export async function forRequest() {
  return createServerClient(process.env.NEXT_PUBLIC_SUPABASE_URL!, process.env.NEXT_PUBLIC_SUPABASE_ANON_KEY!, { cookies });
}
// Past every policy: the service role.
export function forJobs() {
  return createServerClient(process.env.NEXT_PUBLIC_SUPABASE_URL!, process.env.SUPABASE_SERVICE_ROLE_KEY!, { cookies });
}
`;

  test('of a file that makes several clients, each by its own key', () => {
    const add = (name: string) =>
      `import { ${name} } from '@/lib/clients';\nconst supabase = await ${name}();\nawait supabase.from('note').insert({});`;
    expect(
      by({
        'src/lib/clients.ts': `import 'server-only';\n${clients}`,
        'src/api/a/route.ts': add('forRequest'),
        'src/api/b/route.ts': add('forJobs'),
        'src/api/c/route.ts': `// not with the service role\n${add('forRequest')}`,
        'src/api/d/route.ts': `${add('forRequest')}\nconst supabase = createClient(url, process.env.SUPABASE_SERVICE_ROLE_KEY);`,
        'src/api/e/route.ts': add('forRequest as make').replace('await forRequest as make()', 'await make()'),
        'src/api/f/route.ts': `${add('forRequest').replace(/\nawait supabase/, '\nconst db = supabase as any;\nawait db')}`,
        'src/api/g/route.ts': `import { createRouteHandlerClient } from '@supabase/auth-helpers-nextjs';\nconst supabase = createRouteHandlerClient({ cookies });\nawait supabase.from('note').insert({});`,
        'src/api/h/route.ts': `import { createServerClient } from '@supabase/ssr';\nconst own = () => createServerClient(url, anonKey, { cookies });\nasync function run() {\n  const supabase = own();\n  await supabase.from('note').insert({});\n}`,
      }),
    ).toEqual([
      'src/api/a/route.ts user',
      'src/api/b/route.ts other',
      'src/api/c/route.ts user',
      'src/api/d/route.ts other',
      'src/api/e/route.ts user',
      'src/api/f/route.ts user',
      'src/api/g/route.ts user',
      'src/api/h/route.ts user',
    ]);
  });

  test('of a function that is given its client, by who calls it', () => {
    const service = (name: string) =>
      `import type { SupabaseClient } from '@supabase/supabase-js';\nexport async function ${name}(id: string, supabase: SupabaseClient) {\n  await supabase.from('note').delete().eq('id', id);\n}\n`;
    const calls = (made: string, name: string) =>
      `import { ${made} } from '../lib/clients';\nimport { ${name} } from '../notes/${name}';\nexport async function POST() {\n  const db = await ${made}();\n  await ${name}(id, db); // supabase\n}\n`;
    expect(
      by({
        'src/lib/clients.ts': clients,
        'src/notes/remove.ts': service('remove'),
        'src/notes/clear.ts': service('clear'),
        'src/notes/purge.ts': service('purge'),
        'src/api/a.ts': calls('forRequest', 'remove'),
        'src/api/b.ts': calls('forRequest', 'clear'),
        'src/api/c.ts': calls('forJobs', 'clear'),
      }),
    ).toEqual(['src/notes/remove.ts user', 'src/notes/clear.ts other', 'src/notes/purge.ts other']);
  });

  test('an alias is that of the app that it stands in; a public variable holds the anon key', () => {
    const own = browserClient.replace('VITE_SUPABASE_ANON_KEY', 'NEXT_PUBLIC_SUPABASE_PUB_KEY');
    expect(
      by({
        'apps/web/src/lib/supabase.ts': own,
        'apps/admin/src/lib/supabase.ts': serverClient,
        'apps/web/src/notes.ts': call,
        'apps/admin/src/notes.ts': call,
      }),
    ).toEqual(['apps/web/src/notes.ts user', 'apps/admin/src/notes.ts other']);
  });

  test('columns that are given the id of who signed in', () => {
    const own = (text: string) =>
      clientCallsIn(new Map([['src/a.tsx', `'use client';\n${text}`]]), 'public').map((call) => call.own);
    const insert = (value: string) =>
      `supabase.from('bill').insert({ payer_id: payer, clerk_id: ${value} });`;
    expect(own(`const { user } = useAuth();\n${insert('user!.id')}`)).toEqual([['clerk_id']]);
    expect(own(insert('session?.user.id'))).toEqual([['clerk_id']]);
    expect(own(insert('user.id'))).toEqual([[]]);
    expect(
      own(`const { user } = useAuth();\nusers.map(async (user) => { await ${insert('user.id')} });`),
    ).toEqual([[]]);
    expect(own(`const { user } = useAuth();\nsupabase.from('bill').insert(rows);`)).toEqual([[]]);
  });

  test('columns that are given an id, and null where there is none', () => {
    const given = (row: string) =>
      clientCallsIn(
        new Map([['src/a.tsx', `'use client'; // supabase\nsupabase.from('bill').insert({ ${row} });`]]),
        'public',
      ).flatMap(({ orNobody }) => orNobody ?? []);
    expect(given('a: user?.id ?? null, b: options.userId || null, c: user ? user.id : null')).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(given('a: isMember ? owner_id : null, b: me ? me.uid : null')).toEqual(['a', 'b']);
    // Neither a time nor a flag is an id.
    expect(given('a: x.done ? x.when : null, b: paid ?? null, c: user ? user.name : null')).toEqual([]);
  });

  test('an Edge Function with the anon key asks as a visitor, unless it hands the token on', () => {
    const asks = (client: string) =>
      clientCallsIn(
        new Map([
          ['supabase/functions/a/index.ts', `// supabase\nconst db = ${client};\nawait db.rpc('totals');`],
        ]),
        'public',
      ).map(({ by }) => by);
    const key = `Deno.env.get('SUPABASE_ANON_KEY') ?? ''`;
    expect(asks(`createClient(url, ${key})`)).toEqual(['visitor']);
    expect(asks(`createClient(url, ${key}, { auth: { persistSession: false } })`)).toEqual(['visitor']);
    expect(asks(`createClient(url, ${key}, { global: { headers: { Authorization: token } } })`)).toEqual([
      'other',
    ]);
    expect(asks(`createClient(url, ${key}, options)`)).toEqual(['other']);
    expect(asks(`createClient(url, Deno.env.get('SUPABASE_SERVICE_ROLE_KEY'))`)).toEqual(['server']);
    // With a user's token it asks as that user.
    expect(
      asks(
        `createClient(url, Deno.env.get('SERVICE_ROLE_KEY'), { global: { headers: { Authorization: token } } })`,
      ),
    ).toEqual(['other']);
  });

  test('an Edge Function that hands the token of the request on asks as its user', () => {
    const asks = (text: string) =>
      clientCallsIn(new Map([['supabase/functions/a/index.ts', `// supabase\n${text}`]]), 'public').map(
        ({ by }) => by,
      );
    const client = (token: string) =>
      `const db = createClient(url, Deno.env.get('SUPABASE_ANON_KEY')!, { global: { headers: { Authorization: ${token} } } });\n`;
    const call = `await db.from('bill').insert(row);`;
    expect(asks(`${client(`req.headers.get('Authorization')!`)}${call}`)).toEqual(['user']);
    const header = `const authHeader = req.headers.get('Authorization');\n`;
    expect(asks(`${header}${client('authHeader')}${call}`)).toEqual(['user']);
    const bare = `${header}const token = authHeader.replace('Bearer ', '');\n`;
    expect(asks(`${bare}${client('`Bearer ${token}`')}${call}`)).toEqual(['user']);
    // The service key under the name of a token, and a name that nothing gives.
    const key = `const token = Deno.env.get('SUPABASE_SERVICE_ROLE_KEY');\n`;
    expect(asks(`${key}${client('`Bearer ${token}`')}${call}`)).toEqual(['other']);
    expect(asks(`${client('token')}${call}`)).toEqual(['other']);
    // Handed to a function of the file, by all who call it.
    const written = `async function write(db: any, row: Row) {\n  ${call}\n}\n`;
    const made = client(`req.headers.get('Authorization')`).replace('const db', 'const own');
    expect(asks(`${written}Deno.serve(async (req) => {\n${made}write(own, row);\n});`)).toEqual(['user']);
    const admin = `const all = createClient(url, Deno.env.get('SUPABASE_SERVICE_ROLE_KEY'));\n`;
    expect(
      asks(`${written}Deno.serve(async (req) => {\n${made}${admin}write(own, row);\nwrite(all, row);\n});`),
    ).toEqual(['other']);
  });

  test('a name is what the function around it calls so, before what another makes by that name', () => {
    const asks = (path: string, text: string) =>
      clientCallsIn(new Map([[path, `// supabase\n${text}`]]), 'public').map(({ by: whose }) => whose);
    const service = `createClient(url, Deno.env.get('SUPABASE_SERVICE_ROLE_KEY'))`;
    const users = `createClient(url, Deno.env.get('SUPABASE_ANON_KEY'), { global: { headers: { Authorization: req.headers.get('Authorization') } } })`;
    const handler = (body: string) => `Deno.serve(async (req) => {\n  ${body}\n});\n`;
    const write = (parameters: string) =>
      `async function write(${parameters}) {\n  await supabase.from('bill').insert(row);\n}\n`;
    const both = handler(`const supabase = ${service};\n  const mine = ${users};\n  await write(mine, row);`);
    const edge = 'supabase/functions/a/index.ts';
    expect(asks(edge, write('supabase, row') + both)).toEqual(['user']);
    expect(asks(edge, write('{ supabase, row }') + both)).toEqual(['other']);
    expect(asks(edge, both.replace('const mine', `${write('supabase, row')}const mine`))).toEqual(['other']);
    expect(asks(edge, (write('supabase, row') + both).replace('(mine,', '(supabase,'))).toEqual(['server']);
    const route = `import { createClient } from '@supabase/supabase-js';\n${write('supabase, row')}`;
    const post = (name: string) =>
      `export async function POST(req) {\n  const supabase = createClient(url, process.env.SUPABASE_SERVICE_ROLE_KEY);\n  const mine = await forRequest();\n  await write(${name}, row);\n}\n`;
    expect(asks('src/app/bill/route.ts', route + post('mine'))).toEqual(['other']);
    expect(asks('src/app/bill/route.ts', route + post('supabase'))).toEqual(['server']);
    // Given another one later, and made once more by what is not known.
    const call = `await s.from('bill').insert(row);`;
    expect(asks(edge, handler(`let s = ${service};\n  if (token) s = ${users};\n  ${call}`))).toEqual([
      'other',
    ]);
    expect(asks(edge, handler(`const s = ${service};\n  ${call}`) + handler(`const s = make(req);`))).toEqual(
      ['other'],
    );
  });

  test('a token is what its name was given last, in the function that makes the client', () => {
    const asks = (text: string) =>
      clientCallsIn(new Map([['supabase/functions/a/index.ts', `// supabase\n${text}`]]), 'public').map(
        ({ by: whose }) => whose,
      );
    const client = `const db = createClient(url, Deno.env.get('SUPABASE_ANON_KEY')!, { global: { headers: { Authorization: token } } });\n  await db.from('bill').insert(row);`;
    const header = `const token = req.headers.get('Authorization');`;
    const other = `async function log(req) {\n  ${header}\n}\n`;
    const own = 'const token = await signService();';
    const run = (before: string, parameters = '') =>
      `async function run(${parameters}) {\n  ${before}\n  ${client}\n}\n`;
    expect(asks(other + run(own))).toEqual(['other']);
    expect(asks(other + run('', 'token'))).toEqual(['other']);
    expect(asks(run(`${header.replace('const', 'let')} if (job) token = await signService();`))).toEqual([
      'other',
    ]);
    expect(asks(`async function log() {\n  ${own}\n}\n${run(header, 'req')}`)).toEqual(['user']);
  });

  test('who deletes a user deletes a row of auth.users', () => {
    const text = `import { createClient } from '@supabase/supabase-js';
const service = createClient(url, process.env.SUPABASE_SERVICE_ROLE_KEY);
// service.auth.admin.deleteUser(old)
export const remove = (id) => service.auth.admin.deleteUser(id);`;
    expect(
      clientCallsIn(new Map([['src/remove.ts', text]]), 'public').map(({ line, object, command, by }) =>
        [line, object, command, by].join(' '),
      ),
    ).toEqual(['4 auth.users delete server']);
    // Taken back in the same function: that one has nothing yet.
    const make = 'const { data } = await service.auth.admin.createUser({ email });';
    const deletes = (functions: string) =>
      clientCallsIn(new Map([['src/users.ts', `${text.split('\n', 2).join('\n')}\n${functions}`]]), 'public')
        .length;
    const back = 'await service.auth.admin.deleteUser(id);';
    expect(deletes(`export async function create() {\n  ${make}\n  if (!data) ${back}\n}`)).toBe(0);
    expect(
      deletes(
        `export async function create() {\n  ${make}\n}\n\nexport async function remove(id) {\n  ${back}\n}`,
      ),
    ).toBe(1);
  });

  test('a form of registration asks before there is a user', () => {
    const text = (behind: string) => `import { useState } from 'react';
export function Form() {
  const look = (name) => supabase.rpc('is_taken', { name });
  ${behind}
}`;
    const asks = (behind: string) =>
      clientCallsIn(new Map([['src/Form.tsx', text(behind)]]), 'public').map(
        ({ beforeSignUp }) => beforeSignUp,
      );
    expect(asks('const send = () => signUp(name);')).toEqual([true]);
    expect(asks('const send = () => supabase.auth.signUp({ email });')).toEqual([true]);
    expect(asks('const send = () => signIn(name);')).toEqual([undefined]);
  });
});

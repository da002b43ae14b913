import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { codeIn, readCode } from '../../src/project/code/client-calls.ts';

const callsIn = (files: Readonly<Record<string, string>>) =>
  clientCallsIn(new Map(Object.entries(files)), 'public').filter(({ by }) => by === 'user');
const clientCallsIn = (texts: ReadonlyMap<string, string>, schema: string) =>
  codeIn(texts, schema).clientCalls;

const told = (files: Readonly<Record<string, string>>) =>
  callsIn(files).map(({ path, line, object, command }) => `${path}:${line} ${command} ${object}`);

describe('calls of supabase-swift', () => {
  test('on a table, of a function, in another schema', () => {
    expect(
      told({
        'ios/Notes.swift': [
          `let rows: [Note] = try await supabase.client`,
          `  .from("note")`,
          `  .select("id, body")`,
          `  .execute().value`,
          `try await client.from("note").insert(payload).execute()`,
          `try await supabase.database.from("note").update(["body": text]).eq("id", value: id).execute()`,
          `try await supabase!.from("note").delete().eq("id", value: id).execute()`,
          `try await client?.from("note").upsert(row, onConflict: "id").execute()`,
          `try await client.from("note").upsert(row, onConflict: "id", ignoreDuplicates: true).execute()`,
          `try await SupabaseManager.shared.client.rpc("totals", params: ["p_id": id]).execute()`,
          `try await supabaseService.rpc("ping").execute()`,
          `try await client.schema("api").from("note").select().execute()`,
          `try await client.schema("api").rpc("totals").execute()`,
        ].join('\n'),
      }),
    ).toEqual([
      'ios/Notes.swift:2 select public.note',
      'ios/Notes.swift:5 insert public.note',
      'ios/Notes.swift:6 update public.note',
      'ios/Notes.swift:7 delete public.note',
      'ios/Notes.swift:8 insert public.note',
      'ios/Notes.swift:8 update public.note',
      'ios/Notes.swift:9 insert public.note',
      'ios/Notes.swift:10 execute public.totals',
      'ios/Notes.swift:11 execute public.ping',
      'ios/Notes.swift:12 select api.note',
      'ios/Notes.swift:13 execute api.totals',
    ]);
  });

  test('by a name that the file gives to a word or to a table', () => {
    expect(
      told({
        'ios/Notes.swift': [
          `private static let tableName = "note"`,
          `private var rows: PostgrestQueryBuilder { client.from("row") }`,
          `let page = client.from("page")`,
          `try await client.from(Self.tableName).delete()`,
          `try await rows.select()`,
          `try await self.rows.insert(row)`,
          `try await page.select().execute()`,
        ].join('\n'),
      }),
    ).toEqual([
      'ios/Notes.swift:4 delete public.note',
      'ios/Notes.swift:5 select public.row',
      'ios/Notes.swift:6 insert public.row',
      'ios/Notes.swift:7 select public.page',
    ]);
  });
});

describe('calls of supabase-kt', () => {
  test('on a table, of a function, in another schema', () => {
    expect(
      told({
        'app/Notes.kt': [
          `supabase.from("note").select(columns = Columns.list("id")) { filter { eq("id", id) } }`,
          `supabase.postgrest["note"].insert(note)`,
          `supabase.postgrest.from("note").update({ set("body", text) }) {`,
          `  filter { eq("id", id) }`,
          `}`,
          `supabaseClient.postgrest`,
          `  .from("note")`,
          `  .delete { filter { eq("id", id) } }`,
          `postgrest["note"].select { single() }`,
          `supabase.from(table = "note").upsert(note) { ignoreDuplicates = true }`,
          `supabase.postgrest.rpc("totals", buildJsonObject { put("p_id", id) })`,
          `supabase.postgrest.rpc(`,
          `  function = "ping",`,
          `)`,
          `supabase.from("api", "note").select()`,
          `supabase.postgrest["api", "note"].select()`,
          `supabase.postgrest["note"].insert<Note>(notes)`,
        ].join('\n'),
      }),
    ).toEqual([
      'app/Notes.kt:1 select public.note',
      'app/Notes.kt:2 insert public.note',
      'app/Notes.kt:3 update public.note',
      'app/Notes.kt:7 delete public.note',
      'app/Notes.kt:9 select public.note',
      'app/Notes.kt:10 insert public.note',
      'app/Notes.kt:11 execute public.totals',
      'app/Notes.kt:12 execute public.ping',
      'app/Notes.kt:15 select api.note',
      'app/Notes.kt:16 select api.note',
      'app/Notes.kt:17 insert public.note',
    ]);
  });

  test('by a name that the file gives to a word or to a table', () => {
    expect(
      told({
        'app/Notes.kt': [
          `private val table get() = supabaseClient.postgrest["note"]`,
          `private val pages by lazy { supabaseClient.from(PAGES) }`,
          `fun all() = table.select { order("rank", Order.ASCENDING) }`,
          `suspend fun remove() { table`,
          `  .delete { filter { eq("id", id) } } }`,
          `fun pages() = pages.select()`,
          `companion object { private const val PAGES = "page"; const val RPC: String = "totals" }`,
          `fun total() = client.postgrest.rpc(RPC)`,
        ].join('\n'),
      }),
    ).toEqual([
      'app/Notes.kt:3 select public.note',
      'app/Notes.kt:4 delete public.note',
      'app/Notes.kt:6 select public.page',
      'app/Notes.kt:8 execute public.totals',
    ]);
  });
});

describe('of what an app asks', () => {
  test('what is made at run time, stands in a comment or is a bucket is left out', () => {
    expect(
      told({
        'app/A.kt': [
          `supabase.from(table).select()`,
          `supabase.from("note_$year").select()`,
          `supabase.from(Tables.NOTE).select()`,
          `// supabase.from("note").delete { }`,
          ` * supabase.postgrest["note"].delete()`,
          `supabase.storage.from("files").update("a", bytes)`,
          `supabase.storage`,
          `  .from("files").delete("a")`,
          `val bucket = supabase.storage.from("files")`,
          `bucket.delete("a")`,
          `val rows = supabase.from("note").other()`,
          `rows.select()`,
        ].join('\n'),
        'app/B.kt': `val name = "note"\nfun all(name: String) = supabase.from(name).select()`,
        'app/C.kt': `val t = supabase.from("a")\nval t = supabase.from("b")\nt.select()`,
        'app/D.kt': `const val A = "a"\nconst val A = "b"\nsupabase.from(A).select()`,
        'app/E.swift': `client.from("note_\\(year)").select()\nPayload.from(note)\nclient.from(kind.rawValue).select()`,
      }),
    ).toEqual([]);
  });

  test('a server in the same language is left out, and a word on it in a comment is none', () => {
    const call = `suspend fun all() = supabase.from("note").select()`;
    const client = `val supabase = createSupabaseClient(url, key) {}`;
    expect(told({ 'a.kt': `val key = env("SUPABASE_SERVICE_ROLE_KEY")\n${call}` })).toEqual([]);
    expect(told({ 'a.kt': `import io.ktor.server.application.Application\n${call}` })).toEqual([]);
    expect(told({ 'a.kt': `adminClient.postgrest["note"].delete()` })).toEqual([]);
    expect(told({ 'a.kt': call, 'b.kt': `${client}\nval key = env("SUPABASE_SERVICE_ROLE_KEY")` })).toEqual(
      [],
    );
    expect(
      told({
        'a.kt': `/**\n * The service_role writes it.\n */\n${call}`,
        'b.kt': `// never the service key\n${client}`,
      }),
    ).toEqual(['a.kt:4 select public.note']);
    expect(
      told({ 'a.swift': `client.from("note").select()`, 'b.kt': `${client}\nval key = serviceRoleKey` }),
    ).toEqual(['a.swift:1 select public.note']);
  });

  test('the schema is the one that its client is made for', () => {
    expect(
      told({
        'a.kt': `supabase.from("note").select()`,
        'b.kt': `createSupabaseClient(url, key) { install(Postgrest) { defaultSchema = "api" } }`,
      }),
    ).toEqual(['a.kt:1 select api.note']);
    expect(
      told({
        'a.swift': `client.from("note").select()\nclient.schema("public").from("note").select()`,
        'b.swift': `SupabaseClient(supabaseURL: url, supabaseKey: key, options: .init(db: .init(schema: "api")))`,
      }),
    ).toEqual(['a.swift:1 select api.note', 'a.swift:2 select public.note']);
  });

  test('columns, embedded tables and single rows are named', () => {
    const of = (path: string, text: string) =>
      callsIn({ [path]: text }).map(({ columns, embeds, single }) =>
        [columns.join(' '), embeds.join(' '), single].join(' | '),
      );
    expect(
      of(
        'a.swift',
        `let a = try await client.from("note")\n  .select("""\n  id, text:body,\n  users(name)\n  """)\n  .eq("state", value: x)\n  .order("rank", ascending: false)\n  .single()\nother.eq("no", value: 1)`,
      ),
    ).toEqual(['id body state rank | users | true']);
    expect(
      of('a.swift', `client.from("note").update(["body": text, "rank": 1]).eq("id", value: id)`),
    ).toEqual(['id body rank |  | false']);
    expect(of('a.swift', `client.from("note").select("id, \\(more)")`)).toEqual([' |  | false']);
    expect(
      of(
        'a.kt',
        `fun a() = supabase.from("note")\n  .select(Columns.list("id", "body")) {\n    filter { eq("state", x) }\n    order(column = "rank", order = Order.ASCENDING)\n  }.decodeSingle<Note>()\nfun b() = other.eq("no", 1)`,
      ),
    ).toEqual(['id body state rank |  | true']);
    expect(
      of('a.kt', `supabase.from("note").update({ set("body", text) }) {\n  filter { eq("id", id) }\n}`),
    ).toEqual(['id body |  | false']);
    expect(
      of('a.kt', `supabase.from("note").insert(mapOf("body" to text)).decodeSingleOrNull<Note>()`),
    ).toEqual(['body |  | false']);
    expect(of('a.kt', `supabase.from("note").select(Columns.raw("id, users(name)"))`)).toEqual([
      'id | users | false',
    ]);
  });

  test.each([
    ['names', `${'a'.repeat(400_000)}.from("a").select()`],
    ['dots', `${'a.'.repeat(200_000)}from("a").select()`],
    ['spaces', `a${' '.repeat(400_000)}.from("a")${' '.repeat(90_000)}.select()`],
    ['spaced dots', `${`a${' '.repeat(30)}.${' '.repeat(9)}`.repeat(10_000)}from("a").select()`],
    ['calls', `s.from("a").select();`.repeat(20_000)],
    ['calls after long names', `${'a'.repeat(390)}.from("a").select()\n`.repeat(1_200)],
    ['open calls', `s.from("a").select(`.repeat(20_000)],
    ['tables', Array.from({ length: 12_000 }, (_, i) => `val t${i} = s.from("a")\n`).join('')],
    [
      'constants',
      `${Array.from({ length: 12_000 }, (_, i) => `val t${i} = "a"\n`).join('')}s.from(t1).select()`,
    ],
    ['arguments', `s.from(${'a: String, '.repeat(40_000)}).select()\ns.from(b).select()`],
    ['letters', `s.from(b).select()\n${'val '.repeat(100_000)}`],
    ['brackets', `postgrest[`.repeat(40_000)],
    ['comments', `${'/*'.repeat(100_000)} service_role\ns.from("a").select()`],
    ['quotes', `s.from("a").select(${'"'.repeat(400_000)}`],
  ])('a hostile file of many %s is read in no time', (_, text) => {
    for (const path of ['a.kt', 'a.swift']) {
      const began = performance.now();
      told({ [path]: text });
      expect(performance.now() - began).toBeLessThan(2_000);
    }
  });

  test('stands in what people write: no tests, no packages of others; a package may be called example', () => {
    const root = mkdtempSync(join(tmpdir(), 'guard-app-'));
    try {
      for (const [path, text] of [
        ['app/src/main/java/com/example/notes/Notes.kt', 'supabase.from("note").select()'],
        ['app/src/main/java/com/example/notes/NotesTest.kt', 'supabase.from("note").delete()'],
        ['app/src/androidTest/java/com/example/Notes.kt', 'supabase.from("note").delete()'],
        ['app/build/generated/Notes.kt', 'supabase.from("note").delete()'],
        ['ios/Notes/Notes.swift', 'supabase.from("note").select()'],
        ['ios/NotesTests/Notes.swift', 'supabase.from("note").delete()'],
        ['ios/Pods/Notes/Notes.swift', 'supabase.from("note").delete()'],
        ['ios/LabTests/notes.ts', 'useState(0); supabase.from("note").select()'],
        ['ios/Notes/Word.swift', 'client.from("note").delete()'],
      ] as const) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
      expect(
        readCode(root, '.', 'public').clientCalls.map(({ path, command }) => `${path} ${command}`),
      ).toEqual([
        'app/src/main/java/com/example/notes/Notes.kt select',
        'ios/LabTests/notes.ts select',
        'ios/Notes/Notes.swift select',
      ]);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

import { describe, expect, test } from '@jest/globals';
import { codeIn } from '../../src/project/code/client-calls.ts';

const storageCallsIn = (files: Readonly<Record<string, string>>) =>
  codeIn(new Map(Object.entries(files)), 'public').storageCalls;
const callsIn = (code: string, path = 'src/a.tsx') =>
  storageCallsIn({ [path]: path.endsWith('.tsx') ? `'use client';\n${code}` : code });
const foldersOf = (code: string) => callsIn(code).map(({ folders }) => folders);
const upload = (path: string) => `await supabase.storage.from('files').upload(${path}, file);`;

describe('calls on buckets', () => {
  test('with the bucket written there or in a constant of the file', () => {
    const told = (code: string, path?: string) =>
      callsIn(code, path).map(
        ({ bucket, method, line, overwrites }) => `${line} ${method} ${bucket}${overwrites ? ' over' : ''}`,
      );
    expect(
      told(`const BUCKET: string = "avatars";
await supabase.storage
  .from(BUCKET)
  .upload(path, file, { upsert: true });
await (await createClient()).storage.from('notes.pdf').remove([path]);
await supabase.storage.from('a').update('x.png', file);
await supabase.storage.from(bucket).list();
// await supabase.storage.from('b').list();
await supabase.from('note').update({ id });`),
    ).toEqual(['4 upload avatars over', '6 remove notes.pdf', '7 update a over']);
    expect(
      told(
        "static const _bucket = 'faces';\nawait supabase.storage.from(_bucket).uploadBinary('$userId/a.png', bytes, fileOptions: const FileOptions(upsert: true));",
        'lib/supabase.dart',
      ),
    ).toEqual(['2 upload faces over']);
    // Two constants of one name: which of them is meant is not known.
    expect(
      told(
        `function a() { const b = 'x'; } function c() { const b = 'y'; supabase.storage.from(b).list(); }`,
      ),
    ).toEqual([]);
  });

  test('as whoever the client asks', () => {
    const by = (files: Readonly<Record<string, string>>) =>
      storageCallsIn(files).map((call) => `${call.path} ${call.by}`);
    const list = "await supabase.storage.from('files').list();";
    expect(
      by({
        'src/page.tsx': `'use client';\n${list}`,
        'src/handed.ts': `export const look = { async all(supabase: SupabaseClient) { ${list} } };`,
        'src/admin.ts': `const supabase = createClient(url, process.env.SUPABASE_SERVICE_ROLE_KEY);\n${list}`,
        'src/imported.ts': `import { supabase } from './admin';\n${list}`,
        'src/named.ts': "export const f = (supabaseAdmin) => supabaseAdmin.storage.from('files').list();",
        'supabase/functions/a/index.ts': `const supabase = createClient(url, Deno.env.get('SUPABASE_SERVICE_ROLE_KEY'));\n${list}`,
      }),
    ).toEqual([
      'src/page.tsx user',
      'src/handed.ts handed',
      'src/admin.ts server',
      'src/imported.ts other',
      'src/named.ts other',
      'supabase/functions/a/index.ts server',
    ]);
  });

  test('into folders that are called after an id', () => {
    expect(
      [
        upload('`${user?.id}/${file.name}`'),
        `const filePath = \`\${tenant.id}/logo.png\`;\n${upload('filePath')}`,
        `const name = \`\${orgId}/\${Date.now()}.png\`;\nconst path = \`logos/\${name}\`;\n${upload('path')}`,
        `const path = user!.id + '/' + file.name;\n${upload('path')}`,
        `const folder = workspace.id;\n${upload("`${folder}/a/${file.name.split('.').pop()}`")}`,
        upload("'shared/a.png'"),
        upload("'a.png'"),
        upload('card.path'),
        upload('path'),
        upload('makePath(user.id)'),
        "await supabase.storage.from('files').list(`${card.id}`);",
        "await supabase.storage.from('files').list();",
        "await supabase.storage.from('files').list(workspaceId, { limit: 1 });",
        upload('fileId'),
      ].flatMap((code) => foldersOf(code)),
    ).toEqual([
      ['user.id'],
      ['tenant.id'],
      [null, 'orgId'],
      ['user.id'],
      ['workspace.id', null],
      [null],
      [],
      null,
      null,
      null,
      ['card.id'],
      [],
      ['workspaceId'],
      null,
    ]);
  });

  test('in text that is made to hold it up', () => {
    const started = Date.now();
    const calls = [
      `const p = \`${'${p}'.repeat(60)}\`;\n${upload('p')}\n`.repeat(1_500),
      `storage${' '.repeat(200)}.from(x)${' '.repeat(200)}.list(`.repeat(1_000),
      `const a = b;\nstorage.from(a).upload(${'a + '.repeat(400)}`.repeat(100),
      `storage.from('f').upload(\`${'${a{'.repeat(4_000)}`.repeat(20),
    ].map((code) => callsIn(`// supabase\n${code}`).length);
    expect(calls[0]).toBe(1_000);
    expect(Date.now() - started).toBeLessThan(5_000);
  });
});

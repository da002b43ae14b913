import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFixture } from '../support/fixture.ts';
import { expectTheSame } from '../support/same-report.ts';

const handbook = join(import.meta.dirname, '../../fixtures/handbook');

test.each(readdirSync(handbook))('for the handbook\'s "%s"', async (name) => {
  const root = mkdtempSync(join(tmpdir(), 'guard-same-'));
  try {
    const fixture = readFixture(join(handbook, name));
    const folder = join(root, 'supabase/migrations');
    mkdirSync(folder, { recursive: true });
    for (const { name: file, text } of [...fixture.base, ...fixture.head])
      writeFileSync(join(folder, file), text);
    const changed = fixture.changes.map(({ path }) => path);
    await expectTheSame(root, { kind: 'changed', files: changed });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

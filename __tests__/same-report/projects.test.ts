import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expectTheSame } from '../support/same-report.ts';

const projects = join(import.meta.dirname, '../../fixtures/projects');

describe.each(readdirSync(projects))('in the project "%s"', (name) => {
  const root = join(projects, name);
  const files = readdirSync(join(root, 'supabase/migrations')).sort();

  test('its last two migrations as a pull request', async () => {
    const changed = files.slice(-2).map((file) => `supabase/migrations/${file}`);
    await expectTheSame(root, { kind: 'changed', files: changed });
  });

  test('its whole history', () => expectTheSame(root, { kind: 'all' }));
});

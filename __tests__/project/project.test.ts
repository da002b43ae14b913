import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readProject } from '../../src/project/project.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'project-'));
  await mkdir(join(root, 'supabase'));
});
afterEach(() => rm(root, { recursive: true }));

const withConfig = async (toml: string) => {
  await writeFile(join(root, 'supabase', 'config.toml'), toml);
  return readProject(root, root);
};

describe('schemas of the API', () => {
  test('are those that the configuration lists', async () => {
    const { exposedSchemas } = await withConfig('[api]\nschemas = ["api", "public"]\n');
    expect(exposedSchemas).toEqual(['api', 'public']);
  });

  test.each([['[api]\nschemas = []\n'], ['[api]\nport = 54321\n'], ['']])(
    'are the defaults where it lists none: %j',
    async (toml) => {
      const { exposedSchemas } = await withConfig(toml);
      expect(exposedSchemas).toEqual(['public', 'graphql_public']);
    },
  );
});

describe('the template of a CLI that knows projects which expose nothing by themselves', () => {
  test.each([
    ['[api]\n# auto_expose_new_tables = true\n', true],
    ['[api]\nport = 54321\n', false],
  ])('is told by the setting it names, be it in a comment: %j', async (toml, names) => {
    const { autoExposeNewTables, namesAutoExpose } = await withConfig(toml);
    expect({ autoExposeNewTables, namesAutoExpose }).toEqual({
      autoExposeNewTables: null,
      namesAutoExpose: names,
    });
  });

  test('says in its own words what holds where nothing is set', async () => {
    const words = '# When unset, new entities are NOT auto-exposed, matching the new cloud\n# default.\n';
    const read = async (toml: string) => {
      const { autoExposeNewTables, unsetHides } = await withConfig(toml);
      return { autoExposeNewTables, unsetHides };
    };
    expect(await read(`[api]\n${words}# auto_expose_new_tables = true\n`)).toEqual({
      autoExposeNewTables: null,
      unsetHides: true,
    });
    expect((await read(`[api]\n${words}auto_expose_new_tables = true\n`)).autoExposeNewTables).toBe(true);
    expect((await read('[api]\nport = 54321\n')).unsetHides).toBe(false);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..', 'src');

/** From the bottom up: a folder may import from those in lines above its own, and from itself. */
const floors: readonly (readonly string[])[] = [
  ['model', 'version.ts', 'wasm.ts'],
  ['sql', 'project'],
  ['changes', 'database'],
  ['replay', 'probes', 'rollback'],
  ['rules'],
  ['config'],
  ['report'],
  ['pipeline', 'check.ts'],
  ['commands', 'github'],
  ['cli.ts', 'action.ts'],
];
const floorOf = (part: string) => floors.findIndex((floor) => floor.includes(part));

/** Packages that only one folder may know. */
const doors: Readonly<Record<string, readonly string[]>> = {
  pg: ['database'],
  '@electric-sql/pglite': ['database'],
  'pgsql-deparser': ['sql'],
  'libpg-query': ['sql'],
  '@octokit/rest': ['github'],
  '@actions/core': ['github'],
  '@actions/github': ['github'],
  zod: ['config', 'report'],
  yaml: ['config'],
  'smol-toml': ['project'],
};

const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
  .map((entry) => join(entry.parentPath, entry.name));

const importsOf = (file: string) =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\s[^;]*?from\s+'([^']+)'|import\('([^']+)'\)/gm,
    ),
  ].map((match) => (match[1] ?? match[2])!);

const partOf = (file: string) => relative(root, file).split('/')[0]!;

test('every folder has its floor', () => {
  expect(files.map(partOf).filter((part) => floorOf(part) === -1)).toEqual([]);
});

test('arrows point downwards, and no stage imports another', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => partOf(join(dirname(file), name)))
      .filter(
        (to) =>
          to !== partOf(file) &&
          floorOf(to) >= floorOf(partOf(file)) &&
          !(partOf(file) === 'check.ts' || to === 'check.ts'),
      )
      .map((to) => `${relative(root, file)} → ${to}`),
  );
  expect(wrong).toEqual([]);
});

/** Folders with floors of their own, from the bottom up; what lies beside the folders is used by all. */
const inside: Readonly<Record<string, readonly (readonly string[])[]>> = {
  probes: [['acting'], ['predicate'], ['rows'], ['tables'], ['worlds'], ['around', 'escalation'], ['matrix']],
  'rules/support': [
    ['words', 'syntax'],
    ['callers'],
    ['application'],
    ['statements', 'conditions'],
    ['files'],
    ['policies'],
    ['owners'],
    ['tables'],
    ['functions', 'views'],
    ['locks', 'ways-out'],
    ['open-policies'],
    ['leaks'],
  ],
};
test.each(Object.entries(inside))('inside %s arrows point downwards too', (name, ownFloors) => {
  const top = join(root, name);
  const floor = (file: string) =>
    ownFloors.findIndex((floors) => floors.includes(relative(top, file).split('/')[0]!));
  const within = files.filter((file) => floor(file) !== -1);
  const folders = readdirSync(top, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map((folder) => folder.name).toSorted()).toEqual(ownFloors.flat().toSorted());
  const wrong = within.flatMap((file) =>
    importsOf(file)
      .filter((to) => to.startsWith('.'))
      .map((to) => join(dirname(file), to))
      .filter((to) => floor(to) > floor(file) || (floor(to) === floor(file) && dirname(to) !== dirname(file)))
      .map((to) => `${relative(root, file)} → ${relative(root, to)}`),
  );
  expect(wrong).toEqual([]);
});

test('what rules share lies in a folder that says what it is', () => {
  expect(files.filter((file) => dirname(file) === join(root, 'rules/support'))).toEqual([]);
});

test('each outside system has one door', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .map((name) => Object.keys(doors).find((door) => name === door || name.startsWith(`${door}/`)))
      .filter((door) => door !== undefined && !doors[door]!.includes(partOf(file)))
      .map((door) => `${relative(root, file)} → ${door}`),
  );
  expect(wrong).toEqual([]);
});

test('types have no imports but types', () => {
  const wrong = files.filter(
    (file) => partOf(file) === 'model' && /^import (?!type)/m.test(readFileSync(file, 'utf8')),
  );
  expect(wrong).toEqual([]);
});

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

/** Inside the probes, from the bottom up; their entry and what lies beside it is used by all. */
const probeFloors = [['predicate'], ['rows'], ['tables'], ['worlds'], ['around', 'escalation']];
test('inside the probes arrows point downwards too', () => {
  const probes = join(root, 'probes');
  const floor = (file: string) =>
    probeFloors.findIndex((floors) => floors.includes(relative(probes, file).split('/')[0]!));
  const inProbes = files.filter((file) => floor(file) !== -1);
  const folders = readdirSync(probes, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).toSorted()).toEqual(probeFloors.flat().toSorted());
  const wrong = inProbes.flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => join(dirname(file), name))
      .filter((to) => floor(to) > floor(file) || (floor(to) === floor(file) && dirname(to) !== dirname(file)))
      .map((to) => `${relative(root, file)} → ${relative(root, to)}`),
  );
  expect(wrong).toEqual([]);
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

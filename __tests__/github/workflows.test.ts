/** What GitHub reads of this repository: the action's description and the workflows, in files and in the documentation. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { workflow } from '../../src/commands/init.ts';
import { inputNames } from '../../src/config/inputs.ts';
import { advice, auditNames } from '../support/workflow-advice.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const action = parse(read('action.yml'));
const workflows = readdirSync(join(root, '.github', 'workflows')).map((name) => `.github/workflows/${name}`);

test('action.yml has the inputs of the schema and no defaults of its own but the token', () => {
  expect(Object.keys(action.inputs)).toEqual(inputNames);
  const defaults = Object.entries<{ default?: string }>(action.inputs).filter(
    ([, input]) => input.default !== undefined,
  );
  expect(defaults.map(([name]) => name)).toEqual(['token']);
});

test('every output that is set is described', () => {
  const set = [
    ...[read('src/github/run.ts'), read('src/github/outputs.ts')].join('').matchAll(/setOutput\('([\w-]+)'/g),
  ].map(([, name]) => name);
  expect([...new Set(set)].sort()).toEqual(Object.keys(action.outputs).sort());
});

/** Everything that somebody runs or copies: ours, those of the pages, and those that `init` writes. */
const pages = ['README.md', 'docs/github.md'].flatMap((path) =>
  [...read(path).matchAll(/```ya?ml\n(name: [\s\S]*?)```/g)].map(([, block], index): [string, string] => [
    `${path}, workflow ${index + 1}`,
    block!,
  ]),
);
const all: readonly [string, string][] = [
  ...workflows.map((path): [string, string] => [path, read(path)]),
  ...pages,
  ['init', workflow(false)],
  ['init --server', workflow(true)],
];

test('the pages show whole workflows', () => expect(pages.length).toBeGreaterThanOrEqual(4));

test.each(all)('zizmor has nothing to say of %s', (_, source) => expect(advice(source)).toEqual([]));

const good = `name: x
on:
  pull_request:
concurrency: x
permissions: {}
jobs:
  x:
    runs-on: ubuntu-latest
    permissions:
      contents: read # to check out
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
`;
const step = (line: string) => `${good}      - ${line}\n`;
const job = (line: string) => good.replace('    steps:', `    ${line}\n    steps:`);
const bad: Readonly<Record<string, string>> = {
  'adhoc-packages': step('run: npm install left-pad'),
  'anonymous-definition': good.replace('name: x\n', ''),
  artipacked: good.replace('persist-credentials: false', 'persist-credentials: true'),
  'bot-conditions': job("if: github.actor == 'dependabot[bot]'"),
  'cache-poisoning': step('uses: ./\n        with: { cache: npm }').replace('pull_request:', 'release:'),
  'concurrency-limits': good.replace('concurrency: x\n', ''),
  'dangerous-triggers': good.replace('pull_request:', 'pull_request_target:'),
  'excessive-permissions': good.replace('permissions: {}\n', ''),
  'github-env': step('run: echo A=$B >> $GITHUB_ENV'),
  'hardcoded-container-credentials': job('container: { image: "a:1", credentials: { password: x } }'),
  'insecure-commands': job('env: { ACTIONS_ALLOW_UNSECURE_COMMANDS: true }'),
  'insecure-url-scheme': step('run: curl http://example.org'),
  obfuscation: step('uses: ././x/../y'),
  'overprovisioned-secrets': job('env: { A: "${{ toJSON(secrets) }}" }'),
  'ref-version-mismatch': good.replace(' # v7.0.1', ''),
  'secrets-inherit': job('secrets: inherit'),
  'secrets-outside-env': job('env: { A: "${{ secrets.KEY }}" }'),
  'self-hosted-runner': good.replace('ubuntu-latest', '[self-hosted]'),
  'template-injection': step('run: echo ${{ github.head_ref }}'),
  'undocumented-permissions': good.replace(' # to check out', ''),
  'unpinned-images': job('services: { a: { image: postgres } }'),
  'unpinned-uses': step('uses: actions/cache@v5'),
  'unredacted-secrets': job('environment: x\n    env: { A: "${{ fromJSON(secrets.KEY).a }}" }'),
  'unsound-condition': job('if: |\n      ${{ false }}'),
  'unsound-contains': job("if: contains('main dev', github.ref)"),
  'use-trusted-publishing': step('run: npm publish'),
};

test('each audit speaks where it should, and alone', () => {
  expect(advice(good)).toEqual([]);
  expect(Object.keys(bad)).toEqual(auditNames);
  for (const [name, source] of Object.entries(bad)) expect([name, advice(source)]).toEqual([name, [name]]);
});

test('actionlint has nothing to say either', () => {
  const folder = mkdtempSync(join(tmpdir(), 'workflows-'));
  try {
    const lint = (sources: readonly string[]) => {
      writeFileSync(join(folder, 'sources.json'), JSON.stringify(sources));
      // Its Go runtime never ends by itself.
      const program = `
        import { readFileSync } from 'node:fs';
        import { createLinter } from '${import.meta.resolve('actionlint')}';
        const lint = await createLinter();
        const sources = JSON.parse(readFileSync(process.argv[1], 'utf8'));
        console.log(JSON.stringify(sources.map((source) => lint(source, '.github/workflows/x.yml'))));
        process.exit(0);`;
      const args = ['--input-type=module', '-e', program, join(folder, 'sources.json')];
      return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as object[][];
    };
    expect(lint(all.map(([, source]) => source))).toEqual(all.map(() => []));
    expect(lint([step('run: echo ${{ github.nothing.here }}\n        shel: x')])[0]).not.toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the workflows of docs/github.md are YAML, and pin what this repository pins', () => {
  const pinned = new Set(
    workflows.flatMap((path) => [...read(path).matchAll(/actions\/[\w-]+@[0-9a-f]{40}/g)].map(String)),
  );
  const blocks = [...read('docs/github.md').matchAll(/```ya?ml\n([\s\S]*?)```/g)].map(([, block]) => block!);
  expect(blocks.length).toBeGreaterThan(4);
  for (const block of blocks) {
    expect(parse(block)).toBeTruthy();
    for (const [used] of block.matchAll(/actions\/(?:checkout|upload-artifact)@\S+/g))
      expect(pinned).toContain(used);
  }
});

/** What GitHub reads of this repository: the action's description and the workflows, in files and in the documentation. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { inputNames } from '../../src/config/inputs.ts';

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

test.each(workflows)(
  '%s grants nothing on top, a reason beside each grant, and pins what it uses',
  (path) => {
    const source = read(path);
    const workflow = parse(source);
    expect(workflow.permissions).toEqual({});
    for (const grant of source.matchAll(/^ +[a-z-]+: (?:write|read)\b.*$/gm))
      expect(grant[0]).toMatch(/ # \S/);
    for (const [, used] of source.matchAll(/^ +(?:- )?uses: (\S+.*)$/gm)) {
      if (/^(\.\/|supabase-migration-guard\/)/.test(used!)) continue;
      expect(used).toMatch(/^[\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
    for (const job of Object.values<{ steps: { uses?: string; with?: Record<string, unknown> }[] }>(
      workflow.jobs,
    )) {
      for (const step of job.steps) {
        if (step.uses?.startsWith('actions/checkout@'))
          expect(step.with?.['persist-credentials']).toBe(false);
      }
    }
  },
);

test('no expression is put into a shell script', () => {
  for (const path of workflows) {
    for (const job of Object.values<{ steps: { run?: string }[] }>(parse(read(path)).jobs)) {
      for (const step of job.steps) expect(step.run ?? '').not.toContain('${{');
    }
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

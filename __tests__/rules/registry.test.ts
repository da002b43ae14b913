import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleById, rules } from '../../src/rules/index.ts';

const ids = rules.map(({ id }) => id);
const files = readdirSync('src/rules', { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter(
    (path) => /^[a-z]+\/.+\.ts$/.test(path) && !path.startsWith('support/') && !path.includes('/support/'),
  )
  .map((path) => path.replace(/\.ts$/, ''));

test('every rule file is in the registry, under its own id', () => {
  const rulesOnDisk = files.filter((id) =>
    /export default rule\(/.test(readFileSync(`src/rules/${id}.ts`, 'utf8')),
  );
  expect([...ids].sort()).toEqual(rulesOnDisk.sort());
  const registry = readFileSync('src/rules/registry.ts', 'utf8');
  for (const id of ids) expect(registry).toContain(`export { default as '${id}' } from './${id}.ts';`);
});

test('no two rules have the same id', () => {
  expect(ruleById.size).toBe(rules.length);
});

describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  test('has a file, a page and cases of its name', () => {
    expect(existsSync(`src/rules/${id}.ts`)).toBe(true);
    expect(existsSync(`docs/rules/${id}.md`)).toBe(true);
    expect(existsSync(join('fixtures/rules', id))).toBe(true);
  });

  test('says what it finds in one line, why it matters and what to do', () => {
    expect(rule.summary).not.toMatch(/[\n.]$|\n/);
    expect(rule.summary.length).toBeLessThanOrEqual(130);
    expect(rule.why).toMatch(/\.$/);
    expect(rule.remedy.length).toBeGreaterThan(10);
    expect(rule.evidence.length).toBeGreaterThan(0);
  });

  test('names only rules that exist', () => {
    for (const other of rule.backs ?? []) expect(ids).toContain(other);
  });
});

// The catalogue: "strict" turns the notes of the house structure into warnings and adds what it marks with an S.
test('strict is the recommended preset, but for the house structure and what it adds', () => {
  const differing = rules.flatMap(({ id, severity: { recommended, strict } }) => {
    const house = /^(structure|types)\//.test(id) && recommended === 'info';
    const expected = house ? 'warning' : recommended;
    return strict === expected ? [] : [[id, recommended, strict]];
  });
  expect(differing).toEqual([
    ['access/foreign-parent', 'info', 'warning'],
    ['rls/service-role-policy', 'off', 'info'],
    ['structure/object-name', 'off', 'warning'],
    ['structure/qualified-name', 'off', 'warning'],
  ]);
});

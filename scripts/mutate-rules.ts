/**
 * Replaces each rule's check by a no-op, one at a time, then each of its hooks and visitors, and shows that a test
 * notices.
 * usage: node scripts/run.mjs scripts/mutate-rules.ts [rule …]
 */
import { checkCase, listCases } from '../__tests__/support/cases.ts';
import { rules } from '../src/rules/index.ts';
import type { Rule } from '../src/rules/rule.ts';
import { loadParser } from '../src/sql/parse.ts';

await loadParser();
const cases = listCases();
const only = process.argv.slice(2).filter((argument) => argument !== '--');
const unnoticed: string[] = [];
let tried = 0;

const hookNames = [
  'file',
  'table',
  'view',
  'routine',
  'sequence',
  'extension',
  'publication',
  'bucket',
  'state',
  'set',
  'facts',
] as const satisfies readonly (keyof Rule)[];

/** The rule without all its hooks, then, where it has several, without each of them. */
function mutants(rule: Rule): readonly { readonly without: string; readonly mutant: Rule }[] {
  const { id, severity, evidence, summary, why, remedy, since, sources, fixable } = rule;
  const silent = { id, severity, evidence, summary, why, remedy, since, sources, fixable };
  const visitors = Object.keys(rule.statement ?? {});
  const hooks = hookNames.filter((name) => rule[name] !== undefined);
  const one = [
    ...visitors.map((kind) => {
      const { [kind]: _, ...others } = rule.statement!;
      return { without: kind, mutant: { ...rule, statement: others } };
    }),
    ...hooks.map((name) => {
      const { [name]: _, ...others } = rule;
      return { without: name, mutant: others as Rule };
    }),
  ];
  return [{ without: 'its check', mutant: silent }, ...(one.length > 1 ? one : [])];
}

for (const rule of rules) {
  if (only.length > 0 && !only.includes(rule.id)) continue;
  const paths = cases.get(rule.id) ?? [];
  const before = paths.filter((path) => checkCase(rule.id, path, rules).length > 0);
  if (before.length > 0) console.log(`${rule.id}: red before the mutation: ${before.join(', ')}`);
  for (const { without, mutant } of mutants(rule)) {
    // The engine itself makes the findings of this one: without the rule it makes none.
    const mutated =
      rule.id === 'config/unused-suppression'
        ? rules.filter((each) => each !== rule)
        : rules.map((each) => (each === rule ? mutant : each));
    tried += 1;
    if (!paths.some((path) => checkCase(rule.id, path, mutated).length > 0))
      unnoticed.push(`${rule.id} without ${without}`);
  }
}
console.log(`${tried} mutants of ${only.length > 0 ? only.length : rules.length} rules`);
if (unnoticed.length > 0) {
  console.log(`${unnoticed.length} turned no test red:\n${unnoticed.join('\n')}`);
  process.exitCode = 1;
}

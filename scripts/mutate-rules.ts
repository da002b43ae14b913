/**
 * Replaces each rule's check by a no-op, one at a time, and shows that a test notices.
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
let cried = 0;

/** The rule's metadata without its hooks. */
function withoutCheck(rule: Rule): Rule {
  const { id, severity, evidence, summary, why, remedy, since, sources, fixable } = rule;
  return { id, severity, evidence, summary, why, remedy, since, sources, fixable };
}

for (const rule of rules) {
  if (only.length > 0 && !only.includes(rule.id)) continue;
  // The engine itself makes the findings of this one: without the rule it makes none.
  const mutated =
    rule.id === 'config/unused-suppression'
      ? rules.filter((each) => each !== rule)
      : rules.map((each) => (each === rule ? withoutCheck(rule) : each));
  const paths = cases.get(rule.id) ?? [];
  const red = paths.filter((path) => checkCase(rule.id, path, mutated).length > 0);
  const before = paths.filter((path) => checkCase(rule.id, path, rules).length > 0);
  if (before.length > 0) console.log(`${rule.id}: red before the mutation: ${before.join(', ')}`);
  if (red.length === 0) unnoticed.push(rule.id);
  else cried += 1;
}
console.log(`${cried} rules: a test turned red without their check`);
if (unnoticed.length > 0) {
  console.log(`${unnoticed.length} rules: nothing noticed: ${unnoticed.join(', ')}`);
  process.exitCode = 1;
}

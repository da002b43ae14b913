/** Every rule there is. The list is `registry.ts`: one line a rule, written by `npm run new-rule`. */
import * as listed from './registry.ts';
import type { Rule } from './rule.ts';

export const rules: readonly Rule[] = Object.values(listed);

export const ruleById: ReadonlyMap<string, Rule> = new Map(rules.map((rule) => [rule.id, rule]));

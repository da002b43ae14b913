/** Runs the cases of `fixtures/rules` and says, case by case, what is wrong with them. Used by the tests and by `scripts/mutate-rules.ts`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../src/model/finding.ts';
import { applyEdits, chooseFixes } from '../../src/report/fix.ts';
import { judge } from '../../src/rules/engine.ts';
import { rules as registered } from '../../src/rules/index.ts';
import type { Rule } from '../../src/rules/rule.ts';
import { factsOf } from './facts.ts';
import { type Fixture, type FixtureFile, readFixture } from './fixture.ts';

export const casesFolder = join('fixtures', 'rules');

/** `category/rule` to its case files, as they lie on disk. */
export function listCases(): Map<string, readonly string[]> {
  const cases = new Map<string, string[]>();
  for (const category of readdirSync(casesFolder, { withFileTypes: true })) {
    if (!category.isDirectory()) continue;
    for (const rule of readdirSync(join(casesFolder, category.name))) {
      const folder = join(casesFolder, category.name, rule);
      cases.set(
        `${category.name}/${rule}`,
        readdirSync(folder)
          .filter((file) => file.endsWith('.sql'))
          .sort()
          .map((file) => join(folder, file)),
      );
    }
  }
  return cases;
}

export function findingsOf(fixture: Fixture, rules: readonly Rule[] = registered): readonly Finding[] {
  const { findings, failed } = judge(factsOf(fixture), fixture.settings, rules);
  if (failed.length > 0)
    throw new Error(failed.map(({ rule, message }) => `${rule} threw: ${message}`).join('\n'));
  return findings;
}

const described = (findings: readonly Finding[]) =>
  findings.map(({ rule, line, severity }) => `${rule}@${line ?? '-'} ${severity}`).sort();

/** What is wrong with one case, as sentences; empty where it holds. */
export function checkCase(id: string, path: string, all: readonly Rule[] = registered): string[] {
  // One rule alone is enough, but for the one that judges the suppressions of others.
  const rules = id === 'config/unused-suppression' ? all : all.filter((rule) => rule.id === id);
  const fixture = readFixture(path);
  const findings = findingsOf(fixture, rules).filter(({ rule }) => rule === id);
  const wrong: string[] = [];
  const left = [...findings];
  for (const { rule, line, severity } of fixture.expected) {
    const at = left.findIndex(
      (finding) =>
        finding.rule === rule &&
        (line === null || finding.line === line) &&
        (severity === null || finding.severity === severity),
    );
    if (at === -1)
      wrong.push(
        `expected ${rule}@${line ?? '-'} ${severity ?? ''}, found ${described(findings).join(', ') || 'nothing'}`,
      );
    else left.splice(at, 1);
  }
  for (const finding of left) wrong.push(`did not expect ${described([finding])}: ${finding.message}`);
  const said = findings.map(({ message, help }) => `${message}\n${help ?? ''}`).join('\n');
  for (const words of fixture.says) if (!said.includes(words)) wrong.push(`expected "${words}" in: ${said}`);
  for (const words of fixture.saysNot)
    if (said.includes(words)) wrong.push(`did not expect "${words}" in: ${said}`);
  if (wrong.length === 0 && findings.length > 0 && !fixture.unfixed)
    wrong.push(...checkFixes(id, fixture, findings, rules));
  return wrong;
}

/** Every offered fix is taken: the files still parse and those findings are gone. */
function checkFixes(
  id: string,
  fixture: Fixture,
  findings: readonly Finding[],
  rules: readonly Rule[],
): string[] {
  const fixable = findings.filter(({ fix }) => fix !== null);
  if (fixable.length === 0) return [];
  const fixed = applyFixes(fixture, fixable);
  const facts = factsOf(fixed);
  for (const [path, source] of facts.sources) {
    if (source.issue !== null)
      return [`the fixed "${path}" does not parse: ${source.issue.message}\n${source.text}`];
  }
  const after = judge(facts, fixture.settings, rules).findings.filter(({ rule }) => rule === id);
  const unfixable = findings.length - fixable.length;
  if (after.length > unfixable) {
    return [
      `the fix leaves ${described(after).join(', ')}:\n${fixed.head.map(({ text }) => text.trim()).join('\n---\n')}`,
    ];
  }
  return [];
}

/** The fixture after `lint --fix`. */
export function applyFixes(fixture: Fixture, findings: readonly Finding[]): Fixture {
  const { edits, renames } = chooseFixes(findings.flatMap(({ fix }) => (fix === null ? [] : [fix])));
  const path = (name: string) => `supabase/migrations/${name}`;
  const apply = (file: FixtureFile): FixtureFile => ({
    name: (renames.get(path(file.name)) ?? path(file.name)).split('/').at(-1)!,
    text: applyEdits(file.text, edits.get(path(file.name)) ?? []),
  });
  return {
    ...fixture,
    head: fixture.head.map(apply),
    changes: fixture.changes.map((change) => ({ ...change, path: renames.get(change.path) ?? change.path })),
  };
}

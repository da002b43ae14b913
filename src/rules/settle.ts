/** From what rules noted to findings: causes, levels, suppressions, fingerprints. */
import { createHash } from 'node:crypto';
import type { Facts } from '../model/facts.ts';
import type { Evidence, Finding, Place, Severity, SuppressedFinding } from '../model/finding.ts';
import type { SchemaState } from '../model/schema.ts';
import { causeIn } from './cause.ts';
import { identityOf, type Noted } from './identity.ts';
import { rules as registered } from './index.ts';
import { isMoot, isNeverReached } from './moot.ts';
import type { Problem, Rule } from './rule.ts';
import { type RuleSettings, ruling } from './settings.ts';
import { isPlatform } from './support/callers/roles.ts';
import { hasOtherIds, withTokenId } from './support/callers/third-party.ts';
import { withoutExample } from './support/words/words.ts';
import { Suppressions } from './suppress.ts';

export interface Settled {
  /** New ones (with `--all`, those mended later too), in the order of files and lines. Not merged yet. */
  readonly findings: readonly Finding[];
  /** What stood before and still stands. Not merged yet. */
  readonly stood: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
}

/** `rules`: those that ran. */
export function settle(
  noted: readonly Noted[],
  facts: Facts,
  settings: RuleSettings,
  rules: readonly Rule[],
): Settled {
  const suppressions = new Suppressions(facts.sources.values());
  const findings: Finding[] = [];
  const suppressed: SuppressedFinding[] = [];
  const stood: Finding[] = [];
  const seen = new Map<string, number>();
  const seenBefore = new Map<string, number>();
  const put = (each: Noted) => {
    const { rule, problem } = each;
    if (isMoot(rule.id, problem.at, problem.evidence ?? rule.evidence.slice(0, 1), facts)) return;
    if (isNeverReached(rule.id, problem.at, facts)) return;
    const at = causeIn(each.set, problem) ?? problem.at;
    const file = at?.file ?? null;
    const object = problem.object ?? null;
    const { level, scope } = ruling(rule, settings, { file, object, severity: problem.severity });
    const suppression = suppressions.take(rule.id, at) ?? suppressions.take(rule.id, problem.at);
    if (level === 'off' && scope === null) return;
    const isOff = level === 'off' || suppression !== null;
    if (!each.isNew) {
      if (!isOff && !isSupabases(object, file)) stood.push(toFinding(each, at, level, seenBefore, facts));
      return;
    }
    const finding = toFinding(each, at, level === 'off' ? 'info' : level, seen, facts);
    if (suppression !== null) {
      const { reason, line } = suppression;
      suppressed.push({ finding, reason, by: 'comment', file: file!, line });
    } else if (level === 'off') {
      suppressed.push({
        finding,
        reason: scope!.reason,
        by: 'config',
        file: settings.file ?? '',
        line: null,
      });
    } else findings.push(finding);
  };
  for (const each of noted) put(each);
  for (const each of unusedSuppressions(suppressions, rules, facts)) put(each);
  return { findings: findings.sort(byPlace), stood, suppressed };
}

/** Made by no file, and in a schema of Supabase: nobody here can mend it. */
const isSupabases = (object: string | null, file: string | null): boolean =>
  file === null && object !== null && isPlatform(object.split('.')[0]!);

function toFinding(
  noted: Noted,
  at: Place | null,
  severity: Severity,
  seen: Map<string, number>,
  facts: Facts,
): Finding {
  const { rule, problem } = noted;
  // Twice the same thing on one object (two UPDATEs without WHERE) stays two findings.
  const identity = identityOf(noted);
  const times = (seen.get(identity) ?? 0) + 1;
  seen.set(identity, times);
  const told = hasOtherIds(facts) ? withTokenId : (text: string) => text;
  const written = problem.at === at ? '' : `\n\nWritten in "${problem.at!.file}", line ${problem.at!.line}.`;
  return {
    rule: rule.id,
    severity,
    evidence: asRun(problem.evidence ?? rule.evidence.slice(0, 1), at, facts),
    fingerprint: fingerprint(times === 1 ? identity : `${identity}\0${times}`),
    new: noted.isNew,
    mendedBy: noted.mendedBy,
    message: told(problem.message.replace(quotedTwice, '"$1$2"')),
    file: at?.file ?? null,
    line: at?.line ?? null,
    column: at?.column ?? null,
    endLine: at?.endLine ?? null,
    endColumn: at?.endColumn ?? null,
    object: problem.object ?? null,
    causes: problem.causes ?? [],
    help: told(`${problem.help ?? withoutExample(rule.remedy)}${written}`),
    docs: `docs/rules/${rule.id}.md`,
    repro: problem.repro ?? null,
    fix:
      problem.fix === undefined || (facts.history.all && isOvertaken(problem, facts.head))
        ? null
        : { ...problem.fix, edits: problem.fix.edits.map((edit) => ({ ...edit, text: told(edit.text) })) },
  };
}

/** Suppressions of changed files that took nothing out, name no rule, or give no reason. */
function unusedSuppressions(suppressions: Suppressions, rules: readonly Rule[], facts: Facts): Noted[] {
  const rule = rules.find(({ id }) => id === 'config/unused-suppression');
  if (rule === undefined) return [];
  const known = new Map(registered.map((entry) => [entry.id, entry]));
  const noted: Noted[] = [];
  const changed = new Set(facts.changeSets.flatMap((set) => set.migrations.map((m) => m.source.path)));
  for (const path of changed) {
    for (const { source, suppression, used } of suppressions.of(path)) {
      for (const id of suppression.rules) {
        const message = suppressionProblem(id, suppression.reason, used.has(id), known.get(id), facts);
        if (message === null) continue;
        const at = lineOf(source.path, source.text, suppression.line);
        const key = `${path} ${id}`;
        noted.push({
          rule,
          problem: { message, at, object: null, key },
          isNew: true,
          set: null,
          mendedBy: null,
        });
      }
    }
  }
  return noted;
}

function suppressionProblem(
  id: string,
  reason: string,
  used: boolean,
  rule: Rule | undefined,
  facts: Facts,
): string | null {
  if (rule === undefined) {
    return `This comment suppresses "${id}", and there is no such rule. It does nothing. Correct the name ("migration-guard rules" lists them) or remove the comment.`;
  }
  if (reason === '') {
    return `This comment suppresses "${id}" without a reason, so it is void. A later reader must see why the finding is accepted. Write the reason behind a colon.`;
  }
  if (used || !couldRun(rule, facts)) return null;
  return `This comment suppresses "${id}", which finds nothing here. A suppression that is left behind hides the next mistake. Remove it.`;
}

/** Whether the facts a rule lives on were there at all. */
function couldRun(rule: Rule, facts: Facts): boolean {
  return rule.evidence.some(
    (evidence) =>
      evidence === 'static' ||
      ((evidence === 'replay' || evidence === 'catalog') && facts.replay !== null) ||
      (evidence === 'probe' && facts.access !== null) ||
      (evidence === 'rollback' && facts.rollback !== null),
  );
}

function lineOf(file: string, text: string, line: number) {
  const content = text.split('\n')[line - 1]?.trimEnd() ?? '';
  const column = content.search(/\S/) + 1 || 1;
  return { file, line, column, endLine: line, endColumn: content.length + 1 };
}

/** A later migration makes the object anew, or switches it again: what is written before that would be undone. */
function isOvertaken({ fix, object, switches }: Problem, { tables, views, routines }: SchemaState): boolean {
  const key = object ?? '';
  const last = [
    views.get(key)?.origin,
    routines.get(key)?.origin,
    switches === 'rls' ? tables.get(key)?.rlsOrigin : null,
  ].find((origin) => origin != null);
  return last != null && fix!.edits.some(({ file }) => file < last.file);
}

const fingerprint = (identity: string) => createHash('sha256').update(identity).digest('hex').slice(0, 32);

function byPlace(a: Finding, b: Finding): number {
  return (
    compare(a.file ?? '', b.file ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0) ||
    compare(a.rule, b.rule) ||
    compare(a.message, b.message)
  );
}

/** `"public."My table""`, from a key inside quotes: Postgres' messages say `"public.My table"`. */
const quotedTwice = /"([\w$]+\.)?"([^"]+)""/g;

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** What a statement writes that did not run here is in no catalog: it was read. */
function asRun(evidence: readonly Evidence[], at: Place | null, { replay }: Facts): readonly Evidence[] {
  const run = at === null ? undefined : replay?.runs.findLast(({ path }) => path === at.file);
  if (run === undefined || run.status === 'applied' || !evidence.includes('catalog')) return evidence;
  // Of a migration of the base failed statements alone are listed.
  const statement = run.statements.find(({ line, endLine }) => line <= at!.line && at!.line <= endLine);
  const ran = statement === undefined ? run.status === 'partial' : statement.status === 'applied';
  return ran ? evidence : evidence.map((each) => (each === 'catalog' ? 'static' : each));
}

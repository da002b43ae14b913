/** One object and one cause make one finding: what was seen swallows what explains it, what backs a finding joins it. */
import type { Evidence, Finding, Fix, Severity } from '../model/finding.ts';
import type { Rule } from '../rules/rule.ts';
import { withoutRepeats } from './help.ts';

export function mergeFindings(
  findings: readonly Finding[],
  rules: ReadonlyMap<string, Rule>,
): readonly Finding[] {
  return joinBacking(swallowCauses(findings, rules), rules);
}

/** A finding takes the place of those on its object that its rule names as their explanation. */
function swallowCauses(findings: readonly Finding[], rules: ReadonlyMap<string, Rule>): readonly Finding[] {
  const gone = new Set<Finding>();
  const merged = findings.map((finding) => {
    if (finding.causes.length === 0) return finding;
    const causes = findings.filter(
      (other) =>
        other !== finding &&
        !gone.has(other) &&
        finding.causes.includes(other.rule) &&
        !speaksOfCode(other) &&
        (counts(finding) || !counts(other)) &&
        // What is graver than its consequence says more than that: both stay.
        order.indexOf(other.severity) >= order.indexOf(finding.severity) &&
        sameThing(finding, other),
    );
    for (const cause of causes) gone.add(cause);
    // What explains it may know the SQL that a look at the consequence does not.
    const explained =
      ownHelp(finding, rules) === null ? causes.find((cause) => ownHelp(cause, rules) !== null) : undefined;
    const help = explained?.help ?? finding.help;
    const placed = finding.file === null ? causes.find(({ file }) => file !== null) : undefined;
    return {
      ...finding,
      ...(placed === undefined ? {} : placeOf(placed)),
      causes: [...new Set(causes.map(({ rule }) => rule))],
      evidence: union(finding, ...causes),
      help,
      fix: finding.fix ?? fixOf({ ...finding, help }, causes, placed?.file ?? finding.file),
    };
  });
  return merged.filter((_, index) => !gone.has(findings[index]!));
}

/**
 * What a cause would mend by itself is no way out where the finding asks for more than that. With `--all` an object may
 * be made anew by a later file, too: what is written behind an earlier form is undone there.
 */
function fixOf({ help }: Finding, causes: readonly Finding[], file: string | null): Fix | null {
  const fixed = causes.filter(({ fix }) => fix !== null);
  const fix =
    (fixed.find((each) => each.file === file) ?? (causes.length === 1 ? fixed[0] : undefined))?.fix ?? null;
  if (fix === null) return null;
  const isWhole =
    help === null || statementsIn(help) === statementsIn(fix.edits.map(({ text }) => text).join());
  const isEarlier = file !== null && fix.edits.some((edit) => edit.file < file);
  return isWhole && !isEarlier ? fix : null;
}

/** Without what stands before and behind them; a step that comes first is no comment. */
const statementsIn = (text: string) =>
  text
    .replace(/^```sql\n|\n```$/g, '')
    .replace(/--(?! (?:first|once)\b)[^\n]*/g, '')
    .replace(/\s+/g, ' ')
    .trim();

/** A finding whose rule only backs others (a failure on rows, an error seen in the replay) joins the one at its place. */
function joinBacking(findings: readonly Finding[], rules: ReadonlyMap<string, Rule>): readonly Finding[] {
  const hosts = new Map<Finding, Finding[]>();
  const gone = new Set<Finding>();
  for (const finding of findings) {
    const backs = rules.get(finding.rule)?.backs ?? [];
    const host =
      backs.length === 0
        ? undefined
        : findings.find(
            (other) =>
              backs.includes(other.rule) &&
              !gone.has(other) &&
              (counts(other) || !counts(finding)) &&
              overlaps(finding, other),
          );
    if (host === undefined) continue;
    gone.add(finding);
    hosts.set(host, [...(hosts.get(host) ?? []), finding]);
  }
  return findings
    .filter((finding) => !gone.has(finding))
    .map((finding) => {
      const backing = hosts.get(finding);
      if (backing === undefined) return finding;
      return {
        ...finding,
        severity: gravest([finding, ...backing]),
        causes: [...new Set([...finding.causes, ...backing.map(({ rule }) => rule)])],
        evidence: union(finding, ...backing),
        help: withoutRepeats(
          [finding.help, ...backing.flatMap((other) => [other.message, ownHelp(other, rules)])]
            .filter((part) => part !== null)
            .join('\n\n'),
        ),
        repro: backing.find(({ repro }) => repro !== null)?.repro ?? finding.repro,
      };
    });
}

/** The rule's own sentence on what to do says what the message ends with. */
const ownHelp = ({ rule, help }: Finding, rules: ReadonlyMap<string, Rule>): string | null =>
  help !== null && rules.get(rule)?.remedy.startsWith(help) === true ? null : help;

/** Notes that the application's code raised to warnings: they name the place in it, which no probe knows. */
const speaksOfCode = ({ rule, severity }: Finding): boolean =>
  /^rls\/(command-coverage|no-policy)$/.test(rule) && severity !== 'info';

/** What stood before, or is mended later, hides nothing that is new. */
const counts = (finding: Finding): boolean => finding.new && finding.mendedBy === null;

function sameThing(a: Finding, b: Finding): boolean {
  if (a.object !== null && b.object !== null) return a.object === b.object;
  return a.file !== null && a.file === b.file && a.line === b.line;
}

function overlaps(a: Finding, b: Finding): boolean {
  if (a.file === null || a.file !== b.file || a.line === null || b.line === null) return false;
  return a.line <= (b.endLine ?? b.line) && b.line <= (a.endLine ?? a.line);
}

const placeOf = ({ file, line, column, endLine, endColumn }: Finding) => ({
  file,
  line,
  column,
  endLine,
  endColumn,
});

const union = (...findings: readonly Finding[]): readonly Evidence[] => [
  ...new Set(findings.flatMap(({ evidence }) => evidence)),
];

const order: readonly Severity[] = ['error', 'warning', 'info'];
const gravest = (findings: readonly Finding[]): Severity =>
  order.find((severity) => findings.some((finding) => finding.severity === severity))!;

/** Reading a report: what counts, in which order, and the one sentence that says what happens on merge. */
import type { AccessChange } from '../model/access.ts';
import type { Evidence, Finding, Severity } from '../model/finding.ts';
import { onlyRead, type ProjectReport, type Report } from '../model/report.ts';

export type Counts = Readonly<Record<Severity, number>>;

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** What this pull request brings and no later migration of it mends. Only these gate, only these are listed. */
export const current = (project: ProjectReport): readonly Finding[] =>
  project.findings.filter((finding) => finding.new && finding.mendedBy === null);

export const currentOf = (report: Report): readonly Finding[] => report.projects.flatMap(current);

export function counts(findings: readonly Finding[]): Counts {
  const of = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return { error: of('error'), warning: of('warning'), info: of('info') };
}

/** Gravest first, then as they stand in the file. */
export const bySeverity = (a: Finding, b: Finding): number =>
  (rank[a.severity] ?? 3) - (rank[b.severity] ?? 3) ||
  compare(a.file ?? '', b.file ?? '') ||
  (a.line ?? 0) - (b.line ?? 0) ||
  (a.column ?? 0) - (b.column ?? 0) ||
  compare(a.rule, b.rule) ||
  compare(a.fingerprint, b.fingerprint);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Findings by file, files with the gravest finding first; what belongs to no file comes first of all. */
export function byFile(
  findings: readonly Finding[],
): readonly (readonly [string | null, readonly Finding[]])[] {
  const files = new Map<string | null, Finding[]>();
  for (const finding of [...findings].sort(bySeverity)) {
    const list = files.get(finding.file);
    if (list) list.push(finding);
    else files.set(finding.file, [finding]);
  }
  return [...files].sort(([a], [b]) => Number(a !== null) - Number(b !== null));
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function list(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

export const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** In their order, under what they have in common. */
export function grouped<T>(items: readonly T[], by: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
  return groups;
}

/** How the project's own pgTAP tests went; empty where it has none. */
export function testWords({ tests }: ProjectReport): string {
  if (tests.length === 0) return '';
  const passed = tests.filter(({ status }) => status === 'passed').length;
  return `Database tests: ${passed} of ${plural(tests.length, 'file')} passed`;
}

const grantWords = {
  automatic: 'new tables are granted to the API roles',
  explicit: 'new tables are granted to nobody',
  mixed: 'new tables are granted to the API roles up to 30 October 2026',
};

/** What was taken for granted where no setting says it; empty where one does. */
export const assumedGrants = (engine: ProjectReport['engine']): string =>
  engine?.grantsBy === 'date'
    ? `${grantWords[engine.grants] ?? engine.grants}, by the files' dates (grants-era: auto)`
    : '';

export function seconds(ms: number): string {
  return ms < 950 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** "3 errors, 1 warning": what there is of each, gravest first; empty where there is nothing. */
export function countWords(of: Counts): string {
  return [
    of.error > 0 ? plural(of.error, 'error') : '',
    of.warning > 0 ? plural(of.warning, 'warning') : '',
    of.info > 0 ? plural(of.info, 'note') : '',
  ]
    .filter(Boolean)
    .join(', ');
}

type Consequence = 'exposed' | 'lost' | 'secret' | 'broken';

/** What an error of a rule means to somebody about to merge. Whatever is in no list breaks something. */
function consequence(rule: string): Consequence {
  if (rule === 'integrity/secret') return 'secret';
  if (/^safety\/(drop-|truncate|delete-all|update-all)/.test(rule)) return 'lost';
  if (
    /^(rls\/(recursion|auth-users)|access\/(policy-error|sign-up-|service-role-|owner-locked|narrowed))/.test(
      rule,
    )
  )
    return 'broken';
  if (/^(rls|access|views|functions|storage|roles)\//.test(rule)) return 'exposed';
  return 'broken';
}

const errorsOf = (findings: readonly Finding[], kind: Consequence): readonly Finding[] =>
  findings.filter(({ severity, rule }) => severity === 'error' && consequence(rule) === kind);

/** Access to what was there before; a new object has no access to compare with. */
export const accessChanges = (project: ProjectReport): readonly AccessChange[] =>
  project.access.changes.filter(
    (change) =>
      change.before !== null && (change.after !== change.before || conditionsChanged(change) !== ''),
  );

/** Of access that is called the same before and after: the way in that is gone or new. */
export function conditionsChanged({ gained = [], lost = [], direction }: AccessChange): string {
  // Rows in another state, or the same people in other words, are told by what the change says itself.
  if (direction !== 'narrowed' && direction !== 'widened') return '';
  const [first, ...others] = (direction === 'narrowed' ? lost : gained).filter((way) =>
    /^with a (row|token) /.test(way),
  );
  if (first === undefined) return '';
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return `${direction === 'narrowed' ? 'no longer' : 'now also'} ${first}${more}`;
}

/** Objects whose access changes, without those of which an error has told why. */
function changedObjects(
  report: Report,
  direction: AccessChange['direction'],
  toldAs: Consequence,
): readonly string[] {
  const objects = report.projects.flatMap((project) => {
    const told = new Set(errorsOf(current(project), toldAs).map(({ object }) => object));
    return accessChanges(project)
      .filter((change) => change.direction === direction && !told.has(change.object))
      .map((change) => `${project.path} ${change.object}`);
  });
  return [...new Set(objects)];
}

function kindWord(report: Report, objects: readonly string[]): string {
  const kinds = new Map(
    report.projects.flatMap((project) =>
      project.access.objects.map((object): [string, string] => [
        `${project.path} ${object.object}`,
        object.kind,
      ]),
    ),
  );
  const found = new Set(objects.map((object) => kinds.get(object) ?? 'table'));
  const [only = 'object'] = found;
  return plural(objects.length, found.size === 1 ? only : 'object');
}

/** True where no migration and nothing else that concerns them is changed. */
export const untouched = (report: Report): boolean =>
  report.problem === null &&
  report.projects.every(
    ({ migrations, findings, stages }) =>
      migrations.every(({ change }) => change === 'unchanged') &&
      findings.length === 0 &&
      stages.every(({ id, status }) => id === 'discover' || status === 'skipped'),
  );

/** With `--all`, or in a project's first pull request, there is no earlier state whose access could change. */
const compared = (report: Report): boolean =>
  report.projects.every(({ migrations }) => migrations.some(({ change }) => change === 'unchanged'));

/** False where something of it is not known on one side: an object that was left out, a policy that could not be satisfied. */
const isAccessClear = (report: Report): boolean =>
  report.projects.every(
    (project) =>
      accessChanges(project).every(({ direction }) => direction !== 'unclear') &&
      project.notChecked.every(({ access }) => access == null),
  );

/** What happens on merge, in one sentence without its full stop. */
export function headline(report: Report): string {
  if (report.problem !== null && report.projects.length === 0) return 'nothing could be checked';
  if (untouched(report)) return 'no migration is changed';

  const of = (kind: Consequence) => errorsOf(currentOf(report), kind);
  const exposed = new Set(of('exposed').map((finding) => finding.object ?? finding.fingerprint)).size;
  const widened = changedObjects(report, 'widened', 'exposed');
  const narrowed = changedObjects(report, 'narrowed', 'broken');
  const parts = [
    of('broken').length > 0 ? `${plural(of('broken').length, 'thing')} would break` : '',
    exposed > 0 ? `${plural(exposed, 'object')} would be open to the wrong people` : '',
    of('lost').length > 0 ? `data would be lost in ${plural(of('lost').length, 'place')}` : '',
    of('secret').length > 0 ? `${plural(of('secret').length, 'secret')} would be published` : '',
    widened.length > 0 ? `access widens on ${kindWord(report, widened)}` : '',
    narrowed.length > 0 ? `access narrows on ${kindWord(report, narrowed)}` : '',
  ].filter(Boolean);
  if (parts.length > 0) return parts.join(', ');

  const { statements, statementsChecked, objectsProbed } = coverage(report);
  if (report.verdict === 'incomplete')
    return 'the check did not come to its end, and found nothing until then';
  if (readOnly(report)) {
    const found = currentOf(report).filter(({ severity }) => severity === 'warning').length;
    return found > 0
      ? `no errors, and ${plural(found, 'warning')} to look at`
      : 'reading found nothing that breaks';
  }
  if (statements > 0 && statementsChecked === 0)
    return 'nothing could be tried, and reading found nothing that breaks';
  if (statementsChecked < statements) return 'nothing would break in what could be checked';
  const stays = objectsProbed > 0 && compared(report);
  const warnings = currentOf(report).filter(({ severity }) => severity === 'warning').length;
  // What a warning tells may well break: a page that asks for what goes.
  const access = isAccessClear(report)
    ? 'access stays as it is'
    : 'access stays as it is where it could be tried';
  if (warnings > 0)
    return `no errors${stays ? `, ${access}` : ''}, and ${plural(warnings, 'warning')} to look at`;
  return stays ? `nothing would break, and ${access}` : 'nothing would break';
}

export interface Coverage {
  readonly statements: number;
  readonly statementsChecked: number;
  readonly objects: number;
  readonly objectsProbed: number;
}

export function coverage(report: Report): Coverage {
  const sum = (of: keyof Coverage) =>
    report.projects.reduce((total, project) => total + project.coverage[of], 0);
  return {
    statements: sum('statements'),
    statementsChecked: sum('statementsChecked'),
    objects: sum('objects'),
    objectsProbed: sum('objectsProbed'),
  };
}

/** `lint`, or a configuration without an engine: nothing was to be tried. */
const readOnly = ({ projects }: Report): boolean =>
  projects.length > 0 &&
  projects.every(({ stages }) => stages.some(({ id, reason }) => id === 'replay' && reason === onlyRead));

/** How much was really checked; "pass" is never written without it. */
export function coverageWords(report: Report): string {
  const of = coverage(report);
  if (readOnly(report)) return `${plural(of.statements, 'changed statement')} read, none run`;
  const statements = `${of.statementsChecked} of ${plural(of.statements, 'changed statement')} checked`;
  if (of.objects === 0) return statements;
  return `${statements}, access tried on ${of.objectsProbed} of ${plural(of.objects, 'object')}`;
}

const evidenceWord: Readonly<Record<Evidence, string>> = {
  static: 'read in the SQL',
  replay: 'seen on replay',
  catalog: 'seen in the catalog',
  probe: 'seen by a probe',
  rollback: 'seen on rolling back',
};

/** Whether it was read or seen. */
export const evidenceWords = (evidence: readonly Evidence[]): string =>
  evidence.map((kind) => evidenceWord[kind] ?? kind).join(', ');

/** `supabase/migrations/x.sql:12:3`, as far as it is known. */
export function placeWords(finding: Finding): string {
  if (finding.file === null) return '';
  return [finding.file, finding.line, finding.line === null ? null : finding.column]
    .filter((part) => part !== null)
    .join(':');
}

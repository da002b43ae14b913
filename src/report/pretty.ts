/** The report for a terminal. */
import type { Severity } from '../model/finding.ts';
import type { ProjectReport, Report } from '../model/report.ts';
import { visible } from './escape.ts';
import { helpParts } from './help.ts';
import { reachWords } from './reach.ts';
import {
  accessChanges,
  assumedGrants,
  byFile,
  conditionsChanged,
  counts,
  countWords,
  coverageWords,
  current,
  currentOf,
  evidenceWords,
  headline,
  placeWords,
  plural,
  seconds,
  sentence,
  testWords,
  untouched,
} from './report.ts';
import { helpOf, sameOf, type Told, twins } from './twins.ts';

export interface PrettyOptions {
  /** ANSI colours: only where the reader is a terminal that wants them. */
  readonly colour: boolean;
}

type Paint = (style: Style, value: string) => string;
type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'blue' | 'green';
const sgr: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  blue: [34, 39],
  green: [32, 39],
};
const severityStyle: Readonly<Record<Severity, Style>> = { error: 'red', warning: 'yellow', info: 'blue' };
const severityWord: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

export function pretty(report: Report, { colour }: PrettyOptions): string {
  const paint: Paint = (style, value) =>
    colour && value !== '' ? `\u001b[${sgr[style][0]}m${value}\u001b[${sgr[style][1]}m` : value;
  const several = report.projects.length > 1;
  const parts = report.projects.flatMap((project) => [
    several ? paint('bold', `── ${visible(project.path)}`) : '',
    ...projectLines(project, paint),
  ]);
  return `${[...parts, ending(report, paint)].filter((part) => part !== '').join('\n\n')}\n`;
}

function projectLines(project: ProjectReport, paint: Paint): readonly string[] {
  return [
    ...byFile(current(project)).flatMap(([, findings]) =>
      twins(findings).map((told) => findingText(told, paint)),
    ),
    accessText(project, paint),
    checklistText(project, paint),
    testsText(project),
    notCheckedText(project, paint),
  ];
}

function findingText(told: Told, paint: Paint): string {
  const finding = told.first;
  const help = helpOf(told);
  const same = sameOf(told, { name: (object) => `"${object}"`, line: ({ line }) => `line ${line}` });
  const style = severityStyle[finding.severity] ?? 'blue';
  const head = [
    paint('bold', visible(placeWords(finding))),
    paint(style, severityWord[finding.severity] ?? finding.severity),
    paint('dim', finding.rule),
  ];
  const causes = finding.causes.length > 0 ? `; with ${finding.causes.join(', ')}` : '';
  const lines = [
    head.filter(Boolean).join('  '),
    ...paragraph(visible(same === '' ? finding.message : `${finding.message} ${same}`)),
    paint('dim', `  ${evidenceWords(finding.evidence)}${causes}`),
  ];
  if (help !== null) lines.push(...helpLines(help).map((line) => paint('green', line)));
  return lines.join('\n');
}

/** Code stands deeper, with nothing beside it and an empty line around it: it is copied as it stands. */
const helpLines = (help: string): readonly string[] =>
  helpParts(visible(help)).flatMap(({ language, text }) => [
    '',
    ...(language === null
      ? paragraph(text)
      : text.split('\n').map((line) => (line === '' ? '' : `    ${line}`))),
  ]);

const width = 96;
function paragraph(value: string): readonly string[] {
  const lines: string[] = [];
  let line = ' ';
  for (const word of value.split(/\s+/)) {
    if (line.length + 1 + word.length > width && line.trim() !== '') {
      lines.push(line);
      line = ' ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function accessText(project: ProjectReport, paint: Paint): string {
  const changes = accessChanges(project);
  if (changes.length === 0) return '';
  const rows = changes.map((change) => {
    const { object, principal, command, before, after, direction } = change;
    const what =
      before === after ? conditionsChanged(change) : `${reachWords(before)} → ${reachWords(after)}`;
    return `  ${visible(object)}: ${principal} ${command}: ${visible(what)} (${direction})`;
  });
  return [paint('bold', 'Access that changes'), ...rows].join('\n');
}

const signs = { pass: '✓', fail: '✗', warn: '!', skip: '-' } as const;
const signStyle: Readonly<Record<keyof typeof signs, Style>> = {
  pass: 'green',
  fail: 'red',
  warn: 'yellow',
  skip: 'dim',
};

function checklistText(project: ProjectReport, paint: Paint): string {
  if (project.checklist.length === 0) return '';
  const longest = Math.max(...project.checklist.map((item) => item.title.length));
  const rows = project.checklist.map(
    ({ status, title, detail }) =>
      `  ${paint(signStyle[status] ?? 'dim', signs[status] ?? '?')} ${title.padEnd(longest)}  ${paint('dim', visible(detail))}`,
  );
  return [paint('bold', 'Checklist'), ...rows].join('\n');
}

const testsText = (project: ProjectReport): string => {
  const words = testWords(project);
  return words === '' ? '' : `${words}.`;
};

function notCheckedText(project: ProjectReport, paint: Paint): string {
  const stages = project.stages.filter((stage) => stage.status === 'failed');
  const rows = [
    ...stages.map((stage) => `stage ${stage.id}: ${stage.reason ?? 'no reason given'}`),
    ...(project.base.reproducible === false
      ? [
          `main does not apply from zero: ${project.base.applied ?? 0} of ${plural(project.base.total ?? 0, 'older migration')} did`,
        ]
      : []),
    ...(project.engine?.note ? [project.engine.note] : []),
    ...project.notChecked.map(({ what, why }) => `${what}: ${why}`),
  ];
  if (rows.length === 0) return '';
  return [paint('bold', 'Not checked'), ...rows.map((row) => `  ${visible(row)}`)].join('\n');
}

function ending(report: Report, paint: Paint): string {
  const style: Style = report.verdict === 'pass' ? 'green' : report.verdict === 'fail' ? 'red' : 'yellow';
  const lines = [paint(style, `${sentence(headline(report))}.`)];
  if (report.problem !== null) lines.push(visible(report.problem));
  if (report.projects.length > 0 && !untouched(report)) {
    const found = countWords(counts(currentOf(report)));
    const total = report.projects.reduce((sum, project) => sum + project.timings.totalMs, 0);
    const base = report.projects.reduce(
      (sum, { preexisting }) => sum + preexisting.error + preexisting.warning + preexisting.info,
      0,
    );
    const engine = report.projects.find((project) => project.engine !== null)?.engine;
    const grants = assumedGrants(engine ?? null);
    lines.push(
      [
        `${sentence(coverageWords(report))}.`,
        found === '' ? '' : `${sentence(found)}.`,
        base > 0
          ? `${plural(base, 'finding')} stood before: "migration-guard check --all" lists ${base === 1 ? 'it' : 'them'}.`
          : '',
        grants === '' ? '' : `${sentence(grants)}.`,
        `${engine ? `Postgres ${engine.postgres} (${engine.kind}), ` : ''}${seconds(total)}.`,
      ]
        .filter(Boolean)
        .join(' '),
    );
  }
  return lines.join('\n');
}

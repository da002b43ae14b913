/** The report as Markdown for GitHub: pull request comment, job summary, `--format markdown`. */
import type { AccessCell, AccessSummary, ObjectAccess, Principal, Proof } from '../model/access.ts';
import type { Finding } from '../model/finding.ts';
import type { ChecklistItem, ProjectReport, Report } from '../model/report.ts';
import type { RollbackResult, SchemaDiffEntry } from '../model/rollback.ts';
import { mermaid } from './diagram.ts';
import { block, code, prose, shortened, text } from './escape.ts';
import { strongLocks } from './locks.ts';
import {
  accessChanges,
  byFile,
  counts,
  countWords,
  coverage,
  coverageWords,
  current,
  currentOf,
  evidenceWords,
  headline,
  list,
  plural,
  seconds,
  sentence,
} from './report.ts';

export interface MarkdownLinks {
  /** Address of a file at the head, at a line; null where there is none. */
  readonly file: (path: string, line: number | null) => string | null;
  /** Address of a rule's page (`docs/rules/…`). */
  readonly docs: (page: string) => string | null;
  /** Where the whole report can be read when this one had to be shortened. */
  readonly whole: string | null;
}

export const noLinks: MarkdownLinks = { file: () => null, docs: () => null, whole: null };

/** How much of it is written. Each step of the ladder leaves more out. */
export interface Amount {
  /** Findings listed, notes among them or not; above that they are counted. */
  readonly findings: number;
  readonly notes: boolean;
  /** The way out under each finding. */
  readonly help: boolean;
  readonly proofs: boolean;
  readonly diagram: boolean;
  /** Entries of the schema diff, lock table, access matrix and of lists of what was not checked. */
  readonly rows: number;
  readonly rollbackSql: boolean;
  /** False: nothing but the first lines and the checklist. */
  readonly sections: boolean;
}

export const ladder: readonly Amount[] = [
  {
    findings: 200,
    notes: true,
    help: true,
    proofs: true,
    diagram: true,
    rows: 200,
    rollbackSql: true,
    sections: true,
  },
  {
    findings: 200,
    notes: true,
    help: true,
    proofs: true,
    diagram: true,
    rows: 60,
    rollbackSql: false,
    sections: true,
  },
  {
    findings: 120,
    notes: false,
    help: true,
    proofs: false,
    diagram: false,
    rows: 40,
    rollbackSql: false,
    sections: true,
  },
  {
    findings: 60,
    notes: false,
    help: false,
    proofs: false,
    diagram: false,
    rows: 20,
    rollbackSql: false,
    sections: true,
  },
  {
    findings: 15,
    notes: false,
    help: false,
    proofs: false,
    diagram: false,
    rows: 10,
    rollbackSql: false,
    sections: true,
  },
  {
    findings: 0,
    notes: false,
    help: false,
    proofs: false,
    diagram: false,
    rows: 0,
    rollbackSql: false,
    sections: false,
  },
];

/** The fullest form whose measured length is within the limit; at last the first line alone. */
export function fitted(
  report: Report,
  links: MarkdownLinks,
  limit: number,
  measure: (body: string) => number,
  wrap: (body: string) => string = (body) => body,
): string {
  let body = '';
  for (const [step, amount] of ladder.entries()) {
    body = wrap(markdown(report, links, amount, step > 0));
    if (measure(body) <= limit) return body;
  }
  return wrap(`${heading(report)}\n`);
}

export function markdown(
  report: Report,
  links: MarkdownLinks = noLinks,
  amount: Amount = ladder[0]!,
  shortenedBody = false,
): string {
  const parts = [opening(report)];
  if (shortenedBody) {
    const where =
      links.whole === null
        ? 'the job summary and the report file have'
        : `[the whole report](${links.whole}) has`;
    parts.push(`_Too long for one comment: ${where} what is left out here._`);
  }
  const several = report.projects.length > 1;
  for (const project of report.projects.slice(0, amount.sections ? 50 : 5)) {
    const body = projectBody(project, links, amount);
    if (several) parts.push(`## ${text(project.path)}: ${projectLine(project)}`);
    parts.push(...body);
  }
  if (report.projects.length > 0) parts.push(footer(report));
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const verdictMark: Readonly<Record<string, string>> = { pass: '✅', fail: '❌', incomplete: '⚠️' };

const heading = (report: Report): string =>
  `### ${verdictMark[report.verdict] ?? '⚠️'} ${text(sentence(headline(report)))}`;

function opening(report: Report): string {
  const first = heading(report);
  if (report.projects.length === 0)
    return [first, text(shortened(report.problem ?? '', 1000))].filter(Boolean).join('\n\n');
  const found = countWords(counts(currentOf(report)));
  const base = report.projects.reduce(
    (sum, { preexisting: { error, warning, info } }) => sum + error + warning + info,
    0,
  );
  const lines = [
    `**${sentence(coverageWords(coverage(report)))}.** ${found === '' ? 'Nothing found.' : `${sentence(found)}.`}`,
    base > 0
      ? `${plural(base, 'finding')} stood before this pull request and ${base === 1 ? 'is' : 'are'} not listed.`
      : '',
    ...(report.problem === null ? [] : [text(shortened(report.problem, 1000))]),
  ];
  return [first, lines.filter(Boolean).join(' '), notes(report)].filter(Boolean).join('\n\n');
}

/** What keeps the check from being whole: said once, on top. */
function notes(report: Report): string {
  const lines = report.projects.flatMap((project) => {
    const { base, engine, stages } = project;
    const named = report.projects.length > 1 ? `${code(project.path)}: ` : '';
    const halted = stages.filter((stage) => stage.status === 'failed');
    return [
      ...halted.map(
        (stage) =>
          `${named}stage ${code(stage.id)} did not come to its end: ${prose(shortened(stage.reason ?? 'no reason given', 600))}`,
      ),
      base.reproducible === false
        ? `${named}main does not apply from zero (${base.applied ?? 0} of ${plural(base.total ?? 0, 'older migration')} did). What fails only because of that is not held against this pull request.`
        : '',
      engine?.note ? `${named}${prose(shortened(engine.note, 600))}` : '',
    ].filter(Boolean);
  });
  return lines.length === 0
    ? ''
    : ['> [!NOTE]', ...lines.map((line) => `> ${line}`)]
        .join('\n> \n')
        .replace('> [!NOTE]\n> \n', '> [!NOTE]\n');
}

function projectLine(project: ProjectReport): string {
  const found = countWords(counts(current(project)));
  return `${verdictMark[project.verdict] ?? '⚠️'} ${found === '' ? 'nothing found' : found}`;
}

function projectBody(project: ProjectReport, links: MarkdownLinks, amount: Amount): readonly string[] {
  if (!amount.sections) return [checklistSection(project)];
  return [
    changesSection(project, amount),
    findingsSection(project, links, amount),
    checklistSection(project),
    newAccessSection(project, amount),
    schemaSection(project, amount),
    lockSection(project, amount),
    rollbackSection(project, amount),
    uncheckedSection(project, amount),
    suppressedSection(project, links, amount),
  ];
}

function folded(summary: string, body: string, open = false): string {
  return `<details${open ? ' open' : ''}><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** At most `limit` rows, and a line that says how many more there are. */
function capped<T>(rows: readonly T[], limit: number, draw: (rows: readonly T[]) => string): string {
  const left = rows.length - limit;
  return left > 0 ? `${draw(rows.slice(0, limit))}\n\n… and ${left} more.` : draw(rows);
}

const mark: Readonly<Record<string, string>> = {
  error: '❌',
  warning: '⚠️',
  info: 'ℹ️',
  fail: '❌',
  warn: '⚠️',
  pass: '✅',
  skip: '➖',
};

// Access

const who: Readonly<Record<Principal, string>> = {
  anon: '`anon`',
  user: 'signed-in user',
  'user-anonymous': 'anonymously signed-in user',
  service_role: '`service_role`',
};
const accessWord: Readonly<Record<string, string>> = {
  none: 'nothing',
  own: 'own rows',
  all: '**all rows**',
  conditional: 'some rows',
  unknown: 'not known',
};
const directionWord: Readonly<Record<string, string>> = {
  widened: '🔓 wider',
  narrowed: '🔒 narrower',
  shifted: 'other rows',
  unclear: 'not clear',
};

function changesSection(project: ProjectReport, amount: Amount): string {
  const changes = accessChanges(project);
  if (changes.length === 0) return '';
  const rows = changes.map((change) => [
    code(change.object),
    who[change.principal] ?? code(change.principal),
    code(change.command),
    `${accessWord[change.before ?? ''] ?? code(change.before ?? '')} → ${accessWord[change.after ?? ''] ?? 'gone'}`,
    directionWord[change.direction] ?? code(change.direction),
  ]);
  const proofs = changes
    .filter((change) => change.direction === 'widened')
    .flatMap((change) => {
      const object = project.access.objects.find((entry) => entry.object === change.object);
      const cell = object && telling(object.cells, change.principal, change.command);
      return cell ? [proofText(`${change.object}, ${change.command}`, cell.proof)] : [];
    });
  return [
    '#### Access that changes',
    capped(rows, amount.rows, (shown) => table(['Object', 'Who', 'Command', 'Before → after', ''], shown)),
    amount.proofs && proofs.length > 0
      ? folded(
          'How this was seen',
          capped(proofs, 12, (shown) => shown.join('\n\n')),
        )
      : '',
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** The cell that shows the most: somebody else's row reached, else anything allowed. */
function telling(
  cells: readonly AccessCell[],
  principal: Principal,
  command: string,
): AccessCell | undefined {
  const allowed = cells.filter(
    (cell) =>
      cell.principal === principal &&
      cell.command === command &&
      cell.outcome === 'allowed' &&
      cell.proof.length > 0,
  );
  return allowed.find((cell) => cell.subject !== 'own') ?? allowed[0];
}

function proofText(title: string, proof: readonly Proof[]): string {
  return block(
    [`-- ${title}`, ...proof.flatMap((step) => [`-- as ${step.as}`, step.sql, `-- → ${step.result}`])]
      .map((line) => shortened(line, 2000))
      .join('\n'),
    'sql',
  );
}

/** New and touched objects: who can do what now. What changed stands above and is not said again. */
function newAccessSection(project: ProjectReport, amount: Amount): string {
  const { objects } = project.access;
  if (objects.length === 0) return '';
  const principals = (['anon', 'user', 'user-anonymous', 'service_role'] as const).filter((principal) =>
    objects.some((object) => object.summary.some((entry) => entry.principal === principal)),
  );
  const rows = objects.map((object) => [
    `${code(object.object)}${object.rls === false && object.kind === 'table' ? ' (RLS off)' : ''}`,
    ...principals.map((principal) => matrixCell(object, principal)),
  ]);
  const head = ['Object', ...principals.map((principal) => who[principal])];
  return folded(
    `Who can do what: ${plural(objects.length, 'object')}`,
    capped(rows, amount.rows, (shown) => table(head, shown)),
  );
}

function matrixCell(object: ObjectAccess, principal: Principal): string {
  const groups = new Map<string, AccessSummary[]>();
  for (const entry of object.summary) {
    if (entry.principal !== principal || entry.access === 'none') continue;
    groups.set(entry.access, [...(groups.get(entry.access) ?? []), entry]);
  }
  if (groups.size === 0)
    return object.summary.some((entry) => entry.principal === principal) ? 'nothing' : '';
  return [...groups]
    .map(
      ([access, entries]) =>
        `${accessWord[access] ?? code(access)}: ${text(entries.map((entry) => entry.command).join(', '))}`,
    )
    .join('<br>');
}

// Findings

function findingsSection(project: ProjectReport, links: MarkdownLinks, amount: Amount): string {
  const all = current(project);
  const listed = all.filter((finding) => finding.severity !== 'info');
  const others = all.filter((finding) => finding.severity === 'info');
  const mended = project.findings.filter((finding) => finding.mendedBy !== null).length;
  let room = amount.findings;
  const draw = (findings: readonly Finding[]) =>
    byFile(findings)
      .map(([file, entries]) => {
        const shown = entries.slice(0, Math.max(0, room));
        room -= shown.length;
        if (shown.length === 0) return '';
        return [
          fileHeading(file, links),
          ...shown.map((finding) => findingText(finding, links, amount)),
        ].join('\n\n');
      })
      .filter(Boolean)
      .join('\n\n');
  const main = draw(listed);
  const mainLeft = listed.length - Math.min(listed.length, amount.findings);
  const notesText = amount.notes ? draw(others) : '';
  return [
    main,
    mainLeft > 0 ? `… and ${countWords(counts([...listed].slice(-mainLeft)))} more.` : '',
    notesText === ''
      ? others.length > 0
        ? `${sentence(plural(others.length, 'note'))} not listed here.`
        : ''
      : folded(sentence(plural(others.length, 'note')), notesText),
    mended > 0
      ? `${sentence(plural(mended, 'finding'))} ${mended === 1 ? 'is' : 'are'} mended by a later migration.`
      : '',
  ]
    .filter(Boolean)
    .join('\n\n');
}

function fileHeading(file: string | null, links: MarkdownLinks): string {
  if (file === null) return '#### The project as a whole';
  const name = code(file);
  const address = links.file(file, null);
  return `#### ${address === null ? name : `[${name}](${address})`}`;
}

function findingText(finding: Finding, links: MarkdownLinks, amount: Amount): string {
  const address = finding.file === null ? null : links.file(finding.file, finding.line);
  const line = finding.line === null ? '' : `line ${finding.line}`;
  const place = line === '' ? '' : `${address === null ? line : `[${line}](${address})`}: `;
  const page = links.docs(finding.docs);
  const rule = page === null ? code(finding.rule) : `[${code(finding.rule)}](${page})`;
  const causes = finding.causes.length > 0 ? `, because of ${list(finding.causes.map(code))}` : '';
  const lines = [
    `- ${mark[finding.severity] ?? '⚠️'} ${place}${prose(shortened(finding.message, 2000))}<br><sub>${rule}${causes} · ${text(evidenceWords(finding.evidence))}</sub>`,
  ];
  if (amount.help) {
    const parts = [
      finding.help === null ? '' : helpBlock(shortened(finding.help, 4000)),
      finding.fix?.rename === undefined ? '' : `Rename it to ${code(finding.fix.rename.to)}.`,
      finding.repro === null ? '' : `See it again:\n\n${block(shortened(finding.repro, 4000), 'sql')}`,
    ].filter(Boolean);
    if (parts.length > 0)
      lines.push(
        folded(
          finding.help === null && finding.fix === null ? 'See it again' : 'What to do',
          parts.join('\n\n'),
        ),
      );
  }
  return lines.map((part, index) => (index === 0 ? part : indented(part))).join('\n\n');
}

const indented = (value: string): string =>
  value
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n');

/** SQL is coloured as SQL, prose is not. */
function helpBlock(help: string): string {
  const sql =
    /^\s*(--|(alter|create|drop|grant|revoke|set|reset|update|insert|delete|select|do|comment|begin|with)\b)/i;
  return sql.test(help) ? block(help, 'sql') : help.includes('\n') ? block(help) : prose(help);
}

// Checklist

function checklistSection(project: ProjectReport): string {
  const items = project.checklist;
  if (items.length === 0) return '';
  const of = (status: ChecklistItem['status']) => items.filter((item) => item.status === status).length;
  const words = [
    of('fail') > 0 ? `${of('fail')} failed` : '',
    of('warn') > 0 ? `${of('warn')} to look at` : '',
    `${of('pass')} passed`,
    of('skip') > 0 ? `${of('skip')} without anything to check` : '',
  ];
  const rows = items
    .slice(0, 30)
    .map((item) => [
      mark[item.status] ?? '',
      text(shortened(item.title, 100)),
      prose(shortened(item.detail, 400)),
    ]);
  return folded(`Checklist: ${words.filter(Boolean).join(', ')}`, table(['', 'Item', 'What was seen'], rows));
}

// Schema

function schemaSection(project: ProjectReport, amount: Amount): string {
  const { added, removed, changed } = project.schemaDiff;
  const total = added.length + removed.length + changed.length;
  const drawing = amount.diagram && project.diagram !== null ? mermaid(project.diagram) : null;
  if (total === 0 && drawing === null) return '';
  const summary = [
    added.length > 0 ? `${added.length} added` : '',
    changed.length > 0 ? `${changed.length} changed` : '',
    removed.length > 0 ? `${removed.length} removed` : '',
  ].filter(Boolean);
  const rows: readonly (readonly [string, SchemaDiffEntry])[] = [
    ...removed.map((entry) => ['−', entry] as const),
    ...changed.map((entry) => ['±', entry] as const),
    ...added.map((entry) => ['+', entry] as const),
  ];
  const draw = (shown: typeof rows) =>
    table(
      ['', 'Kind', 'Object', 'Definition'],
      shown.map(([sign, entry]) => [sign, text(entry.kind), code(entry.object), definition(entry)]),
    );
  const parts = [
    drawing === null ? '' : block(drawing, 'mermaid'),
    total === 0 ? '' : capped(rows, amount.rows, draw),
  ];
  return folded(`Schema: ${list(summary)}`, parts.filter(Boolean).join('\n\n'));
}

function definition(entry: SchemaDiffEntry): string {
  const short = (value: string) => code(shortened(value, 300));
  if (entry.before !== null && entry.after !== null) return `${short(entry.before)} → ${short(entry.after)}`;
  return short(entry.after ?? entry.before ?? '');
}

// Locks

function lockSection(project: ProjectReport, amount: Amount): string {
  const rows = strongLocks(project);
  if (rows.length === 0) return '';
  const objects = new Set(rows.map((row) => row.relation)).size;
  const draw = (shown: typeof rows) =>
    table(
      ['Existing object', 'Lock', 'Who waits', 'Where'],
      shown.map((row) => [
        code(row.relation),
        `${code(row.mode)}${row.rewrites ? ', **written anew**' : ''}`,
        row.blocks,
        `${code(row.file.split('/').at(-1) ?? row.file)}, line ${row.line}`,
      ]),
    );
  return folded(`Locks on ${plural(objects, 'existing object')}`, capped(rows, amount.rows, draw));
}

// Rollback

const planWord: Readonly<Record<RollbackResult['plan'], string>> = {
  file: 'its own file',
  section: 'its Rollback section',
  generated: 'generated here',
  none: 'none',
};
const rollbackWord: Readonly<Record<RollbackResult['status'], string>> = {
  restores: 'runs and restores the schema',
  differs: 'runs, and leaves a difference',
  failed: 'does not run',
  irreversible: 'brings no data back',
  'not-run': 'was not tried',
};

function rollbackSection(project: ProjectReport, amount: Amount): string {
  const results = project.rollback;
  if (results.length === 0) return '';
  const good = results.filter((result) => result.status === 'restores').length;
  const draw = (shown: typeof results) => shown.map((result) => rollbackText(result, amount)).join('\n\n');
  return folded(
    `Rollback: ${good} of ${results.length} tried and exact`,
    capped(results, Math.min(amount.rows, 40), draw),
  );
}

function rollbackText(result: RollbackResult, amount: Amount): string {
  const name = code(result.path.split('/').at(-1) ?? result.path);
  const plan = planWord[result.plan] ?? text(result.plan);
  const lines = [
    `- ${name}: ${plan}${result.plan === 'none' ? '' : `; ${rollbackWord[result.status] ?? text(result.status)}`}.${result.detail === null ? '' : ` ${prose(shortened(result.detail, 600))}`}`,
  ];
  if (result.error !== null)
    lines.push(indented(`${code(result.error.sqlstate)} ${prose(shortened(result.error.message, 600))}`));
  const left = [
    ...result.differences.map((entry) => `left: ${entry}`),
    ...result.losesData.map((entry) => `lost: ${entry}`),
  ];
  if (left.length > 0)
    lines.push(
      indented(
        capped(left, 8, (some) => some.map((entry) => `- ${prose(shortened(entry, 300))}`).join('\n')),
      ),
    );
  if (result.sql !== null && amount.rollbackSql)
    lines.push(indented(block(shortened(result.sql, 6000), 'sql')));
  return lines.join('\n\n');
}

// What was not checked

function uncheckedSection(project: ProjectReport, amount: Amount): string {
  const rows = project.notChecked;
  const tests = project.tests.filter((run) => run.status !== 'passed');
  const parts: string[] = [];
  if (project.tests.length > 0) {
    const failed = tests.map(
      (run) =>
        `- ${code(run.path)}: ${run.status === 'failed' ? `${run.failed} failed` : text(run.status)}${run.detail === null ? '' : `. ${prose(shortened(run.detail, 400))}`}`,
    );
    const summary = `Database tests: ${project.tests.length - tests.length} of ${plural(project.tests.length, 'file')} passed`;
    parts.push(
      failed.length === 0
        ? `${summary}.`
        : folded(
            summary,
            capped(failed, amount.rows, (shown) => shown.join('\n')),
          ),
    );
  }
  if (rows.length > 0) {
    const lines = rows.map((entry) => {
      const where =
        entry.file === null
          ? ''
          : ` (${code(entry.file)}${entry.line === null ? '' : `, line ${entry.line}`})`;
      return `- ${prose(shortened(entry.what, 200))}: ${prose(shortened(entry.why, 400))}${where}`;
    });
    parts.push(
      folded(
        `Not checked: ${rows.length}`,
        capped(lines, amount.rows, (shown) => shown.join('\n')),
      ),
    );
  }
  return parts.join('\n\n');
}

function suppressedSection(project: ProjectReport, links: MarkdownLinks, amount: Amount): string {
  const rows = project.suppressed.filter(({ finding }) => finding.new);
  if (rows.length === 0) return '';
  const lines = rows.map(({ finding, reason, by, file, line }) => {
    const address = links.file(file, line);
    const place = `${code(file.split('/').at(-1) ?? file)}${line === null ? '' : `, line ${line}`}`;
    const object = finding.object === null ? '' : ` on ${code(finding.object)}`;
    return `- ${code(finding.rule)}${object}: ${text(shortened(reason, 300))} (${by === 'config' ? 'by the configuration' : address === null ? place : `[${place}](${address})`})`;
  });
  return folded(
    `Ignored with a reason: ${rows.length}`,
    capped(lines, amount.rows, (shown) => shown.join('\n')),
  );
}

function footer(report: Report): string {
  const engines = new Set(
    report.projects.flatMap(({ engine }) =>
      engine === null ? [] : [text(`Postgres ${engine.postgres} (${engine.kind})`)],
    ),
  );
  const total = report.projects.reduce((sum, project) => sum + project.timings.totalMs, 0);
  const stages = new Map<string, number>();
  for (const project of report.projects) {
    for (const [stage, ms] of Object.entries(project.timings.stages).slice(0, 20)) {
      stages.set(stage, (stages.get(stage) ?? 0) + ms);
    }
  }
  const parts = [...stages].filter(([, ms]) => ms >= 1).map(([stage, ms]) => `${text(stage)} ${seconds(ms)}`);
  const time = `${seconds(total)}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
  return `<sub>${[...engines, time, text(`supabase-migration-guard ${report.tool.version}`)].join(' · ')}</sub>`;
}

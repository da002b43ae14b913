/** The access matrix alone: who reaches which rows, as text and as Markdown. */
import type { Access, AccessCell, AccessSummary, ObjectAccess, Principal } from '../model/access.ts';
import type { Report } from '../model/report.ts';
import { code } from './escape.ts';

const principals: readonly Principal[] = ['anon', 'user', 'user-anonymous', 'service_role'];
const commands = ['select', 'insert', 'update', 'delete', 'execute'] as const;
const words: Readonly<Record<Access, string>> = {
  none: '-',
  own: 'own',
  all: 'all',
  conditional: 'some',
  unknown: '?',
};

/** One object a block: a line a principal, a column a command. */
export function matrixText(report: Report): string {
  const blocks = objectsOf(report).map((object) => {
    const rows = table(object);
    const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
    const lines = rows.map((row) =>
      `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd(),
    );
    return [
      `${object.object} (${object.kind}${object.rls === false ? ', row level security off' : ''})`,
      ...lines,
      ...notes(object),
    ].join('\n');
  });
  return blocks.length === 0 ? 'Nothing is exposed to the API.' : blocks.join('\n\n');
}

export function matrixMarkdown(report: Report): string {
  const blocks = objectsOf(report).map((object) => {
    const [head, ...rows] = table(object);
    const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
    return [
      `#### ${code(object.object)} (${object.kind})`,
      '',
      line(head!),
      line(head!.map(() => '---')),
      ...rows.map(line),
      ...notes(object).map((text) => `\n${text.trim()}`),
    ].join('\n');
  });
  return blocks.length === 0 ? 'Nothing is exposed to the API.' : blocks.join('\n\n');
}

const objectsOf = (report: Report) => report.projects.flatMap((project) => project.access.objects);

function table(object: ObjectAccess): string[][] {
  const used = commands.filter((command) => object.summary.some((entry) => entry.command === command));
  const seen = principals.filter((principal) =>
    object.summary.some((entry) => entry.principal === principal),
  );
  const cell = (principal: Principal, command: AccessSummary['command']) => {
    const entry = object.summary.find((one) => one.principal === principal && one.command === command);
    if (entry === undefined) return '';
    return entry.access === 'none' && runs(object, principal) ? 'runs' : words[entry.access];
  };
  return [
    ['', ...used],
    ...seen.map((principal) => [principal, ...used.map((command) => cell(principal, command))]),
  ];
}

const notes = (object: ObjectAccess): string[] => [
  ...(object.summary.length === 0 ? ['  not known: nothing could be tried'] : []),
  ...conditions(object),
  ...listings(object),
  ...(principals.some((principal) => runs(object, principal))
    ? ['  runs: it gave out, made and changed no row of another']
    : []),
];

/** A function that may be executed, and through which nobody reached the rows of another. */
const runs = ({ cells }: ObjectAccess, principal: Principal): boolean =>
  cells.some(
    (cell) => cell.principal === principal && cell.command === 'execute' && cell.outcome === 'filtered',
  );

/** Who sees the names of a bucket's files: of a public one, they are all that its files' addresses keep back. */
function listings({ kind, cells }: ObjectAccess): string[] {
  if (kind !== 'bucket') return [];
  return principals
    .filter((principal) => principal !== 'service_role')
    .flatMap((principal) => {
      const listed = cells.filter(
        (cell) =>
          cell.principal === principal &&
          cell.command === 'select' &&
          cell.outcome === 'allowed' &&
          cell.when === null,
      );
      if (listed.length === 0) return [];
      const all = listed.some(({ subject }) => subject !== 'own');
      return [`  ${principal} lists the names of ${all ? 'all files' : 'files of its own'}`];
    });
}

/** What "some" means: each condition that was seen to hold, once. */
function conditions(object: ObjectAccess): string[] {
  const line = ({ principal, command, when }: AccessCell) => `  ${principal} ${command}: ${when}`;
  const seen = (outcome: AccessCell['outcome']) =>
    new Set(object.cells.filter((cell) => cell.when !== null && cell.outcome === outcome).map(line));
  const allowed = seen('allowed');
  // The policies let it pass; that this one row broke a key or a check is no matter of access.
  const stopped = [...seen('constraint')].filter((text) => !allowed.has(text));
  return [
    ...allowed,
    ...stopped.map((text) => `${text} (policies let it pass, a constraint stopped this row)`),
  ];
}

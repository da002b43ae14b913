/** The access matrix alone: who reaches which rows, as text and as Markdown. */
import type { Access, AccessCell, AccessSummary, ObjectAccess, Principal } from '../model/access.ts';
import type { Report } from '../model/report.ts';
import { conditionWords, reachesOwnToo } from '../probes/matrix/ways-in.ts';
import { code } from './escape.ts';
import { grouped } from './report.ts';

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
    if (entry.access === 'none' && runs(object, principal)) return 'runs';
    return `${reachesOwnToo(object, entry) ? 'own + ' : ''}${words[entry.access]}`;
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

/** What "some" means: each condition that was seen to hold, once, with all who have it. */
function conditions(object: ObjectAccess): string[] {
  const key = ({ principal, command, when }: AccessCell) =>
    JSON.stringify([principal, command, conditionWords(when!)]);
  const seen = (outcome: AccessCell['outcome']) =>
    new Map(
      object.cells
        .filter((cell) => cell.when !== null && cell.outcome === outcome)
        .map((cell) => [key(cell), cell]),
    );
  const allowed = seen('allowed');
  // The policies let it pass; that this one row broke a key or a check is no matter of access.
  const stopped = [...seen('constraint')].flatMap(([text, cell]) => (allowed.has(text) ? [] : [cell]));
  return [
    ...together([...allowed.values()]),
    ...together(stopped).map((text) => `${text} (policies let it pass, a constraint stopped this row)`),
  ];
}

/** `anon, user select: rows where published = true`: commands of one principal, then principals of the same commands. */
function together(cells: readonly AccessCell[]): string[] {
  const byWho = grouped(cells, ({ principal, when }) => `${principal}\0${conditionWords(when!)}`);
  const lines = [...byWho.values()].map((same) => ({
    principal: same[0]!.principal,
    what: `${same.map(({ command }) => command).join(', ')}: ${conditionWords(same[0]!.when!)}`,
  }));
  return [...grouped(lines, ({ what }) => what)].map(
    ([what, same]) => `  ${same.map(({ principal }) => principal).join(', ')} ${what}`,
  );
}

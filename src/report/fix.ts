/** Carries out the certain fixes of a report on disk. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Git } from '../changes/git.ts';
import type { Edit, Fix } from '../model/finding.ts';
import type { Report } from '../model/report.ts';

/** What was carried out. Files in `keep` are left as they are. */
export async function applyFixes(
  report: Report,
  cwd: string,
  keep: ReadonlySet<string> = new Set(),
): Promise<Chosen> {
  const root = (await Git.open(cwd))?.root ?? cwd;
  const chosen = chooseFixes(fixesOf(report).filter((fix) => !filesOf(fix).some((file) => keep.has(file))));
  for (const [file, each] of chosen.edits) {
    const path = join(root, file);
    await writeFile(path, applyEdits(await readFile(path, 'utf8'), each));
  }
  for (const [from, to] of chosen.renames) await rename(join(root, from), join(root, to));
  return chosen;
}

/** The certain fixes of what the change brought. */
export const fixesOf = (report: Report): readonly Fix[] =>
  report.projects
    .flatMap((project) => project.findings)
    .filter((finding) => finding.new && finding.mendedBy === null)
    .flatMap((finding) => (finding.fix === null ? [] : [finding.fix]));

export const filesOf = (fix: Fix): readonly string[] => [
  ...fix.edits.map(({ file }) => file),
  ...(fix.rename === undefined ? [] : [fix.rename.from]),
];

/** Fixes that can be carried out together: edits and new names by file. */
export interface Chosen {
  readonly taken: number;
  readonly edits: ReadonlyMap<string, readonly Edit[]>;
  /** Carried out last: edits name the old path. */
  readonly renames: ReadonlyMap<string, string>;
}

/** One whose edits overlap those of one already taken waits for the next run. */
export function chooseFixes(fixes: readonly Fix[]): Chosen {
  const taken = withoutOverlap(fixes);
  const edits = new Map<string, Edit[]>();
  for (const edit of taken.flatMap((fix) => fix.edits)) {
    edits.set(edit.file, [...(edits.get(edit.file) ?? []), edit]);
  }
  const renames = new Map(taken.flatMap(({ rename: to }) => (to === undefined ? [] : [[to.from, to.to]])));
  return { taken: taken.length, edits, renames };
}

/** Laid from the end of the text to its start, so that positions hold. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  // A byte-order mark is no character of the first line.
  if (text.startsWith('\ufeff')) return `\ufeff${applyEdits(text.slice(1), edits)}`;
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const breaks = /\r\n/.test(text) ? '\r\n' : '\n';
  const offset = (line: number, column: number) =>
    Math.min(text.length, (starts[line - 1] ?? text.length) + column - 1);
  return [...edits]
    .map((edit) => ({
      from: offset(edit.startLine, edit.startColumn),
      to: offset(edit.endLine, edit.endColumn),
      text: breaks === '\n' ? edit.text : edit.text.replace(/\r?\n/g, breaks),
    }))
    .sort((a, b) => b.from - a.from)
    .reduce((result, edit) => result.slice(0, edit.from) + edit.text + result.slice(edit.to), text);
}

function withoutOverlap(fixes: readonly Fix[]): readonly Fix[] {
  const taken: Fix[] = [];
  const seen = new Set<string>();
  const renamed = new Set<string>();
  for (const fix of fixes) {
    const key = JSON.stringify([fix.edits, fix.rename]);
    const clash = taken.some((other) => other.edits.some((a) => fix.edits.some((b) => overlap(a, b))));
    if (seen.has(key) || clash || (fix.rename !== undefined && renamed.has(fix.rename.from))) continue;
    seen.add(key);
    if (fix.rename !== undefined) renamed.add(fix.rename.from);
    taken.push(fix);
  }
  return taken;
}

function overlap(a: Edit, b: Edit): boolean {
  if (a.file !== b.file) return false;
  const before = (x: Edit, y: Edit) =>
    x.endLine < y.startLine ||
    (x.endLine === y.startLine && x.endColumn <= y.startColumn && !(same(x) && same(y)));
  const same = (x: Edit) => x.startLine === x.endLine && x.startColumn === x.endColumn;
  return !before(a, b) && !before(b, a);
}

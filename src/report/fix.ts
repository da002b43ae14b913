/** Carries out the certain fixes of a report on disk. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Git } from '../changes/git.ts';
import type { Edit, Fix } from '../model/finding.ts';
import type { Report } from '../model/report.ts';

/**
 * Number of findings mended. Fixes whose edits overlap one already taken wait for the next run: edits are laid from the
 * end of a file to its start, so that positions hold. Renames come last.
 */
export async function applyFixes(report: Report, cwd: string): Promise<number> {
  const root = (await Git.open(cwd))?.root ?? cwd;
  const fixes = report.projects
    .flatMap((project) => project.findings)
    .filter((finding) => finding.new && finding.mendedBy === null)
    .flatMap((finding) => (finding.fix === null ? [] : [finding.fix]));
  const taken = withoutOverlap(fixes);
  const byFile = new Map<string, Edit[]>();
  for (const edit of taken.flatMap((fix) => fix.edits)) {
    byFile.set(edit.file, [...(byFile.get(edit.file) ?? []), edit]);
  }
  for (const [file, edits] of byFile) {
    const path = join(root, file);
    await writeFile(path, applyEdits(await readFile(path, 'utf8'), edits));
  }
  for (const { rename: renamed } of taken) {
    if (renamed !== undefined) await rename(join(root, renamed.from), join(root, renamed.to));
  }
  return taken.length;
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  // A byte-order mark is no character of the first line.
  if (text.startsWith('\ufeff')) return `\ufeff${applyEdits(text.slice(1), edits)}`;
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const offset = (line: number, column: number) =>
    Math.min(text.length, (starts[line - 1] ?? text.length) + column - 1);
  return [...edits]
    .map((edit) => ({
      from: offset(edit.startLine, edit.startColumn),
      to: offset(edit.endLine, edit.endColumn),
      text: edit.text,
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

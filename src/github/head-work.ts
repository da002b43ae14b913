/** What each command does to the files of a head, from the report on it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ProjectReport, Report } from '../model/report.ts';
import { UsageError } from '../project/project.ts';
import { code } from '../report/escape.ts';
import { applyFixes } from '../report/fix.ts';
import { current, currentOf, list, plural } from '../report/report.ts';
import { loadParser, parseSource } from '../sql/parse.ts';
import type { HeadFiles } from './head.ts';

export type HeadWorkName = 'fix' | 'rename' | 'rollback' | 'ignore';

/** Changes the files; answers with what was done, as part of a sentence. */
type Work = (report: Report, head: HeadFiles, words: readonly string[]) => Promise<string>;

const only = (report: Report, keep: (finding: ProjectReport['findings'][number]) => boolean): Report => ({
  ...report,
  projects: report.projects.map((project) => ({ ...project, findings: project.findings.filter(keep) })),
});

export const headWork: Readonly<Record<HeadWorkName, Work>> = {
  fix: async (report, head) => {
    const fixable = only(report, ({ fix }) => fix !== null && fix.rename === undefined);
    const { taken: count } = await applyFixes(fixable, head.folder);
    return count === 0 ? 'no finding has a certain fix' : `${plural(count, 'finding')} mended`;
  },
  rename: async (report, head) => {
    const renames = only(report, ({ fix }) => fix?.rename !== undefined);
    const { taken: count } = await applyFixes(renames, head.folder);
    return count === 0 ? 'no file needs another version' : `${plural(count, 'file')} renamed`;
  },
  rollback: async (report, head) => {
    const written: string[] = [];
    for (const result of report.projects.flatMap((project) => project.rollback)) {
      if (result.plan !== 'generated' || result.sql === null) continue;
      const path = companion(result.path);
      await mkdir(dirname(join(head.folder, path)), { recursive: true });
      await writeFile(join(head.folder, path), `${result.sql.trimEnd()}\n`);
      written.push(path);
    }
    return written.length === 0
      ? 'every migration says how it is undone, or none could be written'
      : `rollback in ${list(written.map(code))}`;
  },
  ignore: async (report, head, [rule = '', ...reason]) => {
    if (rule === '' || reason.length === 0)
      throw new UsageError(
        'Say which rule and why: "/migration-guard ignore rls/disabled the table holds public data".',
      );
    const findings = report.projects.flatMap(current).filter((finding) => finding.rule === rule);
    const files = new Map<string, number[]>();
    for (const { file, line } of findings)
      if (file !== null && line !== null) files.set(file, [...(files.get(file) ?? []), line]);
    await loadParser();
    for (const [file, lines] of files) {
      const path = join(head.folder, file);
      await writeFile(
        path,
        withIgnores(
          file,
          await readFile(path, 'utf8'),
          lines,
          `-- guard-ignore ${rule}: ${reason.join(' ')}`,
        ),
      );
    }
    const others = [...new Set(currentOf(report).map((finding) => finding.rule))].sort();
    return files.size === 0
      ? `no finding of ${code(rule)} has a line; there are ${list(others.map(code)) || 'none'}`
      : `${plural(findings.length, 'finding')} of ${code(rule)} ignored`;
  },
};

/** `supabase/migrations/1_x.sql` → `supabase/rollback/1_x.sql`: a file in `migrations` would be run. */
const companion = (path: string): string => path.replace(/migrations\/([^/]+)$/, 'rollback/$1');

/** The comment goes above the whole statement, from the last to the first, so that lines hold. */
function withIgnores(path: string, source: string, lines: readonly number[], comment: string): string {
  const { statements } = parseSource(path, source);
  const starts = new Set(
    lines.map(
      (line) => statements.find(({ span }) => span.line <= line && line <= span.endLine)?.span.line ?? line,
    ),
  );
  const rows = source.split('\n');
  for (const line of [...starts].sort((a, b) => b - a)) {
    const indent = /^\s*/.exec(rows[line - 1] ?? '')?.[0] ?? '';
    rows.splice(line - 1, 0, `${indent}${comment}`);
  }
  return rows.join('\n');
}

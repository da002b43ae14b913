/** What the change does to the schema: drawn, and as a diff. */
import type { ProjectReport } from '../../model/report.ts';
import type { SchemaDiffEntry } from '../../model/rollback.ts';
import { mermaid } from '../diagram.ts';
import { block, shortened } from '../escape.ts';
import { list } from '../report.ts';
import { type Amount, capped, folded, stacked } from './parts.ts';

export function schemaSection(project: ProjectReport, amount: Amount): string {
  const { added, removed, changed } = project.schemaDiff;
  const drawing = amount.diagram && project.diagram !== null ? mermaid(project.diagram) : null;
  const entries = [...removed, ...changed, ...added];
  if (entries.length === 0 && drawing === null) return '';
  const words = [
    added.length > 0 ? `${added.length} added` : '',
    changed.length > 0 ? `${changed.length} changed` : '',
    removed.length > 0 ? `${removed.length} removed` : '',
  ].filter(Boolean);
  const diff = (shown: readonly SchemaDiffEntry[]) => block(shown.map(lines).join('\n'), 'diff');
  return folded(
    `Schema: ${list(words) || 'drawn'}`,
    stacked(
      drawing === null ? '' : block(drawing, 'mermaid'),
      entries.length === 0 ? '' : capped(entries, amount.rows, diff),
    ),
  );
}

/** Longer definitions (function bodies) are in the migration itself. */
const lineLimit = 24;

/** Of what changed only the lines that differ; of what came or went its definition. */
function lines({ kind, object, before, after }: SchemaDiffEntry): string {
  const old = definition(before);
  const now = definition(after);
  const name = oneLine(`${kind} ${object}`);
  if (before !== null && after !== null) {
    return [
      `@@ ${name} @@`,
      ...cut(old.filter((line) => !now.includes(line))).map((line) => `- ${line}`),
      ...cut(now.filter((line) => !old.includes(line))).map((line) => `+ ${line}`),
    ].join('\n');
  }
  const sign = before === null ? '+' : '-';
  return [`${sign} ${name}`, ...cut(before === null ? now : old).map((line) => `${sign}     ${line}`)].join(
    '\n',
  );
}

const oneLine = (value: string): string => value.replace(/\s+/g, ' ');

const definition = (value: string | null): readonly string[] =>
  (value ?? '')
    .split(/\r?\n/)
    .map((line) => shortened(line.trimEnd(), 300))
    .filter((line) => line !== '');

const cut = (of: readonly string[]): readonly string[] =>
  of.length > lineLimit ? [...of.slice(0, lineLimit), `… ${of.length - lineLimit} more lines`] : of;

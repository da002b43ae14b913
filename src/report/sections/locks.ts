/** Who waits while it runs. */
import type { ProjectReport } from '../../model/report.ts';
import { code } from '../escape.ts';
import { strongLocks } from '../locks.ts';
import { plural } from '../report.ts';
import { type Amount, capped, fileName, folded, table } from './parts.ts';

export function lockSection(project: ProjectReport, amount: Amount): string {
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
        `${code(fileName(row.file))}, line ${row.line}`,
      ]),
    );
  return folded(`Locks on ${plural(objects, 'existing object')}`, capped(rows, amount.rows, draw));
}

/** The way back. */
import type { ProjectReport } from '../../model/report.ts';
import type { RollbackResult } from '../../model/rollback.ts';
import { block, code, prose, shortened, text } from '../escape.ts';
import { type Amount, capped, fileName, folded, indented } from './parts.ts';

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

export function rollbackSection(project: ProjectReport, amount: Amount): string {
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
  const name = code(fileName(result.path));
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

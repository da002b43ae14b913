/** The 14 items. */
import type { ChecklistItem, ProjectReport } from '../../model/report.ts';
import { prose, shortened, text } from '../escape.ts';
import { folded, mark, table } from './parts.ts';

export function checklistSection(project: ProjectReport): string {
  const items = project.checklist;
  if (items.length === 0) return '';
  const of = (status: ChecklistItem['status']) => items.filter((item) => item.status === status).length;
  const words = [
    of('fail') > 0 ? `${of('fail')} failed` : '',
    of('warn') > 0 ? `${of('warn')} to look at` : '',
    of('pass') > 0 ? `${of('pass')} passed` : '',
    of('skip') > 0 ? `${of('skip')} skipped` : '',
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

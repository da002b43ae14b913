import { timeOf } from '../../project/version.ts';
import { rule } from '../rule.ts';

export default rule({
  id: 'structure/header',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static'],
  summary:
    'no comment at the top that says what the migration is for, or a "Created" date that contradicts the version',
  why: 'A migration is read years later, when it is applied to a new database or when somebody looks for the reason of a column. The comment at its top is the only place that says why.',
  remedy:
    'Begin the file with its purpose.\n\n```sql\n-- Migration: create customer invoices\n-- Created: 2026-11-20\n-- Purpose: invoices per customer, readable by their owner\n```',
  since: '0.1.0',
  sources: [],
  fixable: false,
  file({ source, changed, placeOfRange, placeOf, report }) {
    const [first] = source.statements;
    if (first === undefined) return;
    const header = source.comments.filter(({ end }) => end <= first.start);
    if (header.every(({ text }) => !/\p{L}{3}/u.test(text) || text.includes('guard-ignore'))) {
      report({
        message:
          'The file has no comment at its top. Whoever reads it later does not learn why it was written. Say what it does and what for.',
        at: placeOf(first),
        object: source.path,
        key: 'missing',
        help: `\`\`\`sql\n-- Migration: ${changed.migration.name.replaceAll('_', ' ')}\n-- Created: ${dateOf(changed.migration.version) ?? 'YYYY-MM-DD'}\n-- Purpose: …\n\`\`\``,
      });
      return;
    }
    const date = dateOf(changed.migration.version);
    if (date === null) return;
    for (const { text, start } of header) {
      const created = /\bcreated(?:\s+(?:at|on|date))?\s*:\s*(\d{4})-(\d{2})-(\d{2})/i.exec(text);
      if (created === null) continue;
      const said = created.slice(1).join('-');
      // Written in one time zone, named in UTC: a day either way is no contradiction.
      if (Math.abs(Date.parse(said) - Date.parse(date)) <= 86_400_000) continue;
      const at = start + created.index;
      report({
        message: `The comment says "${created[0]}", and the version says ${date}. One of them misleads. Correct the comment.`,
        at: placeOfRange(at, at + created[0].length),
        object: source.path,
        key: 'created',
      });
    }
  },
});

const dateOf = (version: string) => {
  const time = timeOf(version);
  return time === null ? null : new Date(time).toISOString().slice(0, 10);
};

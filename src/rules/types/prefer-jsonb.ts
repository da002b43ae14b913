import type { Fix } from '../../model/finding.ts';
import { rule } from '../rule.ts';
import { definedColumns } from '../support/statements/columns.ts';
import { isVerbatim, listed } from '../support/statements/statements.ts';

export default rule({
  id: 'types/prefer-jsonb',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static'],
  summary: 'json where jsonb would do',
  why: 'json keeps the text as it came and parses it on every access; it has no equality operator, so DISTINCT, GROUP BY and UNION on it fail, and no index.',
  remedy: 'Use jsonb.\n\n```sql\nextracted jsonb\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/datatype-json.html'],
  fixable: true,
  statement: definedColumns(
    ({ type }) => type === 'json',
    (columns, table, statement, context) => {
      const names = columns.map(({ name }) => name);
      const fix: Fix = {
        title: 'Use jsonb',
        edits: columns.map(({ typeNode }) => {
          const start = context.source.offsetOfByte(typeNode.location ?? 0);
          return context.edit(start, start + 4, 'jsonb');
        }),
      };
      const plain = columns.every(
        ({ definition }) => !JSON.stringify(definition.constraints ?? []).includes('"json"'),
      );
      context.report({
        message: `${listed(names)} of "${table}" ${names.length === 1 ? 'is' : 'are'} json. It is parsed on every access and can be neither compared nor indexed. Use jsonb.`,
        at: context.placeOfByte(columns[0]!.typeNode.location ?? columns[0]!.definition.location),
        object: table,
        key: names.join(' '),
        help: `\`\`\`sql\n${names.map((name) => `${name} jsonb`).join(',\n')}\n\`\`\``,
        ...(plain && isVerbatim(context, statement) ? { fix } : {}),
      });
    },
  ),
});

import type { Fix } from '../../model/finding.ts';
import type { Statement } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';
import { type DefinedColumn, definedColumns } from '../support/statements/columns.ts';
import { isVerbatim, listed } from '../support/statements/statements.ts';

export default rule({
  id: 'types/prefer-timestamptz',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static'],
  summary: 'timestamp without time zone',
  why: "A timestamp without time zone stores what a clock showed and not when: now() is cut to the session's zone, and clients in other zones read another moment. timestamptz takes the same 8 bytes.",
  remedy: 'Use timestamptz.\n\n```sql\ncreated_at timestamptz not null default now()\n```',
  since: '0.1.0',
  sources: ['https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_timestamp_.28without_time_zone.29'],
  fixable: true,
  statement: definedColumns(
    ({ type }) => type === 'timestamp',
    (columns, table, statement, context) => {
      const names = columns.map(({ name }) => name);
      const fix = fixOf(columns, statement, context);
      context.report({
        message: `${listed(names)} of "${table}" ${names.length === 1 ? 'is a timestamp' : 'are timestamps'} without time zone. It stores what a clock showed, and a client in another zone reads another moment. Use timestamptz.`,
        at: context.placeOfByte(columns[0]!.typeNode.location ?? columns[0]!.definition.location),
        object: table,
        key: names.join(' '),
        help: `\`\`\`sql\n${names.map((name) => `${name} timestamptz`).join(',\n')}\n\`\`\``,
        ...(fix === null ? {} : { fix }),
      });
    },
  ),
});

function fixOf(columns: readonly DefinedColumn[], statement: Statement, context: FileContext): Fix | null {
  if (!isVerbatim(context, statement)) return null;
  const edits = columns.map(({ typeNode }) => {
    const start = context.source.offsetOfByte(typeNode.location ?? 0);
    const match = /^timestamp(\s*\(\s*\d\s*\))?(\s+without\s+time\s+zone)?/i.exec(
      context.source.text.slice(start, start + 80),
    );
    return match === null
      ? null
      : context.edit(start, start + match[0].length, `timestamptz${match[1] ?? ''}`);
  });
  if (edits.some((edit) => edit === null)) return null;
  return { title: 'Use timestamptz', edits: edits.filter((edit) => edit !== null) };
}

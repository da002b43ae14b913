import { rule } from '../rule.ts';
import { definedColumns } from '../support/statements/columns.ts';
import { listed } from '../support/statements/statements.ts';

export default rule({
  id: 'types/prefer-text',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static'],
  summary: 'varchar(n) where text, with a CHECK if the length matters, would do',
  why: 'In Postgres text is as fast and as small as varchar. The limit of varchar(n) is a part of the type: to lower it, or to change it under a view, the column must be rebuilt, while a CHECK is dropped and added without.',
  remedy: 'Use text.\n\n```sql\nname text not null check (char_length(name) <= 200)\n```',
  since: '0.1.0',
  sources: [
    'https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_varchar.28n.29_by_default',
    'https://www.postgresql.org/docs/17/datatype-character.html',
  ],
  fixable: false,
  statement: definedColumns(
    ({ type, typeNode }) => type === 'varchar' && typeNode.typmods !== undefined,
    (columns, table, _statement, { placeOfByte, report }) => {
      const names = columns.map(({ name }) => name);
      report({
        message: `${listed(names)} of "${table}" ${names.length === 1 ? 'is' : 'are'} varchar(n). The limit is part of the type and hard to change later; text takes no more room. Use text, with a CHECK where the length matters.`,
        at: placeOfByte(columns[0]!.typeNode.location ?? columns[0]!.definition.location),
        object: table,
        key: names.join(' '),
        help: `\`\`\`sql\n${names.map((name) => `${name} text`).join(',\n')}\n\`\`\``,
      });
    },
  ),
});

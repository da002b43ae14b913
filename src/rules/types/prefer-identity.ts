import { rule } from '../rule.ts';
import { definedColumns } from '../support/statements/columns.ts';
import { listed, sql } from '../support/statements/statements.ts';

const serial = new Set(['serial', 'serial4', 'bigserial', 'serial8', 'smallserial', 'serial2']);

export default rule({
  id: 'types/prefer-identity',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static'],
  summary: 'serial where an identity column would do',
  why: 'A serial column takes its value from a sequence with privileges of its own: a role that may INSERT needs USAGE on the sequence too, or the insert fails with 42501. An identity column needs no such grant, and is dropped and copied with its table.',
  remedy: 'Use an identity column.\n\n```sql\nid bigint generated always as identity primary key\n```',
  since: '0.1.0',
  sources: [
    'https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_serial',
    'https://www.postgresql.org/docs/17/ddl-identity-columns.html',
  ],
  fixable: false,
  statement: definedColumns(
    ({ type }) => serial.has(type),
    (columns, table, _statement, { placeOfByte, report }) => {
      const names = columns.map(({ name }) => name);
      report({
        message: `${listed(names)} of "${table}" ${names.length === 1 ? 'is' : 'are'} serial. Whoever inserts needs USAGE on the sequence behind it too. Use an identity column.`,
        at: placeOfByte(columns[0]!.typeNode.location ?? columns[0]!.definition.location),
        object: table,
        key: names.join(' '),
        help: sql(`${names[0]} bigint generated always as identity`),
      });
    },
  ),
});

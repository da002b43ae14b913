import type { SyntaxNode } from '../../model/sql.ts';
import { rule } from '../rule.ts';
import { definedColumns } from '../support/statements/columns.ts';
import { hasConstraint, listed, sql } from '../support/statements/statements.ts';

const small = new Set(['int4', 'int2', 'serial', 'serial4', 'smallserial', 'serial2']);

export default rule({
  id: 'types/prefer-bigint',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static'],
  summary: 'a primary key of type integer or smallint that counts up by itself',
  why: 'An integer key ends at 2,147,483,647, deleted rows and rolled back inserts included. To widen it later rewrites the table and all that references it, under an exclusive lock.',
  remedy: 'Use bigint.\n\n```sql\nid bigint generated always as identity primary key\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/datatype-numeric.html#DATATYPE-INT'],
  fixable: false,
  // A key that is written by hand (a rank, a code) stays small: only those that count up can run out.
  statement: definedColumns(
    ({ type, definition }) => small.has(type) && isKey(definition) && countsUp(type, definition),
    (columns, table, _statement, { placeOfByte, report }) => {
      const names = columns.map(({ name }) => name);
      report({
        message: `The key ${listed(names)} of "${table}" counts up in a type that ends at two billion or less. Widening it later rewrites the table under an exclusive lock. Use bigint.`,
        at: placeOfByte(columns[0]!.typeNode.location ?? columns[0]!.definition.location),
        object: table,
        key: names.join(' '),
        help: sql(`${names[0]} bigint generated always as identity primary key`),
      });
    },
  ),
});

const isKey = (definition: SyntaxNode) => hasConstraint(definition, 'CONSTR_PRIMARY') !== null;
const countsUp = (type: string, definition: SyntaxNode) =>
  type.includes('serial') || hasConstraint(definition, 'CONSTR_IDENTITY') !== null;

import { rule } from '../rule.ts';

export default rule({
  id: 'safety/drop-database',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'DROP DATABASE',
  why: 'A Supabase project has one database, "postgres", and the migration is connected to it. Dropping another one on the same server is nothing a migration can undo.',
  remedy: 'Remove the statement.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-dropdatabase.html'],
  fixable: false,
  statement: {
    DropdbStmt(node, statement, { placeOf, report }) {
      report({
        message: `This drops the database "${node.dbname}". Nothing brings it back. Remove the statement.`,
        at: placeOf(statement),
        object: node.dbname,
      });
    },
  },
});

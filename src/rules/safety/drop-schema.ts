import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { isCascade, listed, namesOf } from '../support/statements/statements.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'safety/drop-schema',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a schema that is dropped',
  why: 'With CASCADE every table, view and function in it goes, rows included, and whatever outside depends on them.',
  remedy:
    'Drop what is in it by name, then the schema without CASCADE.\n\n```sql\ndrop table billing.invoice;\ndrop schema billing;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-dropschema.html'],
  fixable: false,
  statement: {
    DropStmt(node, statement, { set, isNew, placeOf, report }) {
      if (node.removeType !== 'OBJECT_SCHEMA') return;
      for (const object of node.objects ?? []) {
        const name = namesOf(object).at(-1)!;
        const key = quoteIdent(name);
        if (isNew('schema', key)) continue;
        if (!set.before.schemas.has(key) && !set.before.schemas.has(name) && node.missing_ok === true)
          continue;
        const tables = [...set.before.tables.values()]
          .filter(({ schema }) => schema === name)
          .map((table) => table.key);
        const takes = isCascade(node) && tables.length > 0;
        report({
          message: takes
            ? `DROP SCHEMA "${name}" CASCADE takes ${listed(tables)} along, with all rows. No rollback file brings them back. Drop them by name first.`
            : `Schema "${name}" is dropped. Clients and functions that name something in it fail. Drop it when nothing uses it.`,
          at: placeOf(statement),
          object: key,
          ...(takes
            ? {
                severity: 'error' as const,
                help: sqlFence(
                  [...tables.map((table) => `drop table ${table};`), `drop schema ${key};`].join('\n'),
                ),
              }
            : {}),
        });
      }
    },
  },
});

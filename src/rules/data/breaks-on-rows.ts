import type { Statement } from '../../model/sql.ts';
import { rule } from '../rule.ts';
import { linesOf } from '../support/statements/places.ts';
import { sql } from '../support/statements/statements.ts';

export default rule({
  id: 'data/breaks-on-rows',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['replay'],
  summary: 'a statement that applies on empty tables and fails on tables with rows',
  why: 'A local database is empty when migrations run; production is not. The replay runs the change a second time on tables that hold rows: those of the seed files, and made-up ones.',
  remedy: 'Mend the rows in the same file, before the statement.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/errcodes-appendix.html'],
  fixable: false,
  backs: [
    'safety/not-null-without-default',
    'safety/set-not-null',
    'safety/constraint-validated',
    'safety/unique-constraint',
    'safety/primary-key-index',
    'safety/exclusion-constraint',
    'safety/change-type',
    'safety/index-not-concurrent',
    'safety/domain-constraint',
  ],
  facts({ facts, report }) {
    for (const { path, index, line, error, on, table, countQuery } of facts.replay?.rows ?? []) {
      const message =
        on === 'values'
          ? `On rows that do not fit, this fails: ${error.message} (${error.sqlstate}). Whether production has such rows is not known here. Count them before you merge, and mend them in the file.`
          : `This applies on an empty table and fails ${on === 'seeds' ? "on the project's own seed rows" : 'on any row'}: ${error.message} (${error.sqlstate}). Production has rows. Mend them before this statement.`;
      report({
        message,
        at: linesOf(path, line, endOf(facts.sources.get(path)?.statements[index]) ?? line),
        object: table,
        key: `${path} ${index}`,
        ...(on === 'values' ? { severity: 'info' as const } : {}),
        ...(countQuery === null
          ? {}
          : { help: `Rows that would stop it:\n\n${sql(countQuery)}`, repro: countQuery }),
      });
    }
  },
});

/** Of the whole statement: a warning about one of its actions stands at that action's line, and is joined. */
const endOf = (statement: Statement | undefined): number | undefined =>
  statement === undefined || statement.kind === 'DoStmt' ? undefined : statement.span.endLine;

import { rule } from '../rule.ts';
import { sql } from '../support/statements/statements.ts';
import { keyOfRangeVar } from '../support/syntax/names.ts';

export default rule({
  id: 'safety/domain-constraint',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a constraint on a domain that is validated at once',
  why: 'Postgres reads every table that has a column of the domain, under a SHARE lock on each: writes to all of them wait.',
  remedy:
    "Add it NOT VALID, validate it in the next migration.\n\n```sql\nalter domain public.slug add constraint slug_plain check (value ~ '^[a-z-]+$') not valid;\n-- in the next migration\nalter domain public.slug validate constraint slug_plain;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-alterdomain.html'],
  fixable: true,
  statement: {
    AlterDomainStmt(node, statement, context) {
      const constraint = node.def?.Constraint;
      if (node.subtype !== 'C' || constraint === undefined || constraint.skip_validation === true) return;
      const key = keyOfRangeVar(node.typeName);
      if (context.isNew('type', key)) return;
      context.report({
        message: `The constraint on domain "${key}" reads every table with a column of it, while writes to all of them wait. One value that breaks it makes the file fail. Add it NOT VALID and validate it in the next migration.`,
        at: context.placeOf(statement),
        object: key,
        key: constraint.conname ?? '',
        help: sql(
          `${statement.sql} not valid;`,
          `-- in the next migration`,
          `alter domain ${key} validate constraint ${constraint.conname ?? '…'};`,
        ),
        fix: {
          title: 'Add NOT VALID; validate it in the next migration',
          edits: [context.edit(statement.end, statement.end, ' not valid')],
        },
      });
    },
  },
});

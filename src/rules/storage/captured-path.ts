import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { apiRolesOf } from '../support/callers/roles.ts';
import { predicatesOf } from '../support/conditions/predicates.ts';
import { pathCapturesIn, pathEdits, uncapturedPolicy } from '../support/policies/captured-path.ts';
import { policyStatement } from '../support/policies/policy-edits.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { isKnown, policyKey } from '../support/tables/tables.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'storage/captured-path',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: "policies on files that read the name of another table's row as the file's path",
  why: 'Postgres takes an unqualified name for a column of the innermost table that has it. In a sub-select on a table with a column "name", `storage.foldername(name)` is cut from the name of a team or a document, and never from the path of the file: the condition is the same for every file of the bucket. Mostly nobody reaches a file. Whoever may write that column, and writes a path into it, reaches all of them.',
  remedy:
    "Name the file's path by its table.\n\n```sql\ncreate policy \"files of own teams\" on storage.objects for select to authenticated\n  using (bucket_id = 'team-files' and exists (\n    select 1 from public.team t\n    where t.id::text = (storage.foldername(objects.name))[1] and t.owner_id = (select auth.uid())\n  ));\n```",
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-expressions.html#SQL-SYNTAX-SCALAR-SUBQUERIES',
    'https://supabase.com/docs/guides/storage/schema/helper-functions',
  ],
  fixable: true,
  table(table, { state, set, home, report }) {
    if (table.key !== 'storage.objects' || !isKnown(table, state)) return;
    for (const policy of table.policies) {
      if (apiRolesOf(policy).length === 0) continue;
      const captures = predicatesOf(policy).flatMap(({ clause, node }) =>
        pathCapturesIn(node, table, state).map((capture) => ({ clause, ...capture })),
      );
      const first = captures.find(({ tied }) => !tied) ?? captures[0];
      if (first === undefined) continue;
      const { clause, taken, tied } = first;
      const shown = `${taken.source.alias}.${taken.name}`;
      const statement = policyStatement(policy, set);
      const edits = statement === null ? [] : pathEdits(statement, table, state);
      const sql = uncapturedPolicy(policy, table, state);
      report({
        message: `Policy "${policy.name}" on "storage.objects": ${
          taken.unqualified
            ? `"name" in the sub-select of ${clause} is "${shown}", a column of "${taken.source.key}"`
            : `${clause} reads "${shown}", a column of "${taken.source.key}", as a path`
        }, and not the path of the file. ${
          tied
            ? 'Another condition asks for the file, and this one only for that row.'
            : 'So it holds for every file or for none, as the rows of that table have it.'
        } Write "objects.name".`,
        at: home(policy.origin),
        object: table.key,
        key: policyKey(policy),
        ...(tied ? { severity: 'warning' as const } : {}),
        evidence: evidenceOf(state),
        help: sql === null ? `Name the path by its table in ${quoteIdent(policy.name)}.` : sqlFence(sql),
        fix:
          sql !== null && edits.length > 0
            ? { title: "Name the file's path by its table", edits }
            : undefined,
      });
    }
  },
});

import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';
import { placeOfName } from '../support/statements/statements.ts';

export default rule({
  id: 'structure/qualified-name',
  severity: { recommended: 'off', strict: 'warning' },
  evidence: ['static'],
  summary: 'a table, view or function that is created without its schema',
  why: 'Where an unqualified name goes is decided by "search_path" at the time the file runs. A SET further up, or another role, sends the same SQL to another schema.',
  remedy: 'Write the schema.\n\n```sql\ncreate table public.t (id uuid primary key);\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/ddl-schemas.html#DDL-SCHEMAS-PATH'],
  fixable: true,
  statement: {
    CreateStmt(node, statement, context) {
      check(node.relation.schemaname, node.relation.relname, statement, context);
    },
    ViewStmt(node, statement, context) {
      check(node.view.schemaname, node.view.relname, statement, context);
    },
    CreateFunctionStmt(node, statement, context) {
      const parts: string[] = node.funcname.map((part: SyntaxNode) => part.String.sval);
      check(parts.length > 1 ? parts[0] : undefined, parts.at(-1)!, statement, context);
    },
  },
});

function check(schema: string | undefined, name: string, statement: Statement, context: FileContext) {
  if (schema !== undefined) return;
  const at = placeOfName(context, statement, name);
  const isName = at.line !== statement.span.line || at.column !== statement.span.column;
  context.report({
    message: `"${name}" is created without a schema. Where it goes depends on "search_path" when the file runs. Write "public.${name}".`,
    at,
    object: `public.${name}`,
    ...(isName
      ? {
          fix: {
            title: `Write "public.${name}"`,
            edits: [
              {
                file: at.file,
                startLine: at.line,
                startColumn: at.column,
                endLine: at.line,
                endColumn: at.column,
                text: 'public.',
              },
            ],
          },
        }
      : {}),
  });
}

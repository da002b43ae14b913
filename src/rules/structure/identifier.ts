import type { Statement } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { commandsOf, listed, placeOfName, tokensIn } from '../support/statements/statements.ts';

// NAMEDATALEN - 1 (src/include/pg_config_manual.h): what is longer is cut, with a NOTICE only.
const longest = 63;

export default rule({
  id: 'structure/identifier',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a name over 63 bytes, or one that must be quoted wherever it is used',
  why: 'Postgres cuts longer names to 63 bytes with a NOTICE and goes on: two names that differ further on become one, and the name in the code is not the name in the database. A name with capitals or a reserved word needs double quotes in every query.',
  remedy: 'Shorten the name; write names in snake_case.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS'],
  fixable: false,
  file(context) {
    if (!maybeTooLong(context.source.text)) return;
    for (const statement of context.statements) {
      if (!/^(Create|AlterPolicy|Index|View|AlterTable|Rename|Define|Composite)/.test(statement.kind))
        continue;
      tooLong(statement, context);
    }
  },
  statement: {
    CreateStmt(node, statement, context) {
      const columns: string[] = (node.tableElts ?? [])
        .map((element: { ColumnDef?: { colname: string } }) => element.ColumnDef?.colname)
        .filter((name: string | undefined) => name !== undefined);
      const awkward = [node.relation.relname, ...columns].filter((name) => quoteIdent(name) !== name);
      if (awkward.length === 0) return;
      context.report({
        message: `${listed(awkward)} must be quoted in every query. Without the quotes Postgres reads another name, or a keyword. Use snake_case and no reserved words.`,
        at: placeOfName(context, statement, awkward[0]!),
        object: context.keyOf(node.relation),
        key: 'quoted',
        severity: 'info',
      });
    },
  },
});

/** False where no name has more than 63 bytes: most files need no closer look. */
const maybeTooLong = (sql: string) =>
  Buffer.byteLength(sql) > sql.length || /\b[\w$]{64}|"(?:[^"]|""){64,}"/.test(sql);

const isDropped = (name: string, { kind, node }: Statement) =>
  kind === 'AlterTableStmt' &&
  commandsOf(node).some(
    (command) => /^AT_Drop(Constraint|Column)$/.test(command.subtype) && command.name === cut(name),
  );

const cut = (name: string) =>
  Buffer.from(name)
    .subarray(0, longest)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');

function tooLong(statement: Statement, context: FileContext) {
  if (!maybeTooLong(statement.sql)) return;
  const seen = new Set<string>();
  for (const token of tokensIn(context, statement)) {
    if (token.kind !== 'word' && token.kind !== 'identifier') continue;
    const name = token.kind === 'word' ? token.text : token.text.slice(1, -1).replaceAll('""', '"');
    if (name.length * 3 <= longest || Buffer.byteLength(name) <= longest || seen.has(name)) continue;
    // What is looked for and dropped is cut alike.
    if (isDropped(name, statement)) continue;
    seen.add(name);
    const kept = cut(name);
    context.report({
      message: `"${name}" is ${Buffer.byteLength(name)} bytes long, and Postgres keeps 63. It is cut to "${kept}" without an error. Shorten it.`,
      at: context.placeOfRange(token.start, token.end),
      object: name,
      key: 'long',
      // Nobody but error messages and DROP POLICY names a policy, and both cut alike.
      ...(/Policy|Comment/.test(statement.kind) ? { severity: 'info' as const } : {}),
    });
  }
}

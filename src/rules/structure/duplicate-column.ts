import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';
import { commandsOf } from '../support/statements/statements.ts';

export default rule({
  id: 'structure/duplicate-column',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'a column defined or assigned twice in one statement',
  why: 'Postgres refuses the statement (42701 column specified more than once, 42601 multiple assignments), and with it the whole file.',
  remedy: 'Remove one of the two.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/errcodes-appendix.html'],
  fixable: false,
  statement: {
    CreateStmt(node, statement, context) {
      const columns = (node.tableElts ?? []).flatMap((e: SyntaxNode) => (e.ColumnDef ? [e.ColumnDef] : []));
      check(columns, 'colname', 'defined', node.relation, statement, context);
    },
    AlterTableStmt(node, statement, context) {
      const added = commandsOf(node).filter(
        ({ subtype, missing_ok }) => subtype === 'AT_AddColumn' && !missing_ok,
      );
      check(
        added.map(({ def }) => def.ColumnDef),
        'colname',
        'added',
        node.relation,
        statement,
        context,
      );
    },
    InsertStmt(node, statement, context) {
      const columns = (node.cols ?? []).map((item: SyntaxNode) => item.ResTarget);
      check(columns.filter(whole), 'name', 'named', node.relation, statement, context);
    },
    UpdateStmt(node, statement, context) {
      const columns = (node.targetList ?? []).map((item: SyntaxNode) => item.ResTarget);
      check(columns.filter(whole), 'name', 'assigned', node.relation, statement, context);
    },
  },
});

/** `set a[1] = …, a[2] = …` assigns parts, and may name the column twice. */
const whole = (target: SyntaxNode | undefined) => target !== undefined && target.indirection === undefined;

function check(
  nodes: readonly SyntaxNode[],
  field: string,
  verb: string,
  relation: SyntaxNode,
  statement: Statement,
  context: FileContext,
) {
  const seen = new Set<string>();
  for (const node of nodes) {
    const name: string = node[field];
    if (!seen.has(name)) {
      seen.add(name);
      continue;
    }
    context.report({
      message: `Column "${name}" of "${context.keyOf(relation)}" is ${verb} twice. Postgres refuses the statement and with it the file. Remove one.`,
      at: node.location === undefined ? context.placeOf(statement) : context.placeOfByte(node.location),
      object: context.keyOf(relation),
      key: name,
    });
    return;
  }
}

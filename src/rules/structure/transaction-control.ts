import type { Statement } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';

export default rule({
  id: 'structure/transaction-control',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: "BEGIN or COMMIT in the file, which end the Supabase CLI's own transaction",
  why: "The CLI sends the file's statements and the row for the history table as one implicit transaction. A COMMIT in between makes everything before it final: if a later statement fails, half of the file stays, without a history row. A BEGIN that is never committed takes the history row with it.",
  remedy: 'Remove BEGIN and COMMIT: the file is one transaction already.',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/protocol-flow.html#PROTOCOL-FLOW-PIPELINING'],
  fixable: true,
  file(context) {
    const controls = context.source.statements.filter(
      ({ kind, node }) =>
        kind === 'TransactionStmt' && !/SAVEPOINT|RELEASE|ROLLBACK_TO/.test(node.kind ?? 'TRANS_STMT_BEGIN'),
    );
    // Where the file can't be parsed, some of them are not among the statements.
    if (controls.length === 0 || context.source.issue !== null) return;
    const unbalanced = firstUnbalanced(controls);
    if (unbalanced !== null && isForEnumValue(context, unbalanced.statement)) {
      context.report({
        message:
          "This COMMIT ends the Supabase CLI's own transaction, so that the new enum value can be used. What stands before it stays when something behind it fails, and the history gets no row. Add the value in a migration of its own.",
        at: context.placeOf(unbalanced.statement),
        object: context.source.path,
      });
      return;
    }
    if (unbalanced !== null) {
      const { statement, message } = unbalanced;
      context.report({
        message,
        at: context.placeOf(statement),
        object: context.source.path,
        severity: 'error',
      });
      return;
    }
    context.report({
      message: `BEGIN and COMMIT end the Supabase CLI's own transaction early. ${
        controls.at(-1) === context.source.statements.at(-1) && controls.length === 2
          ? 'The row in the history is then written behind the COMMIT: if that fails, the file is applied and not known to be'
          : 'What stands before the COMMIT stays when something behind it fails, and the history gets no row'
      }. ${usesEnumValueApart(context, controls) ? 'Add the enum value in a migration of its own, then remove both' : 'Remove both'}.`,
      at: context.placeOf(controls[0]!),
      object: context.source.path,
      ...(context.source.statements.some(({ kind }) => kind === 'LockStmt')
        ? {
            help: 'LOCK TABLE and the like ask for a transaction block, which a pipeline of the CLI is not: move them into a DO block, then remove BEGIN and COMMIT.',
          }
        : {}),
      ...(usesEnumValueApart(context, controls)
        ? {
            help: 'Move `alter type … add value` into a migration before this one: the same transaction can not use the value.',
          }
        : {}),
      ...fixOf(context, controls),
    });
  },
});

const kindOf = (statement: Statement): string => statement.node.kind ?? 'TRANS_STMT_BEGIN';
const opens = (statement: Statement) => /BEGIN|START/.test(kindOf(statement));

function firstUnbalanced(controls: readonly Statement[]): { statement: Statement; message: string } | null {
  let open: Statement | null = null;
  for (const statement of controls) {
    if (kindOf(statement) === 'TRANS_STMT_ROLLBACK') {
      return {
        statement,
        message:
          'ROLLBACK undoes what the file did before it. The Supabase CLI then writes the history row as if all had been applied. Remove it.',
      };
    }
    if (opens(statement)) open = statement;
    else if (open === null) {
      return {
        statement,
        message:
          "This COMMIT has no BEGIN. It ends the Supabase CLI's own transaction: what stands before it stays when something behind it fails. Remove it.",
      };
    } else open = null;
  }
  return open === null
    ? null
    : {
        statement: open,
        message:
          'This BEGIN has no COMMIT. The statements behind it and the row in the history are rolled back when the connection closes. Remove it.',
      };
}

/** Statements stand behind the COMMIT of a new enum value: in one transaction they could not use it. */
const usesEnumValueApart = (context: FileContext, controls: readonly Statement[]) => {
  const { statements } = context.source;
  return controls.some(
    (control) =>
      isForEnumValue(context, control) &&
      statements.some((each) => each.start > control.start && each.kind !== 'TransactionStmt'),
  );
};

/** A new enum value can't be used before the transaction that adds it has ended. */
const isForEnumValue = ({ statements }: FileContext, control: Statement) =>
  kindOf(control) === 'TRANS_STMT_COMMIT' &&
  statements.some(
    ({ kind, node, start }) => start < control.start && kind === 'AlterEnumStmt' && node.newVal !== undefined,
  );

/** One pair around the whole file can go without changing what happens. */
function fixOf(context: FileContext, controls: readonly Statement[]) {
  const { source } = context;
  const [first, last] = [source.statements[0], source.statements.at(-1)];
  if (controls.length !== 2 || controls[0] !== first || controls[1] !== last) return {};
  return {
    fix: {
      title: 'Remove BEGIN and COMMIT',
      edits: controls.map(({ start, end }) => {
        const semicolon = /^\s*;/.exec(source.text.slice(end));
        return context.edit(start, end + (semicolon?.[0].length ?? 0), '');
      }),
    },
  };
}

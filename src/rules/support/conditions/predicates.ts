/** The predicates of a policy, one by one, with what each decides. */
import type { Command, Expression, Policy } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { commandsOf } from '../callers/roles.ts';
import { functionCalls, remembered } from '../syntax/tree.ts';

export interface Predicate {
  readonly clause: 'USING' | 'WITH CHECK';
  readonly expression: Expression;
  readonly node: SyntaxNode;
  /** Commands for which it decides which rows are reached, or may be left behind. */
  readonly commands: readonly Command[];
}

/** USING and WITH CHECK, where they could be read. */
export const predicatesOf = remembered(split);

function split(policy: Policy): readonly Predicate[] {
  const found: Predicate[] = [];
  const all = commandsOf(policy);
  const add = (clause: Predicate['clause'], expression: Expression | null, commands: readonly Command[]) => {
    if (expression === null || expression.node === null || commands.length === 0) return;
    found.push({ clause, expression, node: expression.node, commands });
  };
  // Without WITH CHECK, USING is asked about the new row too (manual, CREATE POLICY).
  const checked = (command: Command) => command === 'insert';
  add('USING', policy.using, policy.check === null ? all : all.filter((command) => !checked(command)));
  add(
    'WITH CHECK',
    policy.check,
    all.filter((command) => command === 'insert' || command === 'update'),
  );
  return found;
}

/** Every FuncCall in a policy's predicates. */
export const callsOf = remembered((policy: Policy): readonly SyntaxNode[] =>
  predicatesOf(policy).flatMap(({ node }) => functionCalls(node)),
);

/** Does a policy let somebody through whose row it is not? By its own words, whoever of that role asks. */
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { claimOf, looksAtCaller } from '../callers/caller.ts';
import { type ApiRole, appliesTo, covers, predicateOf } from '../callers/roles.ts';
import { truthOf, type World } from '../conditions/truth.ts';
import { bare, constantOf, operatorOf } from '../syntax/tree.ts';

/** Nothing in it asks who that is: `true`, a bucket, a state of the row, `auth.role() = 'authenticated'`. */
export const letsThrough = (
  policy: Policy,
  command: Command,
  role: ApiRole,
  table: Table,
  state: SchemaState,
): boolean =>
  policy.permissive &&
  covers(policy, command) &&
  appliesTo(policy, role) &&
  // What an UPDATE leaves behind is asked too.
  [predicateOf(policy, command), ...(command === 'update' ? [policy.check ?? policy.using] : [])].every(
    (expression) => expression === null || passes(expression.node, role, { table, state }),
  );

function passes(
  node: SyntaxNode | null,
  role: ApiRole,
  on: { readonly table: Table; readonly state: SchemaState },
): boolean {
  const inner = bare(node);
  const args: SyntaxNode[] = inner?.BoolExpr?.args ?? [];
  if (inner?.BoolExpr?.boolop === 'AND_EXPR') return args.every((arg) => passes(arg, role, on));
  if (inner?.BoolExpr?.boolop === 'OR_EXPR') return args.some((arg) => passes(arg, role, on));
  const asked = rolesAsked(inner);
  if (asked !== null) return asked.includes(role);
  const world: World = { table: on.table, who: role === 'anon' ? 'nobody' : 'user' };
  const truth = truthOf(inner, world);
  if (truth !== 'unknown') return truth === 'true';
  return inner !== null && !looksAtCaller(inner, on.state);
}

/** `auth.role() = 'anon'`, or a list; null where it asks for something else. */
function rolesAsked(node: SyntaxNode | null): readonly unknown[] | null {
  const expression = node?.A_Expr;
  if (expression === undefined || operatorOf(expression) !== '=') return null;
  if (claimOf(bare(expression.lexpr))?.join('.') !== 'role') return null;
  const items: SyntaxNode[] = expression.rexpr?.List?.items ?? [expression.rexpr];
  const values = items.map((item) => constantOf(item));
  return values.every((value) => typeof value === 'string') ? values : null;
}

import type { ChangeSet } from '../../model/facts.ts';
import type { Origin, Policy } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { rule } from '../rule.ts';
import { callsFitting, toldCalls } from '../support/application/client-calls.ts';
import { apiRolesOf, commands, covers, isPlatform, reachers } from '../support/callers/roles.ts';
import { policyDrop } from '../support/policies/policy-edits.ts';
import { isCascade, namesOf } from '../support/statements/statements.ts';
import { isKnown } from '../support/tables/tables.ts';
import { asBefore, asTheyWere } from '../support/ways-out/as-before.ts';
import { recursionOnceOn } from '../support/ways-out/ending-recursion.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'rls/turned-off',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static'],
  summary: 'row level security switched off, or the last policy of a table dropped',
  why: 'DISABLE ROW LEVEL SECURITY opens the table to every role with a grant, and leaves its policies standing as if they held. It is the usual way out of a recursion in policies, and the wrong one. Dropping the last policy does the opposite: nobody but service_role reaches the rows any more.',
  remedy:
    'Mend the policy instead: a recursion goes away when the lookup moves into a `security definer` function.\n\n```sql\nalter table public.note enable row level security;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-DISABLE-ROW-LEVEL-SECURITY',
  ],
  fixable: false,
  statement: {
    AlterTableStmt(node, statement, { set, keyOf, placeOf, facts, report }) {
      if (!isSwitchingOff(node)) return;
      const key = keyOf(node.relation);
      const after = set.after.tables.get(key);
      const before = set.before.tables.get(key);
      // Switched on again, dropped, or off all the time: no news.
      if (after === undefined || after.rls || before?.rls === false || isPlatform(after.schema)) return;
      const open =
        facts.project.exposedSchemas.includes(after.schema) &&
        commands.some((command) => reachers(after, command, set.after).length > 0);
      report({
        message: `This switches row level security off on "${key}". ${effect(open, after.policies.length > 0)}.`,
        at: placeOf(statement),
        object: key,
        severity: open ? undefined : 'warning',
        causes: ['rls/disabled', 'rls/policies-without-rls', 'rls/realtime'],
        help: sqlFence(
          `${recursionOnceOn(after, set.after, facts)}alter table ${key} enable row level security;${after.policies.length > 0 ? '' : '\n-- and a policy for each way of access: without one no client sees a row'}`,
        ),
      });
    },
  },
  file({ statements, set, keyOf, placeOf, facts, report }) {
    const those = statements.flatMap((statement) => {
      if (statement.kind !== 'AlterTableStmt' || !isSwitchingOff(statement.node)) return [];
      const key = keyOf(statement.node.relation);
      const after = set.after.tables.get(key);
      const isOpen =
        after !== undefined &&
        !after.rls &&
        facts.project.exposedSchemas.includes(after.schema) &&
        commands.some((command) => reachers(after, command, set.after).length > 0);
      return isOpen && set.before.tables.get(key)?.rls === false ? [{ key, statement }] : [];
    });
    const [first, ...more] = those;
    if (first === undefined) return;
    report({
      message: `This switches row level security off on "${first.key}"${more.length === 0 ? '' : ` and ${more.length} more`}, where by the migrations it is off already. Where it was switched on by hand or by an event trigger, every role with a grant then reaches all rows. Enable it and add the policies that are missing, or leave the statement out.`,
      at: placeOf(first.statement),
      object: first.key,
      key: 'off already',
      severity: 'info',
      help: sqlFence(those.map(({ key }) => `alter table ${key} enable row level security;`).join('\n')),
    });
  },
  table(table, { facts, set, state, home, exposed, report }) {
    const before = set.before.tables.get(table.key);
    if (state !== set.after || before === undefined || !exposed(table.schema) || isPlatform(table.schema))
      return;
    if (!table.rls || table.policies.length > 0 || !isKnown(table, state)) return;
    const dropped = before.policies.filter((policy) => apiRolesOf(policy).length > 0);
    // A table that grants nothing is closed on purpose.
    if (!before.rls || dropped.length === 0) return;
    if (commands.every((command) => reachers(table, command, state).length === 0)) return;
    // It went with a table or a function that the change drops: there is where to look.
    const at = policyDrop(table, set) ?? cascadeIn(set, dropped);
    if (at === null) return;
    // What no policy allowed before is not lost now.
    const calls = callsFitting(table, commands, facts).filter(({ command }) =>
      dropped.some((policy) => command !== 'execute' && covers(policy, command)),
    );
    const asked = commands.filter((each) => calls.some(({ command }) => command === each));
    const back = asked.length === 0 ? null : asBefore(before, table, asked, set);
    const gone = `The last policy of "${table.key}" is gone and row level security is on. Whoever used it ("${dropped[0]!.name}") now sees no row and gets no error.`;
    report({
      message:
        calls.length === 0
          ? `${gone} Add the policy that replaces it, or revoke the grants if the table is the server's alone.`
          : `${gone} The code still asks for them: ${toldCalls(calls, 'policy')}. Bring back what it needs, or change the code first.`,
      at: home(at),
      object: table.key,
      key: 'policies',
      severity: 'warning',
      causes: ['rls/no-policy'],
      help: sqlFence(
        calls.length === 0
          ? `-- where the table is the server's alone\nrevoke all on ${table.key} from anon, authenticated;`
          : (
              back ?? [
                '-- as they were; what they ask for is gone in part: write that part anew',
                ...asTheyWere(before, table, asked).map(commentedOut),
              ]
            ).join('\n'),
      ),
    });
  },
});

const isSwitchingOff = ({ cmds }: SyntaxNode) =>
  (cmds ?? []).some((command: SyntaxNode) => command.AlterTableCmd?.subtype === 'AT_DisableRowSecurity');

const commentedOut = (text: string) => text.replace(/^/gm, '-- ');

function effect(open: boolean, policies: boolean): string {
  if (open)
    return `Every role with a grant${policies ? ' then reaches all its rows, and its policies are ignored. Keep it on and mend the policies' : ' then reaches all its rows. Keep it on and add the policies that are missing'}`;
  return policies
    ? 'Its policies are ignored from then on. Keep it on and mend the policies'
    : 'Nothing but grants guards its rows from then on. Keep it on and add a policy for each way of access';
}

/** Place of the change's DROP … CASCADE of something that the policies name, else of its last; or of a DO block that drops policies. */
function cascadeIn(set: ChangeSet, dropped: readonly Policy[]): Origin {
  const texts = dropped.map(({ using, check }) => `${using?.text ?? ''} ${check?.text ?? ''}`).join(' ');
  const isNamed = (node: SyntaxNode) =>
    (node.objects ?? []).some((object: SyntaxNode) => {
      const name = namesOf(object).at(-1) ?? namesOf(object.ObjectWithArgs?.objname ?? {}).at(-1);
      return name !== undefined && new RegExp(`\\b${escapeRegExp(name)}\\b`).test(texts);
    });
  const drops = [...set.migrations].reverse().flatMap(({ source }) =>
    source.statements
      .filter(
        ({ kind, node, sql }) =>
          (kind === 'DropStmt' && isCascade(node)) || (kind === 'DoStmt' && /drop\s+policy/i.test(sql)),
      )
      .toReversed()
      .map(({ kind, node, span }) => ({ node, kind, origin: { file: source.path, ...span } })),
  );
  return (drops.find(({ kind, node }) => kind === 'DropStmt' && isNamed(node)) ?? drops[0])?.origin ?? null;
}

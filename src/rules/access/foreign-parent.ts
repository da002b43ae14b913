import type { Escalation } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import type { SchemaState } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { appliesTo, covers } from '../support/callers/roles.ts';
import { columnsWritten, escalationsOf, problemOf, stoodBefore } from '../support/leaks/escalation.ts';
import { membershipsOf } from '../support/owners/members.ts';
import { isRead } from '../support/owners/name-read.ts';
import { isPersonTable } from '../support/owners/owners.ts';
import { alterPolicy } from '../support/policies/policy-edits.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'access/foreign-parent',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['probe'],
  summary: 'seen: a user hangs a row on a parent that it can’t see, or moves it there',
  why: 'Foreign keys are checked without row level security. A policy that asks for the owner of the child alone lets a user refer to anybody’s parent: comments under hidden posts, items in a foreign order. It also tells whether such an id exists. A row that an UPDATE moves into another tenant, where INSERT asks for the tenant, is an error, and so is one that opens its new parent.',
  remedy:
    'Ask for the parent in WITH CHECK.\n\n```sql\ncreate policy "insert under own note" on public.comment for insert to authenticated\n  with check (exists (select 1 from public.note n where n.id = comment.note_id and n.user_id = (select auth.uid())));\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/ddl-rowsecurity.html'],
  fixable: false,
  facts({ facts, report, preexisting }) {
    for (const escalation of escalationsOf(facts, (kind) => kind === 'foreign-parent')) {
      const opens = escalation.opens !== '';
      const parent = movedTo(escalation, facts.head);
      if (parent !== null) {
        if (isToldAsRight(escalation, facts)) continue;
        const isTenants = parent.isTenant && parent.isAsked && !isPersonTable(escalation.object, facts.head);
        const tellMoved = stoodBefore(escalation, facts) ? preexisting : report;
        tellMoved(
          problemOf(escalation, facts, {
            message: `A user moves its rows of "${escalation.object}" by UPDATE under a row of "${parent.key}" that is another's and that it ${opens ? `couldn't see. That opens "${escalation.opens}"` : "can't see"}${parent.isTenant ? '. There others take them for rows of their own' : ''}. ${parent.isAsked ? 'INSERT asks for the parent, and UPDATE does not' : 'No policy asks for the parent of the new row'}. Ask for it in WITH CHECK.`,
            severity: isTenants || opens ? 'error' : parent.isTenant ? 'warning' : undefined,
            help: asInserted(escalation, facts.head),
          }),
        );
        continue;
      }
      const tell = stoodBefore(escalation, facts) ? preexisting : report;
      tell(
        problemOf(escalation, facts, {
          message: `A user inserts rows into "${escalation.object}" under a parent of somebody else that it can't see. ${opens ? `That opens ${escalation.opens}` : 'Foreign keys ignore row level security'}. Ask for the parent in WITH CHECK.`,
          severity: opens ? 'error' : undefined,
        }),
      );
    }
  },
});

/** The parent under which an UPDATE put the row; null where a row was inserted. */
function movedTo({ object, steps }: Escalation, state: SchemaState): Moved | null {
  const [column] = steps.flatMap(({ command, values }) => (command === 'update' ? Object.keys(values) : []));
  const table = state.tables.get(object);
  const key = table?.foreignKeys.find(({ columns }) => columns.join() === column)?.references;
  if (table === undefined || column === undefined || key === undefined) return null;
  const inserting = table.policies.filter(
    (policy) => policy.permissive && covers(policy, 'insert') && appliesTo(policy, 'authenticated'),
  );
  return {
    key,
    isTenant: membershipsOf(key, state).some((membership) => membership.table.key !== object),
    isAsked: inserting.length > 0 && inserting.every((policy) => isRead(column, table, [policy])),
  };
}

interface Moved {
  readonly key: string;
  readonly isTenant: boolean;
  /** INSERT asks for it. */
  readonly isAsked: boolean;
}

/** What it obtains by the same column is told as that. */
const isToldAsRight = (escalation: Escalation, facts: Facts): boolean => {
  const columns = columnsWritten(escalation);
  return escalationsOf(facts, (kind) => kind !== 'foreign-parent').some(
    (other) =>
      other.object === escalation.object && columnsWritten(other).some((column) => columns.includes(column)),
  );
};

/** UPDATE asks of the new row what INSERT asks, where one policy does each. */
function asInserted({ object }: Escalation, state: SchemaState): string | undefined {
  const table = state.tables.get(object);
  const forUsers = (command: 'insert' | 'update') =>
    (table?.policies ?? []).filter(
      (policy) => policy.permissive && covers(policy, command) && appliesTo(policy, 'authenticated'),
    );
  const [inserting, ...otherInserts] = forUsers('insert');
  const [updating, ...otherUpdates] = forUsers('update');
  const asked = inserting === undefined ? null : (inserting.check ?? inserting.using);
  if (table === undefined || updating === undefined || inserting === updating || asked === null)
    return undefined;
  if (otherInserts.length > 0 || otherUpdates.length > 0 || updating.command !== 'update') return undefined;
  return sqlFence(alterPolicy(updating, [{ clause: 'WITH CHECK', condition: asked.text }], table));
}

import type { AccessCell, ObjectAccess } from '../../model/access.ts';
import type { SchemaState } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { isFree } from '../support/leaks/access.ts';
import { homeOfTable } from '../support/leaks/access-places.ts';
import type { Leak, LeakGroup } from '../support/leaks/leak.ts';
import { causeOf, seen, tellLeaks } from '../support/leaks/leaks-told.ts';
import { mendOf } from '../support/leaks/mend.ts';
import { commandsOpen, isNobodys } from '../support/leaks/mend-opened.ts';
import { beforeAccounts, openOnPurpose } from '../support/leaks/open-on-purpose.ts';
import { reproOf } from '../support/leaks/repro.ts';
import { sensitiveColumns } from '../support/owners/owners.ts';
import { isFilledIn } from '../support/policies/openness.ts';
import { upper } from '../support/words/words.ts';

export default rule({
  id: 'access/anon-write',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: without signing in, rows can be changed, deleted, or written in somebody’s name',
  why: 'The anonymous key is in every client, so whatever the role anon writes, everybody writes. A form that visitors may fill in, INSERT of rows that are nobody’s, is told as info.',
  remedy:
    'Name the role and the owner in the policy.\n\n```sql\ncreate policy "update own" on public.note for update to authenticated\n  using ((select auth.uid()) = user_id)\n  with check ((select auth.uid()) = user_id);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/row-level-security'],
  fixable: false,
  facts(context) {
    const id = 'access/anon-write';
    tellLeaks(id, context, (group) => {
      const purpose = openOnPurpose(group, context.facts);
      if (purpose !== null)
        return {
          message: `${openedTo(group, context.facts.head)} ${purpose}`,
          help: beforeAccounts,
          severity: 'warning',
        };
      const help = mendOf(group, context.facts);
      return { message: messageOf(group, help, context.facts.head), help };
    });
    for (const object of context.facts.access?.head.objects ?? []) {
      const form = isForm(object, context.facts.head);
      if (form === null) continue;
      const { base } = context.facts.access!;
      const before = base?.objects.find((other) => other.object === object.object);
      const tell =
        before !== undefined && isForm(before, context.facts.head) !== null
          ? context.preexisting
          : context.report;
      tell({
        message: `Without signing in, rows can be inserted into "${object.object}", and nothing else. That is right for a form that visitors fill in. Guard it against floods, or name "authenticated" in the policy if it is not meant.`,
        at: homeOfTable(context.facts, object.object, 'insert'),
        object: object.object,
        key: 'form',
        severity: 'info',
        evidence: ['probe'],
        repro: reproOf(form.proof),
      });
    }
  },
});

function messageOf(group: LeakGroup, help: string, state: SchemaState): string {
  const toServer = 'Leave that to the server, or to those whom a policy names.';
  if (isNobodys(group)) return `${openedTo(group, state)} ${toServer}`;
  const { object } = group.object;
  const open = commandsOpen(group, state.tables.get(object));
  return `Without signing in, ${upper(open)} on "${object}" ${open.length === 1 ? 'reaches' : 'reach'} rows of others${howSeen(group, state)} ${/^(create|alter) policy/m.test(help) ? 'Allow it to the owner alone.' : toServer}`;
}

/** What of rows of nobody stands open. */
function openedTo(group: LeakGroup, state: SchemaState): string {
  const { object } = group.object;
  const table = state.tables.get(object);
  const told =
    table !== undefined &&
    sensitiveColumns(
      table.columns.map(({ name }) => name),
      table,
    ).length > 0;
  // That such rows are read is what they are for, but for secrets and what is personal.
  const open = commandsOpen(group, table).filter((command) => told || command !== 'select');
  return `Without signing in, anyone may ${upper(open)} rows of "${object}"${howSeen(group, state)}`;
}

const howSeen = (group: LeakGroup, state: SchemaState) =>
  `${conditionOf(group.leaks)} (${seen(group.leaks)}). ${causeOf(group, state)}`;

/** Which rows, where only some are reached: ` where public = true`. */
function conditionOf(leaks: readonly Leak[]): string {
  const conditions = new Set(leaks.map(({ cell }) => /^rows( where .*)$/.exec(cell.when ?? '')?.[1] ?? ''));
  return conditions.size === 1 ? [...conditions][0]! : '';
}

/** The cell of an INSERT-only form: rows that are nobody's, and no other way in. */
function isForm(object: ObjectAccess, state: SchemaState) {
  if (object.kind !== 'table') return null;
  const table = state.tables.get(object.object) ?? null;
  const free = object.cells.filter((cell) => cell.principal === 'anon' && isFree(cell));
  const ofForm = (cell: AccessCell) =>
    cell.command === 'insert' && (cell.subject !== 'spoof' || isFilledIn(cell, table, state));
  if (!free.every(ofForm)) return null;
  return free[0] ?? null;
}

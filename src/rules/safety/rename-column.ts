import type { Policy } from '../../model/schema.ts';
import type { Statement } from '../../model/sql.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { type FileContext, rule } from '../rule.ts';
import { stillNamed } from '../support/application/client-calls.ts';
import { newColumn } from '../support/locks/new-column.ts';
import { reportLock, sql } from '../support/statements/statements.ts';
import { isSaidToHoldNothing } from '../support/words/said.ts';

export default rule({
  id: 'safety/rename-column',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a column that is renamed',
  why: 'Between the migration and the deployment of the new code, running clients name a column that is gone (42703). Function bodies that name it break on the next call. Where the code of the repository still names the old one, the first such place is told.',
  remedy:
    "Add the new column, keep both in step by a trigger, move the readers and the writers, drop the old one in a later migration.\n\n```sql\nalter table public.note add column title text;\ncreate function public.note_title_in_step() returns trigger language plpgsql set search_path = '' as $$\nbegin\n  if case tg_op when 'INSERT' then new.title is not null else new.title is distinct from old.title end then\n    new.name := new.title;\n  else\n    new.title := new.name;\n  end if;\n  return new;\nend;\n$$;\ncreate trigger note_title_in_step before insert or update on public.note for each row execute function public.note_title_in_step();\nupdate public.note set title = name where title is null;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html'],
  fixable: false,
  statement: {
    RenameStmt(node, statement, context) {
      if (node.renameType !== 'OBJECT_COLUMN' || node.relationType !== 'OBJECT_TABLE') return;
      const key = context.keyOf(node.relation);
      if (context.isNew('table', key)) return;
      const before = context.set.before.tables.get(key);
      if (before !== undefined && !before.columns.some(({ name }) => name === node.subname)) return;
      // Clients that name the table's old name fail anyway: safety/rename-table tells it.
      const moved = before === undefined && wasRenamed(key, statement, context);
      const old = before?.columns.find(({ name }) => name === node.subname)?.type;
      const now = context.set.after.tables.get(key)?.columns.find(({ name }) => name === node.newname)?.type;
      const isNamed = new RegExp(`(?<![\\w$])${escapeRegExp(node.subname)}(?![\\w$])`, 'i');
      const inBodies = [...context.set.before.routines.values()].some(({ body }) => isNamed.test(body));
      const asked = stillNamed(key, [node.subname], context.facts, 'the old name');
      if (!inBodies && asked === '' && isSaidToHoldNothing(statement, context)) {
        reportLock(context, statement, {
          message: `Column "${node.subname}" of "${key}" is renamed to "${node.newname}". The file says that nothing is held there yet. Clients that name it all the same fail until they are changed too.`,
          at: context.placeOf(statement),
          object: key,
          key: node.subname,
          severity: 'info',
          help: 'Look that nothing which is deployed names the old one.',
        });
        return;
      }
      reportLock(context, statement, {
        message: `Column "${node.subname}" of "${key}" is renamed to "${node.newname}". Clients that run meanwhile${inBodies ? ', and functions that name it,' : ''} fail until they are changed too.${asked} Add the new column, keep both in step, and drop the old one later.`,
        at: context.placeOf(statement),
        object: key,
        key: node.subname,
        ...(moved ? { severity: 'info' as const } : {}),
        help: sql(
          ...newColumn({
            table: key,
            from: node.subname,
            to: node.newname,
            type: now ?? old ?? null,
            sameType: now === undefined || now === old,
            context,
            renamed: renamedAbove(statement, context),
            isRewritten: (table, policy) => isRewritten(table, policy, context),
          }),
        ),
      });
    },
  },
});

/** Tables that the file has given another name above, by the old one. */
const renamedAbove = (
  { start }: Statement,
  { statements, keyOf }: FileContext,
): ReadonlyMap<string, string> =>
  new Map(
    statements
      .filter(
        (other) =>
          other.start < start && other.kind === 'RenameStmt' && other.node.renameType === 'OBJECT_TABLE',
      )
      .map(({ node }) => [keyOf(node.relation), keyOf({ ...node.relation, relname: node.newname })]),
  );

/** Dropped by the change, or written by it. */
function isRewritten(table: string, { name }: Policy, { set }: FileContext): boolean {
  const later = set.after.tables.get(table)?.policies.find((policy) => policy.name === name);
  return later === undefined || set.migrations.some(({ source }) => source.path === later.origin?.file);
}

/** The file gives the table this name above. */
const wasRenamed = (table: string, own: Statement, { statements, keyOf }: FileContext) =>
  statements.some(
    ({ kind, node, start }) =>
      start < own.start &&
      kind === 'RenameStmt' &&
      node.renameType === 'OBJECT_TABLE' &&
      keyOf({ ...node.relation, relname: node.newname }) === table,
  );

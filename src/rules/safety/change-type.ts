import { type FileContext, rule } from '../rule.ts';
import {
  holdsNull,
  outcomeOf,
  rewritesOf,
  type TypeChange,
  typeChangeOf,
} from '../support/locks/type-change.ts';
import {
  defaultInTheWay,
  leaveBothOut,
  madeAgain,
  moreLabels,
  rewritten,
  type Told,
  toNull,
  underGenerated,
  usingOnGenerated,
  withoutCast,
  writtenAgain,
} from '../support/locks/type-change-told.ts';
import { alterExisting, reportLock } from '../support/statements/statements.ts';
import { reportWait } from '../support/tables/small-tables.ts';

export default rule({
  id: 'safety/change-type',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a change of type that rewrites the table or may lose values',
  why: 'Unless the new type stores the very same bytes (a longer varchar, varchar to text, a wider numeric), Postgres writes the whole table and its indexes anew under ACCESS EXCLUSIVE, and a value that does not convert makes it fail. A column that a generated one is computed from can not change its type at all, and a number can not become a uuid, nor a column with a default an enum: errors.',
  remedy:
    "Add a column of the new type that a trigger keeps in step, fill old rows in batches in a later file, swap the names in the last one.\n\n```sql\nalter table public.note add column size_new bigint;\ncreate function public.note_size_new_in_step() returns trigger language plpgsql set search_path = '' as $$\nbegin\n  new.size_new := new.size;\n  return new;\nend;\n$$;\ncreate trigger note_size_new_in_step before insert or update on public.note for each row execute function public.note_size_new_in_step();\n-- in a later file\nupdate public.note set size_new = size where id between 1 and 10000;\n-- in the last one\ndrop trigger note_size_new_in_step on public.note;\ndrop function public.note_size_new_in_step();\nalter table public.note drop column size;\nalter table public.note rename column size_new to size;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-NOTES'],
  fixable: false,
  statement: alterExisting(['AT_AlterColumnType'], (command, table, statement, context, { place, range }) => {
    const change = typeChangeOf(command, table, statement, range, context);
    if (change === null) return;
    const problem = { at: place, object: table, key: change.column };
    const fails = (told: Told) => context.report({ ...problem, ...told, severity: 'error' });
    const locks = (told: Told | null) => {
      if (told !== null) reportLock(context, statement, { ...problem, ...told });
    };
    const waits = (told: Told | null) => {
      if (told !== null) reportWait(context, statement, { ...problem, ...told });
    };
    const outcome = outcomeOf(change, context);
    switch (outcome.is) {
      case 'under-generated':
        return fails(underGenerated(change, outcome.computed));
      case 'using-on-generated':
        return fails(usingOnGenerated(change));
      case 'without-cast':
        return fails(withoutCast(change));
      case 'default-stands':
        return fails(defaultInTheWay(change, context));
      case 'there-and-back':
        // Told once, at the first of the two.
        return locks(change.target === change.before?.type ? null : leaveBothOut(change));
      case 'more-labels':
        return waits(moreLabels(change, outcome.type, outcome.labels));
      case 'to-null':
        return locks(toNull(change));
      case 'rewrite':
        return waits(rewrite(change, context));
      default:
        return;
    }
  }),
});

/** Told once for the column, or once for the statement: at the first of those that are told together. */
function rewrite(change: TypeChange, context: FileContext): Told | null {
  const isFirst = ([first]: readonly TypeChange[]) => first?.command === change.command;
  const all = rewritesOf(change.table, context);
  const ofColumn = ({ column }: TypeChange) => all.filter((other) => other.column === column);
  const again = ofColumn(change);
  if (again.length > 1) return isFirst(again) ? writtenAgain(again) : null;
  const isNull = holdsNull(change, context);
  const alike = all.filter(
    (each) =>
      each.statement === change.statement &&
      ofColumn(each).length === 1 &&
      holdsNull(each, context) === isNull,
  );
  if (!isFirst(alike)) return null;
  if (isNull) return madeAgain(alike);
  return rewritten(alike, context);
}

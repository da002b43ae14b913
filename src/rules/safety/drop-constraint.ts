import { rule } from '../rule.ts';
import { alterExisting, commandsOf, reportLock } from '../support/statements/statements.ts';

export default rule({
  id: 'safety/drop-constraint',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['static', 'replay'],
  summary: 'a CHECK, unique or foreign key constraint that is dropped and not put back',
  why: 'From here on rows are accepted that were refused before, and the constraint can not come back until they are gone.',
  remedy:
    "See that nothing counts on it. Where it is to be replaced, add the new one in the same statement.\n\n```sql\nalter table public.note\n  drop constraint note_kind_check,\n  add constraint note_kind_check check (kind in ('text', 'image')) not valid;\n```",
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-DESC-DROP-CONSTRAINT'],
  fixable: false,
  statement: alterExisting(['AT_DropConstraint'], (command, table, statement, context, { place }) => {
    const known = context.set.before.tables.get(table);
    const name: string = command.name;
    if (known?.primaryKey?.name === name) return;
    const held = [
      ...(known?.checks ?? []),
      ...(known?.uniques ?? []),
      ...(known?.exclusions ?? []),
      ...(known?.foreignKeys ?? []),
    ];
    if (known !== undefined && !held.some((constraint) => constraint.name === name)) return;
    if (known === undefined && command.missing_ok === true) return;
    const added = context.source.statements.some(
      ({ kind, node }) =>
        kind === 'AlterTableStmt' &&
        context.keyOf(node.relation) === table &&
        commandsOf(node).some(({ subtype }) => subtype === 'AT_AddConstraint'),
    );
    if (added) return;
    reportLock(context, statement, {
      message: `Constraint "${name}" of "${table}" is dropped and nothing takes its place. Rows are accepted that were refused before. See that nothing counts on it.`,
      at: place,
      object: table,
      key: name,
    });
  }),
});

import type { Table } from '../../model/schema.ts';
import type { Statement } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { type FileContext, rule } from '../rule.ts';
import { stillNamed } from '../support/client-calls.ts';
import { reportLock, sql } from '../support/statements.ts';

export default rule({
  id: 'safety/rename-column',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'replay'],
  summary: 'a column that is renamed',
  why: 'Between the migration and the deployment of the new code, running clients name a column that is gone (42703). Function bodies that name it break on the next call. Where the code of the repository still names the old one, the first such place is told.',
  remedy:
    'Add the new column, write both, move the readers, drop the old one in a later migration.\n\n```sql\nalter table public.note add column title text;\nupdate public.note set title = name where title is null;\n```',
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
      const [from, to] = [quoteIdent(node.subname), quoteIdent(node.newname)];
      // Clients that name the table's old name fail anyway: safety/rename-table tells it.
      const moved = before === undefined && wasRenamed(key, statement, context);
      const old = before?.columns.find(({ name }) => name === node.subname)?.type;
      const now = context.set.after.tables.get(key)?.columns.find(({ name }) => name === node.newname)?.type;
      const type = now ?? old ?? '…';
      const filled = before?.columns.find(({ name }) => name === node.subname)?.default?.text;
      const isNamed = new RegExp(`(?<![\\w$])${escapeRegExp(node.subname)}(?![\\w$])`, 'i');
      const inBodies = [...context.set.before.routines.values()].some(({ body }) => isNamed.test(body));
      reportLock(context, statement, {
        message: `Column "${node.subname}" of "${key}" is renamed to "${node.newname}". Clients that run meanwhile${inBodies ? ', and functions that name it,' : ''} fail until they are changed too.${stillNamed(key, [node.subname], context.facts, 'the old name')} Add the new column, write both, and drop the old one later.`,
        at: context.placeOf(statement),
        object: key,
        key: node.subname,
        ...(moved ? { severity: 'info' as const } : {}),
        help: sql(
          `alter table ${key} add column ${to} ${type}${filled === undefined ? '' : ` default ${filled}`}${referenceOf(before, node.subname, renamedAbove(statement, context))};`,
          // The file may change the type as well.
          `update ${key} set ${to} = ${now === undefined || now === old ? from : '…'};`,
          ...carriedOver(before, node.subname, to),
          `-- in a later migration, when nothing reads it`,
          ...policiesMoved(before, node.subname, to),
          `alter table ${key} drop column ${from};`,
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

/** ` references …` where a key of this one column points somewhere. */
function referenceOf(table: Table | undefined, column: string, renamed: ReadonlyMap<string, string>): string {
  const key = table?.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === column);
  if (key === undefined) return '';
  const target = key.referencedColumns.length === 1 ? ` (${quoteIdent(key.referencedColumns[0]!)})` : '';
  return ` references ${renamed.get(key.references) ?? key.references}${target}${key.onDelete === 'no action' ? '' : ` on delete ${key.onDelete}`}`;
}

/** What else stands on the old column, and has to be made for the new one before the old one goes. */
function carriedOver(table: Table | undefined, name: string, to: string): readonly string[] {
  if (table === undefined) return [];
  const column = table.columns.find((each) => each.name === name);
  const indexed =
    table.indexes.some(({ columns }) => columns.includes(name)) ||
    table.checks.some(({ expression }) => new RegExp(`\\b${escapeRegExp(name)}\\b`).test(expression.text));
  return [
    ...(indexed ? ["-- and the old column's indexes and checks for the new one"] : []),
    ...(column?.notNull === true
      ? ['-- once it is filled', `alter table ${table.key} alter column ${to} set not null;`]
      : []),
    ...(column?.notNull === true && column.default === null && column.generated === null
      ? [
          '-- what writes the new one alone is refused otherwise',
          `alter table ${table.key} alter column ${quoteIdent(name)} drop not null;`,
        ]
      : []),
  ];
}

/** Policies that ask for the old column: they follow a RENAME, and not this. */
function policiesMoved(table: Table | undefined, name: string, to: string): readonly string[] {
  const asks = new RegExp(`(?<![\\w$."])("${escapeRegExp(name)}"|${escapeRegExp(name)})(?![\\w$."])`, 'g');
  return (table?.policies ?? []).flatMap((policy) => {
    const clauses = Object.entries({ using: policy.using, 'with check': policy.check }).flatMap(
      ([clause, asked]) => (asked?.text.match(asks) ? [{ clause, text: asked.text }] : []),
    );
    if (clauses.length === 0) return [];
    const named = `${quoteIdent(policy.name)} on ${table!.key}`;
    // In a sub-select the name may be another table's column.
    return clauses.some(({ text }) => /\bselect\b(?!\s+auth\.)/i.test(text))
      ? [`-- policy ${named} asks for it: write it for the new one`]
      : [
          `alter policy ${named}${clauses.map(({ clause, text }) => ` ${clause} (${text.replace(asks, to)})`).join('')};`,
        ];
  });
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

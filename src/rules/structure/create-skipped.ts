import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { quoteIdent, strings, typeName } from '../../sql/names.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { type FileContext, rule } from '../rule.ts';
import { isRequiredOf } from '../support/application/client-calls.ts';
import { linesOf } from '../support/statements/places.ts';
import { defaultText, hasConstraint, listed, tokensIn } from '../support/statements/statements.ts';

export default rule({
  id: 'structure/create-skipped',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['replay', 'static'],
  summary: 'CREATE … IF NOT EXISTS that does nothing, while what exists is different',
  why: 'IF NOT EXISTS looks at the name only. Where something of that name exists with other columns, the statement succeeds with a NOTICE and the definition in the file is not what the database has.',
  remedy:
    'Change what exists, or choose another name.\n\n```sql\nalter table public.t add column if not exists c text;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createtable.html'],
  fixable: false,
  statement: {
    CreateStmt(node, statement, context) {
      const { step } = context.changed;
      const key = context.keyOf(node.relation);
      const existing = step.before.tables.get(key);
      // Where the replay ran, it saw what happened.
      if (context.facts.replay !== null || node.if_not_exists !== true || existing === undefined) return;
      const after = step.after.tables.get(key);
      // A file that can't be parsed makes nothing.
      const maker = context.facts.sources.get(existing.origin?.file ?? '');
      if (maker !== undefined && maker.issue !== null) return;
      if (after === undefined || after.unknown.length > 0) return;
      const have = new Set([...existing.columns, ...after.columns].map(({ name }) => name));
      const lacking: SyntaxNode[] = (node.tableElts ?? [])
        .map((element: { ColumnDef?: SyntaxNode }) => element.ColumnDef)
        .filter((column: SyntaxNode | undefined) => column !== undefined && !have.has(column.colname));
      if (lacking.length === 0) return;
      const names = lacking.map(({ colname }) => colname as string);
      const below = context.source.text.slice(statement.end);
      const used = names.some((name) =>
        new RegExp(`(?<![\\w$])${escapeRegExp(name)}(?![\\w$])`, 'i').test(below),
      );
      const own: readonly SyntaxNode[] = node.tableElts ?? [];
      const unknown = after.columns
        .filter(
          ({ name }) =>
            isRequiredOf(existing, name) &&
            isRequiredOf(after, name) &&
            !own.some(({ ColumnDef }) => ColumnDef?.colname === name),
        )
        .map(({ name }) => name);
      const required =
        unknown.length === 0
          ? ''
          : `Its ${listed(unknown)} ${unknown.length === 1 ? 'is' : 'are'} NOT NULL without a default and not in this CREATE: an INSERT written for it fails. `;
      context.report({
        message: `Table "${key}" exists already, so this CREATE does nothing, and the table lacks ${listed(names)}. ${used ? `What follows and uses ${names.length === 1 ? 'it' : 'them'} fails or goes astray. ` : ''}${required}Add the columns with ALTER TABLE.`,
        at: context.placeOf(statement),
        object: key,
        ...(used ? {} : { severity: 'warning' as const }),
        evidence: ['static'],
        help: `\`\`\`sql\n${unknown.map((name) => `alter table ${key} alter column ${quoteIdent(name)} drop not null; -- or write it with each row\n`).join('')}${lacking.map((column) => `alter table ${key} add column if not exists ${quoteIdent(column.colname)} ${typeName(column.typeName)}${defaultOf(column, statement, context)}${referenceOf(column, context)};`).join('\n')}\n\`\`\``,
      });
    },
  },
  facts({ facts, report }) {
    for (const { path, line, object, difference } of facts.replay?.skippedCreates ?? []) {
      report({
        message: `"${object}" exists already, so this CREATE … IF NOT EXISTS did nothing, and what exists differs: ${difference.replace(/\.$/, '')}. The file does not say what the database has. Change what exists, or choose another name.`,
        at: linesOf(path, line),
        object,
        evidence: ['replay'],
      });
    }
  },
});

/** To a table that is there. */
function referenceOf(column: SyntaxNode, { changed, keyOf }: FileContext): string {
  const reference = hasConstraint(column, 'CONSTR_FOREIGN');
  if (reference === null) return '';
  const key = keyOf(reference.pktable);
  if (!changed.step.after.tables.has(key)) return '';
  const names = strings(reference.pk_attrs);
  const columns = names.length === 0 ? '' : ` (${names.map(quoteIdent).join(', ')})`;
  const action = actions[reference.fk_del_action as keyof typeof actions];
  return ` references ${key}${columns}${action === undefined ? '' : ` on delete ${action}`}`;
}

const actions = { r: 'restrict', c: 'cascade', n: 'set null', d: 'set default' } as const;

/** With its default, and NOT NULL where there is one: rows that are there get it. */
function defaultOf(column: SyntaxNode, statement: Statement, context: FileContext): string {
  const value = hasConstraint(column, 'CONSTR_DEFAULT');
  if (value === null) return '';
  const { source } = context;
  const from = source.offsetOfByte(value.location ?? 0);
  const written = defaultText(source.text, tokensIn(context, statement), from);
  if (written === null) return '';
  const notNull = hasConstraint(column, 'CONSTR_NOTNULL') === null ? '' : ' not null';
  return `${notNull} default ${written}`;
}

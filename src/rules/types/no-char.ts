import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { type DefinedColumn, definedColumns } from '../support/statements/columns.ts';
import { listed, sql } from '../support/statements/statements.ts';

export default rule({
  id: 'types/no-char',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static'],
  summary: 'char(n)',
  why: 'char(n) pads with blanks, stores them, and forgets them in comparisons with char but not in LIKE or after a cast to text. It does not even refuse a shorter value.',
  remedy: "Use text with a CHECK.\n\n```sql\ncountry text not null check (country ~ '^[A-Z]{2}$')\n```",
  since: '0.1.0',
  sources: ['https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_char.28n.29'],
  fixable: false,
  statement: definedColumns(
    ({ type }) => type === 'bpchar',
    (columns, table, _statement, { placeOfByte, report }) => {
      const names = columns.map(({ name }) => name);
      report({
        message: `${listed(names)} of "${table}" ${names.length === 1 ? 'is' : 'are'} char(n), which pads values with blanks. Comparisons with text then surprise. Use text with a CHECK.`,
        at: placeOfByte(columns[0]!.typeNode.location ?? columns[0]!.definition.location),
        object: table,
        key: names.join(' '),
        help: sql(asText(columns[0]!)),
      });
    },
  ),
});

/** The column as text of that length, with what else is said of it: its key, NOT NULL. */
function asText({ name, definition, typeNode }: DefinedColumn): string {
  const column = quoteIdent(name);
  const length = typeNode.typmods?.[0]?.A_Const?.ival?.ival ?? 1;
  const kinds = (definition.constraints ?? []).map(({ Constraint }: SyntaxNode) => Constraint?.contype);
  const kept = [
    ...(kinds.includes('CONSTR_PRIMARY') ? [' primary key'] : []),
    ...(kinds.includes('CONSTR_UNIQUE') ? [' unique'] : []),
    ...(kinds.includes('CONSTR_NOTNULL') ? [' not null'] : []),
  ];
  return `${column} text${kept.join('')} check (char_length(${column}) = ${length})`;
}

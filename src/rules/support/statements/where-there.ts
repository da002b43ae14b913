/** SQL that runs only where a table, a column or a constraint is there: for statements that ask for it themselves. */
import { splitKey } from '../../../sql/fold/table-access.ts';
import { quoteLiteral } from '../../../sql/names.ts';

const inDo = (condition: string, statement: string): readonly string[] => [
  'do $$',
  'begin',
  `  if ${condition} then`,
  `    ${statement}`,
  '  end if;',
  'end $$;',
];

export const whereTableIsThere = (table: string, statement: string) =>
  inDo(`to_regclass(${quoteLiteral(table)}) is not null`, statement);

export function whereColumnIsThere(table: string, column: string, statement: string): readonly string[] {
  const [schema, name] = splitKey(table).map(quoteLiteral);
  return inDo(
    `exists (select from information_schema.columns where table_schema = ${schema} and table_name = ${name} and column_name = ${quoteLiteral(column)})`,
    statement,
  );
}

export const whereConstraintIsThere = (table: string, name: string, statement: string) =>
  inDo(
    `exists (select from pg_constraint where conrelid = to_regclass(${quoteLiteral(table)}) and conname = ${quoteLiteral(name)})`,
    statement,
  );

/** Fields of NEW and OLD that the trigger's table has not: Postgres looks for them when the trigger fires (42703). */
import type { Routine, SchemaState, Table } from '../../../model/schema.ts';
import { keyOf } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { codeOf } from '../syntax/bodies.ts';

export interface MissingField {
  /** `new.org_id`, as it is written. */
  readonly written: string;
  readonly column: string;
  readonly table: string;
  readonly trigger: string;
  /** From 1, in the body. */
  readonly bodyLine: number;
}

/** The first of them on these tables; null where there is none, or where the function asks which table fired it. */
export function missingField(
  routine: Routine,
  tables: Iterable<Table>,
  { routines }: Pick<SchemaState, 'routines'>,
): MissingField | null {
  if (routine.language !== 'plpgsql' || routine.returns !== 'trigger') return null;
  const { bare } = codeOf(routine.body);
  // It does another thing for each table, or looks whether the field is there.
  if (
    /\b(?:tg_table_name|tg_relname|tg_relid|tg_argv|tg_name|to_jsonb?|row_to_json|hstore|exception)\b/i.test(
      bare,
    )
  )
    return null;
  const fields = new Set(
    [...bare.matchAll(/(?<![\w.])(?:new|old)\s*\.\s*("?)([a-z_][\w$]*)\1/gi)].map(([, quote, name]) =>
      quote === '' ? name!.toLowerCase() : name!,
    ),
  );
  if (fields.size === 0) return null;
  const called = keyOf(routine.schema, routine.name);
  for (const table of tables) {
    const trigger = table.triggers.find(
      (each) => each.function === called && each.enabled && each.level === 'row',
    );
    if (trigger === undefined || !isComplete(table)) continue;
    const column = [...fields].find((field) => !table.columns.some(({ name }) => name === field));
    if (column === undefined || isReadElsewhere(column, table, routine, routines.values())) continue;
    const written = new RegExp(`(?<![\\w.])(?:new|old)\\s*\\.\\s*"?${column}\\b`, 'i').exec(routine.body);
    const at = written?.index ?? 0;
    return {
      written: (written?.[0] ?? column).replace(/["\s]/g, ''),
      column,
      table: table.key,
      trigger: trigger.name,
      bodyLine: routine.body.slice(0, at).split('\n').length,
    };
  }
  return null;
}

/**
 * A function of another file reads that column of the table: then somebody added it by hand, and no migration says so.
 * Where every migration applied, the replay knows better, and nobody asks here.
 */
function isReadElsewhere(
  column: string,
  { schema, name }: Table,
  { origin }: Routine,
  routines: Iterable<Routine>,
): boolean {
  const from = new RegExp(
    `\\b(?:from|join|update|into)\\s+(?:"?${escapeRegExp(schema)}"?\\s*\\.\\s*)?"?${escapeRegExp(name)}\\b"?(?:\\s+(?:as\\s+)?([a-z_]\\w*))?`,
    'gi',
  );
  for (const other of routines) {
    if (other.origin === null || other.origin.file === origin?.file || !other.body.includes(column)) continue;
    const { bare } = codeOf(other.body);
    for (const [, alias] of bare.matchAll(from)) {
      const named = [name, ...(alias === undefined ? [] : [alias])].map(escapeRegExp).join('|');
      if (new RegExp(`(?<![\\w.])"?(?:${named})"?\\s*\\.\\s*"?${escapeRegExp(column)}\\b`, 'i').test(bare))
        return true;
    }
  }
  return false;
}

const isComplete = ({ unknown, columns }: Table) => unknown.length === 0 && columns.length > 0;

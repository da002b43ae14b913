/** Fields of NEW and OLD that the trigger's table has not: Postgres looks for them when the trigger fires (42703). */
import type { Routine, Table } from '../../model/schema.ts';
import { keyOf } from '../../sql/names.ts';
import { codeOf } from './bodies.ts';

export interface MissingField {
  /** `new.org_id`, as it is written. */
  readonly written: string;
  readonly column: string;
  readonly table: string;
  readonly trigger: string;
  /** From 1, in the body. */
  readonly bodyLine: number;
}

/** The first of them; null where there is none, or where the function asks which table fired it. */
export function missingField(routine: Routine, tables: Iterable<Table>): MissingField | null {
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
  for (const table of tables) {
    const trigger = table.triggers.find(
      (each) => each.enabled && each.level === 'row' && each.function === keyOf(routine.schema, routine.name),
    );
    if (trigger === undefined || !isComplete(table)) continue;
    const column = [...fields].find((field) => !table.columns.some(({ name }) => name === field));
    if (column === undefined) continue;
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

const isComplete = ({ unknown, columns }: Table) => unknown.length === 0 && columns.length > 0;

/** The trigger that keeps a second column in step with the first, until the first one goes. */
import type { Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';

export interface InStep {
  /** Function and trigger. */
  readonly made: readonly string[];
  /** Both gone again. */
  readonly dropped: readonly string[];
}

/** `body` says what NEW gets. `path` is the search path that its expressions need; they name schemas without one. */
export function inStep(
  table: string,
  known: Table | undefined,
  column: string,
  body: readonly string[],
  path = "''",
): InStep {
  const name = triggerName(table, known, column);
  const routine = table.includes('.') ? `${table.slice(0, table.lastIndexOf('.'))}.${name}` : name;
  return {
    made: [
      `create function ${routine}() returns trigger language plpgsql set search_path = ${path} as $$`,
      'begin',
      ...body.map((line) => `  ${line}`),
      '  return new;',
      'end;',
      '$$;',
      `create trigger ${name} before insert or update on ${table} for each row execute function ${routine}();`,
    ],
    dropped: [`drop trigger ${name} on ${table};`, `drop function ${routine}();`],
  };
}

/** At most 63 bytes, as Postgres cuts names. Triggers fire in the order of their names, and this one has to be the last. */
function triggerName(table: string, known: Table | undefined, column: string): string {
  const name = `${table.split('.').at(-1)!.replaceAll('"', '')}_${column}`.slice(0, 50).concat('_in_step');
  const isLast = (known?.triggers ?? []).every(
    (other) => other.timing !== 'before' || other.level !== 'row' || other.name < name,
  );
  return quoteIdent(isLast ? name : `zz_${name}`);
}

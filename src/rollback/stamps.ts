/** Columns that hold the time of the last change: another time there is no value that somebody would want back. */
import type { CatalogObject, Snapshot } from '../model/catalog.ts';
import type { SyntaxNode } from '../model/sql.ts';
import { unquoted } from './copies.ts';

/** Those of a table that are called so, or that a trigger of it keeps, as Postgres quotes them. */
export function stamps(table: string, ...states: readonly Snapshot[]): ReadonlySet<string> {
  return new Set(
    states.flatMap((of) => {
      const triggers = [...of.objects.values()].filter(
        ({ kind, properties }) => kind === 'trigger' && properties.table === table,
      );
      const all = (of.objects.get(`table ${table}`)?.properties.columns ?? []) as string[];
      const set = new Set(triggers.flatMap((trigger) => stampedBy(trigger, of)));
      return all.filter(
        (column) => isTime(of, table, column) && (set.has(unquoted(column)) || usual.test(unquoted(column))),
      );
    }),
  );
}

/** Whether the file's own UPDATE does no more to it than such a trigger. */
export function isStamp(table: string, column: string, value: SyntaxNode | undefined, of: Snapshot): boolean {
  return isNow(value) && stamps(table, of).has(column);
}

const usual = /^(date_|time_|last_)?(updated|modified|changed|edited)(_?(at|on|date|time))?$/i;

const isTime = (of: Snapshot, table: string, column: string) =>
  /^(timestamp|date|time)\b/.test(String(of.objects.get(`column ${table}.${column}`)?.properties.type ?? ''));

const clock = 'now|(?:current|local|clock|statement|transaction)_?timestamp|current_date';

function stampedBy({ properties, dependencies }: CatalogObject, of: Snapshot): string[] {
  const sql = String(properties.sql);
  if (!/^CREATE (CONSTRAINT )?TRIGGER .* BEFORE .*\bUPDATE\b.* FOR EACH ROW /s.test(sql)) return [];
  const byExtension = /\bmoddatetime\('([^']+)'\)/.exec(sql);
  if (byExtension !== null) return [byExtension[1]!];
  const id = dependencies.find((need) => need.startsWith('function '));
  const body = of.objects.get(id ?? '')?.definition ?? '';
  const set = new RegExp(`\\bnew\\s*\\.\\s*"?(\\w+)"?\\s*:?=[^;]{0,80}\\b(?:${clock})\\b`, 'gi');
  return [...body.matchAll(set)].flatMap((match) => {
    const name = match[1]!;
    // What is set under a condition says when something else happened.
    const always = !/\b(if|case)\b/i.test(body.slice(0, match.index));
    return always || usual.test(name) ? [match[0].includes('"') ? name : name.toLowerCase()] : [];
  });
}

function isNow(value: SyntaxNode | undefined): boolean {
  if (value?.TypeCast) return isNow(value.TypeCast.arg);
  if (value?.SQLValueFunction) return /TIME|DATE/.test(value.SQLValueFunction.op);
  const call = value?.FuncCall;
  if (call === undefined) return false;
  const name: string = call.funcname?.at(-1)?.String?.sval ?? '';
  return name === 'timezone' ? isNow(call.args?.[1]) : new RegExp(`^(${clock})$`).test(name);
}

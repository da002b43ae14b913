/** The rows that a stranger must not see, where the conditions that were seen say it to the letter. */
import type { ObjectAccess, Principal } from '../../model/access.ts';
import { quoteIdent } from '../../sql/names.ts';
import { passes } from '../cells.ts';

/** A SELECT that must come back empty; null where somebody's rows may rightly come with it. */
export function closedRows(object: ObjectAccess, principal: Principal): string | null {
  const open = object.cells.filter(
    (cell) => cell.principal === principal && cell.command === 'select' && passes(cell),
  );
  const conditions: string[] = [];
  for (const { subject, when } of open) {
    if (when === null) {
      // A stranger has no rows of its own; those of nobody may be there.
      if (subject === 'own') continue;
      return null;
    }
    if (isCallers(when, principal)) continue;
    const sql = object.kind === 'table' ? conditionSql(when) : null;
    if (sql === null) return null;
    conditions.push(sql);
  }
  const where = [...new Set(conditions)].map((sql) => `not (${sql})`).join(' and ');
  return `select 1 from ${object.object}${where === '' ? '' : ` where ${where}`}`;
}

/** A row of the caller's is a part of it: a stranger has none. */
const isCallers = (when: string, principal: Principal): boolean =>
  principal === 'user' && /(^|, and )a row in \S+( with [^,]*| of the same \S+)?$/.test(when);

/** A value of the row that is one of two, or that it must not have; any other may stand for many. */
function conditionSql(when: string): string | null {
  const parts = /^rows where (\w+ (?:(?:=|<>|is) .+?))$/.exec(when)?.[1]?.split(' and ') ?? [];
  const written = parts.map((part) => {
    const [, column, rest] =
      /^(\w+) (= (?:true|false)|is null|<> '[^']*'|= '[a-z_][a-z_ -]*')$/i.exec(part) ?? [];
    return column === undefined || rest!.startsWith("= 'probe ") ? null : `${quoteIdent(column)} ${rest}`;
  });
  return written.length === 0 || written.includes(null) ? null : written.join(' and ');
}

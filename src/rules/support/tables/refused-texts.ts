/** Texts that a column does not take: its type is an enum without them, or a CHECK lists what it may hold. */
import type { Origin, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent, quoteLiteral } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { listOf } from '../conditions/implication.ts';
import { codeOf } from '../syntax/bodies.ts';
import { conjuncts } from '../syntax/tree.ts';
import { named } from '../words/words.ts';

export interface Refusal {
  /** The constraint, or the type. */
  readonly name: string;
  readonly by: 'check' | 'enum';
  readonly allowed: readonly string[];
  /** The CHECK asks nothing else. */
  readonly whole: boolean;
  readonly origin: Origin;
}

/** Null where the column takes it, or nobody can say. */
export function refusalOf(table: Table, column: string, text: string, state: SchemaState): Refusal | null {
  const own = table.columns.find(({ name }) => name === column);
  if (own === undefined || own.generated !== null) return null;
  const type = state.types.get(own.type) ?? state.types.get(`public.${own.type}`);
  if (type?.kind === 'enum' && type.values.length > 0 && !type.values.includes(text))
    return {
      name: type.key,
      by: 'enum',
      allowed: type.values,
      whole: true,
      origin: type.origin ?? table.origin,
    };
  if (!/^(text|character varying(\(\d+\))?|varchar|citext)$/.test(own.type)) return null;
  for (const { name, expression, origin } of table.checks) {
    for (const part of conjuncts(expression.node)) {
      const list = listOf(part);
      if (list === null || list.column !== column || list.values.length === 0) continue;
      const allowed = list.values.filter((value) => typeof value === 'string');
      if (allowed.length < list.values.length || allowed.includes(text)) continue;
      if (isRewritten(table, column, state)) return null;
      const whole = listOf(expression.node) !== null;
      return { name, by: 'check', allowed, whole, origin: origin ?? table.origin };
    }
  }
  return null;
}

/** A trigger gives the column another value before the CHECK looks at it; which one, nobody reads here. */
const isRewritten = ({ triggers }: Table, column: string, { routines }: SchemaState): boolean =>
  triggers.some(
    ({ timing, level, enabled, function: called }) =>
      timing === 'before' &&
      level === 'row' &&
      enabled &&
      ![...routines.values()].some(
        (routine) =>
          `${routine.schema}.${routine.name}` === called &&
          !new RegExp(
            `\\bnew\\s*\\.\\s*"?${escapeRegExp(column)}(?![\\w$])"?\\s*:?=|\\bnew\\s*:?=`,
            'i',
          ).test(codeOf(routine.body).bare),
      ),
  );

const mostShown = 8;

/** `CHECK "mail_status" takes only "open" and "done"`. */
export function takesOnly({ name, by, allowed }: Refusal): string {
  const more = allowed.length - mostShown;
  const values =
    more > 1
      ? `${allowed
          .slice(0, mostShown)
          .map((value) => `"${value}"`)
          .join(', ')} and ${more} more`
      : named(allowed);
  return `${by === 'enum' ? 'enum' : 'CHECK'} "${name}" takes only ${values}`;
}

/** What Postgres answers. */
export const sqlstateOf = ({ by }: Refusal) => (by === 'enum' ? '22P02' : '23514');

/** SQL by which the column takes them too; null where the CHECK asks more than that. */
export function allowing(
  texts: readonly string[],
  { name, by, allowed, whole }: Refusal,
  column: string,
  table: Table,
): string | null {
  if (by === 'enum')
    return texts.map((text) => `alter type ${name} add value ${quoteLiteral(text)};`).join('\n');
  if (!whole) return null;
  const constraint = quoteIdent(name);
  const list = [...allowed, ...texts].map(quoteLiteral).join(', ');
  return [
    `alter table ${table.key} drop constraint ${constraint};`,
    `alter table ${table.key} add constraint ${constraint} check (${quoteIdent(column)} in (${list})) not valid;`,
    '-- in the next migration',
    `alter table ${table.key} validate constraint ${constraint};`,
  ].join('\n');
}

/** Exposed definer functions that write to a table of people with rights, called by A: with its own id, B's organisation. */
import type { Routine, Table } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { userA } from '../acting/principals.ts';
import { literal, qualified } from '../acting/quote.ts';
import { rank } from '../rank.ts';
import { argumentSets, exposedDefiners, inputsOf, signatureOf, waits } from '../rows/arguments.ts';
import type { Value } from '../rows/type-values.ts';
import type { EscalationContext } from './attempt.ts';

/** Calls worth trying: more would cost more than they tell. */
const enough = 8;

export async function callsThatWrite(context: EscalationContext, table: Table): Promise<string[]> {
  const routines = exposedDefiners(context).filter((routine) => writes(routine, table) && !waits(routine));
  const ranks = [...context.planner.choices(table.key)].flatMap(([column, choice]) =>
    rank.test(column) ? choice.open.slice(0, 1) : [],
  );
  const calls: string[] = [];
  for (const routine of routines) {
    const [granted] = await context.session.query(
      `select has_function_privilege('authenticated', to_regprocedure(${literal(signatureOf(routine))}), 'execute') as held`,
    );
    if (!/^t/.test(granted?.held ?? '')) continue;
    const tables = [...context.planner.ancestors(table.key), table.key]
      .map((key) => context.state.tables.get(key))
      .filter((each) => each !== undefined);
    for (const values of argumentSets(context, routine, tables, userA)) {
      calls.push(
        `select * from ${qualified(routine.schema, routine.name)}(${inputsOf(routine)
          .map(
            (argument, index) => `${literal(ranked(argument.name, values[index]!, ranks))}::${argument.type}`,
          )
          .join(', ')})`,
      );
    }
  }
  return calls.slice(0, enough);
}

/** An argument that is called after a rank takes the highest. */
const ranked = (argument: string | null, value: Value, ranks: readonly Value[]): Value =>
  argument !== null && rank.test(argument.replace(/^(p|in|arg|_)_?/i, '')) && ranks.length > 0
    ? ranks[0]!
    : value;

const writes = (routine: Routine, table: Table): boolean =>
  new RegExp(
    `\\b(insert\\s+into|update|merge\\s+into)\\s+(only\\s+)?("?\\w+"?\\.)?"?${escapeRegExp(table.name)}(?![\\w$])`,
    'i',
  ).test(routine.body);

/** Trigger functions that write a table with the rights of whoever fires them: its policies are asked for what they write. */
import type { SchemaState, Table } from '../../../model/schema.ts';
import { keyOf } from '../../../sql/names.ts';
import { asItsOwner } from '../functions/qualified.ts';
import { tablesWritten } from '../functions/written-tables.ts';
import { codeOf } from '../syntax/bodies.ts';

/** SQL to stand before what switches row level security on; empty where nothing writes the table that way. */
export function asOwnersOnceOn(
  table: Table,
  state: SchemaState,
  /** What a policy is offered for beside. */
  allowed: readonly string[],
): string {
  return triggersWriting(table, state)
    .filter(({ verbs }) => !verbs.every((verb) => allowed.includes(verb)))
    .map(({ routine }) => {
      const hides = /\bexception\s+when\s+others\b/i.test(codeOf(routine.body).bare);
      return `-- ${routine.key} writes it for whoever fires its trigger, and no policy lets them${hides ? '; it hides the error' : ''}: as its owner it may\n${asItsOwner(routine, state)}\n`;
    })
    .join('');
}

function triggersWriting(table: Table, state: SchemaState) {
  const fired = new Set(
    [...state.tables.values()].flatMap(({ triggers }) =>
      triggers.filter(({ enabled }) => enabled).map((trigger) => trigger.function),
    ),
  );
  return [...state.routines.values()].flatMap((routine) => {
    if (
      routine.returns !== 'trigger' ||
      routine.securityDefiner ||
      !fired.has(keyOf(routine.schema, routine.name))
    )
      return [];
    const verbs = tablesWritten(routine, state).flatMap(({ verb, key }) => (key === table.key ? [verb] : []));
    return verbs.length === 0 ? [] : [{ routine, verbs }];
  });
}

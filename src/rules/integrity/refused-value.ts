import type { ChangeSet } from '../../model/facts.ts';
import type { Routine } from '../../model/schema.ts';
import { splitKey } from '../../sql/fold/table-access.ts';
import { rule } from '../rule.ts';
import { refusedTexts } from '../support/functions/refused-texts.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { remembered } from '../support/syntax/tree.ts';
import { allowing, sqlstateOf, takesOnly } from '../support/tables/refused-texts.ts';
import { sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'integrity/refused-value',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a function writes a value that a CHECK or an enum refuses',
  why: 'Postgres looks into the body of a function when it is called: a constant that the column’s CHECK does not list, or that its enum has not, passes CREATE FUNCTION, and the first call that comes to it fails (23514, 22P02). In a trigger it takes the statement along that fired it, and at sign-up the user.',
  remedy:
    "Allow the value, or write one that is listed.\n\n```sql\nalter type public.mail_status add value 'sent';\n```",
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-constraints.html#DDL-CONSTRAINTS-CHECK-CONSTRAINTS',
    'https://www.postgresql.org/docs/17/plpgsql-implementation.html#PLPGSQL-PLAN-CACHING',
  ],
  fixable: false,
  // A trigger function that fails stops the sign-up: that is what users meet.
  backs: ['access/sign-up-broken'],
  routine(routine, { state, set, home, report }) {
    // Reading a body takes time, and where neither it nor a table of it was touched, nothing is new.
    if (!set.touched.has(`routine ${routine.key}`) && !namesAnyOf(tablesTouched(set), routine)) return;
    for (const { table, column, text, refusal, caught } of refusedTexts(routine, state)) {
      if (![`routine ${routine.key}`, `table ${table.key}`].some((key) => set.touched.has(key))) continue;
      const sql = allowing([text], refusal, column, table);
      report({
        message: `Function "${routine.key}" writes "${text}" into "${column}" of "${table.key}", and ${takesOnly(refusal)}. ${caught ? 'Its own handler hides the error, and the row is never written' : `The call that comes to it fails with ${sqlstateOf(refusal)}`}. Allow the value, or write one of these.`,
        at: home(routine.origin),
        object: routine.key,
        key: `${table.key} ${column} ${text}`,
        ...(caught ? { severity: 'warning' as const } : {}),
        evidence: evidenceOf(state),
        ...(sql === null ? {} : { help: sqlFence(sql) }),
      });
    }
  },
});

const tablesTouched = remembered(({ touched }: ChangeSet): readonly string[] =>
  [...touched].flatMap((object) =>
    object.startsWith('table ') ? [splitKey(object.slice('table '.length))[1].toLowerCase()] : [],
  ),
);

const namesAnyOf = (names: readonly string[], { body }: Routine) => {
  const text = body.toLowerCase();
  return names.some((name) => text.includes(name));
};

import type { ClientCall } from '../../model/client.ts';
import type { Facts } from '../../model/facts.ts';
import type { SchemaState, Table } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { allCallsOn, placesOf } from '../support/application/client-calls.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { allowing, type Refusal, refusalOf, sqlstateOf, takesOnly } from '../support/tables/refused-texts.ts';
import { isKnown } from '../support/tables/tables.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'api/refused-value',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'the code writes a value that a CHECK or an enum refuses',
  why: 'A CHECK that lists what a column may hold, and an enum, refuse every other value, whoever writes it: 23514 or 22P02, and no row is written. Values that calls of the repository’s code write out (`insert({ status: "sent" })`, `paid ? "paid" : "open"`) are compared, with the columns as they are after all migrations.',
  remedy:
    "Allow the value, or write one that is listed.\n\n```sql\nalter type public.mail_status add value 'sent';\n```",
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-constraints.html#DDL-CONSTRAINTS-CHECK-CONSTRAINTS',
    'https://www.postgresql.org/docs/17/datatype-enum.html',
  ],
  fixable: false,
  table(table, { state, facts, home, report }) {
    // The code is that of the head, whatever the state.
    const atEnd = facts.head.tables.get(table.key);
    if (atEnd === undefined || isPlatform(table.schema) || !isKnown(table, state)) return;
    for (const [column, refused] of refusedIn(table, atEnd, state, facts)) {
      const { refusal } = refused;
      const texts = [...new Set(refused.texts)];
      const sql = allowing(texts, refusal, column, atEnd);
      report({
        message: `The code writes ${named(texts)} into "${column}" of "${table.key}" (${placesOf(refused.calls)}), and ${takesOnly(refusal)}. That write fails with ${sqlstateOf(refusal)}. Allow the value, or write one of these.`,
        at: home(refusal.origin),
        object: table.key,
        key: `${column} ${texts.toSorted().join(' ')}`,
        evidence: evidenceOf(state),
        ...(sql === null ? {} : { help: sqlFence(sql) }),
      });
    }
  },
});

interface Refused {
  readonly refusal: Refusal;
  readonly texts: string[];
  readonly calls: ClientCall[];
}

function refusedIn(
  table: Table,
  atEnd: Table,
  state: SchemaState,
  facts: Facts,
): ReadonlyMap<string, Refused> {
  const found = new Map<string, Refused>();
  for (const call of allCallsOn(table.key, ['insert', 'update'], facts)) {
    // Written for another version of the table, it fails for another reason.
    if (call.given?.some((name) => !atEnd.columns.some((column) => column.name === name)) === true) continue;
    for (const { column, text } of call.texts) {
      const refusal = refusalOf(table, column, text, state);
      if (refusal === null || refusalOf(atEnd, column, text, facts.head) === null) continue;
      const known = found.get(column) ?? { refusal, texts: [], calls: [] };
      found.set(column, known);
      known.texts.push(text);
      // An upsert is an insert and an update.
      if (!known.calls.some(({ path, line }) => path === call.path && line === call.line))
        known.calls.push(call);
    }
  }
  return found;
}

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
  summary: 'the code writes a value that a CHECK or an enum refuses, or asks for one that the enum has not',
  why: 'A CHECK that lists what a column may hold, and an enum, refuse every other value, whoever writes it: 23514 or 22P02, and no row is written. Values that calls of the repository’s code write out (`insert({ status: "sent" })`, `paid ? "paid" : "open"`) are compared, with the columns as they are after all migrations; with enums what it filters by as well (`eq("status", "sent")`), which fails alike.',
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
    for (const { column, does, refusal, texts, calls } of refusedIn(table, atEnd, state, facts)) {
      const places = placesOf(calls);
      const sql = allowing(texts, refusal, column, atEnd);
      report({
        message: `The code ${does === 'writes' ? `writes ${named(texts)} into "${column}" of "${table.key}" (${places})` : `compares "${column}" of "${table.key}" with ${named(texts)} (${places})`}, and ${takesOnly(refusal)}. That ${does === 'writes' ? 'write' : 'query'} fails with ${sqlstateOf(refusal)}. Allow the value, or ${does === 'writes' ? 'write' : 'ask for'} one of these.`,
        at: home(refusal.origin),
        object: table.key,
        key: `${column} ${does} ${texts.toSorted().join(' ')}`,
        evidence: evidenceOf(state),
        ...(sql === null ? {} : { help: sqlFence(sql) }),
      });
    }
  },
});

interface Refused {
  readonly column: string;
  readonly does: 'writes' | 'compares';
  readonly refusal: Refusal;
  readonly texts: readonly string[];
  readonly calls: readonly ClientCall[];
}

function refusedIn(table: Table, atEnd: Table, state: SchemaState, facts: Facts): readonly Refused[] {
  const found = new Map<string, Refused>();
  const commands = ['select', 'insert', 'update', 'delete'] as const;
  for (const call of allCallsOn(table.key, commands, facts)) {
    // Written for another version of the table, it fails for another reason.
    if (call.given?.some((name) => !atEnd.columns.some((column) => column.name === name)) === true) continue;
    const asked = [
      ...call.texts.map((each) => ({ ...each, does: 'writes' as const })),
      ...call.compared.map((each) => ({ ...each, does: 'compares' as const })),
    ];
    for (const { column, text, does } of asked) {
      const refusal = refusalOf(table, column, text, state);
      if (refusal === null || refusalOf(atEnd, column, text, facts.head) === null) continue;
      // A text that no CHECK lets in is looked for in vain; one that an enum has not is an error.
      if (does === 'compares' && refusal.by === 'check') continue;
      const known = found.get(`${column} ${does}`) ?? { column, does, refusal, texts: [], calls: [] };
      found.set(`${column} ${does}`, {
        ...known,
        texts: [...new Set([...known.texts, text])],
        calls: [...known.calls, call],
      });
    }
  }
  return [...found.values()];
}

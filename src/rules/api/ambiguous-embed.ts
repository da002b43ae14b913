import type { Facts } from '../../model/facts.ts';
import type { Table } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { allCallsOn, placesOf } from '../support/application/client-calls.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { named } from '../support/words/words.ts';

export default rule({
  id: 'api/ambiguous-embed',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a second foreign key between two tables: queries that embed one in the other break',
  why: 'The Data API finds out by the foreign key how "select=*,author(*)" is meant. With a second key between the same two tables it can’t choose, and answers every such request that does not name the key with PGRST201 (HTTP 300): clients that worked break with the migration. A note where the code of the repository asks these tables and embeds neither without naming the key.',
  remedy: 'Name the key in the clients first: `select=*,author:profiles!note_author_id_fkey(*)`.',
  since: '0.1.0',
  sources: ['https://docs.postgrest.org/en/v12/references/errors.html#pgrst201'],
  fixable: false,
  table(table, { facts, state, set, exposed, home, report }) {
    const before = set.before.tables.get(table.key);
    if (state !== set.after || before === undefined || !exposed(table.schema)) return;
    for (const other of new Set(table.foreignKeys.map(({ references }) => references))) {
      const there = state.tables.get(other);
      if (there === undefined || !exposed(there.schema) || other === table.key) continue;
      const now = table.foreignKeys.filter(({ references }) => references === other);
      const old = before.foreignKeys.filter(({ references }) => references === other);
      // Exactly one way before (from either side), more of them now.
      if (old.length + reverse(set.before.tables.get(other), table.key).length !== 1) continue;
      const added = now.filter((key) => !old.some(({ columns }) => columns.join() === key.columns.join()));
      // One that was put in the other's place is alone too.
      if (added.length === 0 || now.length + reverse(there, table.key).length < 2) continue;
      const { named: isNamed, bare } = embedsOf(table, there, facts);
      report({
        message: `"${table.key}" and "${other}" are now joined by more than one foreign key (${named([...new Set([...now, ...reverse(there, table.key)].map(({ name }) => name))])}). Requests that embed one in the other without naming the key get PGRST201.${bare.length > 0 ? ` The code has such a request: ${placesOf(bare)}.` : ''} ${isNamed ? 'The requests of the code that were found name it' : 'Name the key in the clients before this is merged'}.`,
        severity: isNamed ? 'info' : undefined,
        at: home(added[0]!.origin ?? table.origin),
        object: table.key,
        key: other,
        evidence: evidenceOf(state),
        help: `Clients write ${[...new Set([...now, ...reverse(there, table.key)].map(({ name }) => `\`${there.name}!${name}(*)\``))].join(' or ')}.`,
      });
    }
  },
});

/** Requests of the code that embed one table in the other, as far as they are known. */
function embedsOf(table: Table, other: Table, facts: Facts) {
  const calls = allCallsOn(table.key, ['select'], facts).concat(allCallsOn(other.key, ['select'], facts));
  const bare = calls.filter(({ object, embeds }) =>
    embeds.includes(object === table.key ? other.name : table.name),
  );
  return { bare, named: calls.length > 0 && bare.length === 0 };
}

const reverse = (there: Table | undefined, key: string) =>
  there?.foreignKeys.filter(({ references }) => references === key) ?? [];

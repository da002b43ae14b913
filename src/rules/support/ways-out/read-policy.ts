/** The policy by which what is nobody's goes on being read. */
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { allCallsOn, callsOn, placesOf } from '../application/client-calls.ts';
import { type ApiRole, writes } from '../callers/roles.ts';
import { secretColumns } from '../owners/owners.ts';
import { tenantColumns } from '../owners/tenants.ts';
import { type Hiding, hidingView } from '../views/hiding-views.ts';
import { holdsMoney } from '../words/person-names.ts';
import { named } from '../words/words.ts';

/** With what is to be said of those who write; rows of one tenant each, and prices, are for signed-in users at most. */
export function readPolicy(
  table: Table,
  readers: readonly ApiRole[],
  writers: string,
  name = `"read ${table.name.replaceAll('"', '""')}"`,
): string {
  const secrets = secretColumns(table);
  if (secrets.length > 0)
    return `-- ${named(secrets.slice(0, 3))} ${secrets.length === 1 ? 'is a secret' : 'are secrets'}: no policy shows ${secrets.length === 1 ? 'it' : 'them'}, and the server alone reads; who sees the rest does so through a view or a function without ${secrets.length === 1 ? 'it' : 'them'}; ${writers}`;
  const group = tenantColumns(table)[0]?.name;
  const limit =
    group !== undefined
      ? `; ask for their own ${quoteIdent(group)} where the others' are not for them`
      : readers.length > 1 && holdsMoney(table)
        ? '; add anon where visitors see it too'
        : null;
  const to = limit === null ? readers : ['authenticated'];
  const shown = shownIn(table);
  const rest =
    shown === null
      ? ''
      : `; the rows that "${shown.column}" does not show need a policy for those who work on them`;
  return `-- ${limit === null ? 'who read it goes on reading' : `signed-in users go on reading${limit}`}${rest}; ${writers}\ncreate policy ${name} on ${table.key} for select to ${to.join(', ')} using (${shown?.condition ?? 'true'});`;
}

/**
 * Beside each user's own rows: what is there for others, where the code asks for it by the column that says so. A view that
 * leaves columns out is what they read; then only a comment.
 */
export function shownBeside(
  table: Table,
  readers: readonly ApiRole[],
  state: SchemaState,
  facts: Facts,
): readonly string[] {
  const shown = shownIn(table);
  const reads =
    shown === null
      ? []
      : allCallsOn(table.key, ['select'], facts).filter(({ columns }) => columns.includes(shown.column));
  if (shown === null || reads.length === 0 || readers.length === 0) return [];
  const hiding = hidingView(table, state);
  return [
    hiding === null
      ? `-- others read what "${shown.column}" shows (${placesOf(reads)})\ncreate policy "read ${table.name.replaceAll('"', '""')}" on ${table.key} for select to ${readers.join(', ')} using (${shown.condition});`
      : readThroughView(hiding),
  ];
}

export const readThroughView = ({ view, columns }: Hiding) =>
  `-- ${view.key} shows its rows without ${named(columns.slice(0, 3))}: let readers ask that; a policy here would show them whole rows, so it is for those alone who may see ${columns.length === 1 ? 'that column' : 'these columns'}`;

/** The column by which rows say themselves that they are for others to see. */
function shownIn({ columns, checks }: Table): { readonly column: string; readonly condition: string } | null {
  const flag = columns.find(
    ({ name, type }) => type === 'boolean' && /^(is_)?(public|published|publicly_visible)$/i.test(name),
  );
  if (flag !== undefined) return { column: flag.name, condition: quoteIdent(flag.name) };
  for (const { name } of columns.filter((column) => /(^|_)(status|state|visibility)$/i.test(column.name))) {
    const values = checks
      .filter(({ expression }) => new RegExp(`\\b${escapeRegExp(name)}\\b`).test(expression.text))
      .flatMap(({ expression }) => [...expression.text.matchAll(/'([a-z_]+)'/gi)].map(([, value]) => value!));
    const shown = ['published', 'public'].find((value) => values.includes(value));
    if (shown !== undefined) return { column: name, condition: `${quoteIdent(name)} = '${shown}'` };
  }
  return null;
}

/** Who writes there, as far as the code shows it: a server without the service key is a user too. */
export function writersOf({ key }: Table, facts: Facts): string {
  const calls = callsOn(key, writes, facts);
  if (calls.length > 0)
    return `the code writes it (${placesOf(calls)}), for which a policy has to say who may`;
  const others = allCallsOn(key, writes, facts);
  return others.length > 0
    ? `the server writes it (${placesOf(others)}): with the service key that needs no policy`
    : 'a write without the service key needs a policy of its own';
}

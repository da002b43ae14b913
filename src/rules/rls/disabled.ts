import type { Command, Table } from '../../model/schema.ts';
import { rule, type StateContext } from '../rule.ts';
import { allCallsOn, callsFitting, placesOf } from '../support/application/client-calls.ts';
import { commands, holders, reachers, writes } from '../support/callers/roles.ts';
import { visitorsRead } from '../support/open-policies/by-tenant.ts';
import { sensitiveColumns } from '../support/owners/owners.ts';
import { tenantCondition } from '../support/owners/tenants.ts';
import { ownerByName, ownerOf } from '../support/owners/whose.ts';
import { appendFix, evidenceOf } from '../support/statements/sites.ts';
import { assumed, opening } from '../support/tables/era.ts';
import { isExposedTable } from '../support/tables/tables.ts';
import { hidingView } from '../support/views/hiding-views.ts';
import { ownByTheCode, ownPolicies } from '../support/ways-out/own-policy.ts';
import { readPolicy, readThroughView, shownBeside, writersOf } from '../support/ways-out/read-policy.ts';
import { asOwnersOnceOn } from '../support/ways-out/written-by-triggers.ts';
import { isPrivateByName } from '../support/words/person-names.ts';
import { people, sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'rls/disabled',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a table of an exposed schema without row level security',
  why: 'The Data API shows every table of an exposed schema, and the anonymous key is public. Without row level security nothing but grants stands between a table and everyone who opens the site. A partition needs its own: the policies of the parent hold only for queries through the parent.',
  remedy:
    'Enable it, and add a policy for each way of access.\n\n```sql\nalter table public.note enable row level security;\n```',
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/database/postgres/row-level-security',
    'https://www.postgresql.org/docs/17/ddl-rowsecurity.html',
  ],
  fixable: true,
  table(table, context) {
    if (table.rls || table.policies.length > 0 || !isExposedTable(table, context)) return;
    const open = commands.filter((command) => reachers(table, command, context.state).length > 0);
    const sql = `alter table ${table.key} enable row level security;`;
    const beside = policiesBeside(table, context);
    const allowed = commands.filter((command) =>
      beside.some((policy) => policy.includes(` for ${command} `)),
    );
    const asOwners = asOwnersOnceOn(table, context.state, allowed);
    context.report({
      message: `Row level security is off on "${table.key}". ${reachOf(table, open, context)}. Enable it and add a policy for each way of access.`,
      at: context.home(table.rlsOrigin ?? table.origin),
      object: table.key,
      severity: open.length > 0 ? undefined : 'info',
      evidence: evidenceOf(context.state),
      causes: ['rls/realtime'],
      help: sqlFence([`${asOwners}${sql}`, ...beside].join('\n\n')),
      // Where the code works with the user's own rights, it needs policies too, and they are not certain.
      fix:
        beside.length > 0 || asOwners !== '' || callsFitting(table, commands, context.facts).length > 0
          ? undefined
          : appendFix(context.set, table.rlsOrigin ?? table.origin, 'Enable row level security', sql),
      switches: 'rls',
    });
  },
});

function reachOf(table: Table, open: readonly Command[], { state, facts }: StateContext): string {
  if (table.kind === 'partition' && table.parent !== null)
    return `The policies of "${table.parent}" do not hold when the partition is named itself`;
  if (open.length === 0)
    return commands.some((command) => holders(table.grants, command).length > 0)
      ? `No API role that holds a privilege on it may enter schema "${table.schema}", so nobody reaches it yet`
      : `No API role holds a privilege on it${assumed(table, facts)}, so nobody reaches it yet`;
  const roles = people([...new Set(open.flatMap((command) => reachers(table, command, state)))]);
  const where = opening(table, open, facts);
  return where === ''
    ? `By its grants, ${roles} may ${upper(open)} all its rows`
    : `${where}${roles} may ${upper(open)} all its rows; else the first GRANT opens it`;
}

/** Row level security alone shut out the code that reads or writes it: the policies for what it does. */
function policiesBeside(table: Table, { state, facts }: StateContext): string[] {
  if (table.kind === 'partition') return [];
  const calls = callsFitting(table, commands, facts);
  const of = (command: Command) => calls.filter((call) => call.command === command);
  const called = commands.filter((command) => of(command).length > 0);
  if (called.length === 0) return [];
  if ((ownerOf(table, state) ?? ownerByName(table, state) ?? ownByTheCode(table, state, calls)) !== undefined)
    return [
      ...ownPolicies(table, called, state, calls),
      ...(called.includes('select')
        ? shownBeside(table, reachers(table, 'select', state), state, facts)
        : []),
      ...(called.some((command) => command !== 'select') ? [] : unseenWriters(table, facts)),
    ];
  if (tenantCondition(table, state) !== null)
    return [...ownPolicies(table, called, state, calls), ...visitorsRead(table, of('select'))];
  const names = table.columns.map(({ name }) => name);
  const readers = reachers(table, 'select', state);
  const hiding = hidingView(table, state);
  if (!called.includes('select') || readers.length === 0 || sensitiveColumns(names, table).length > 0)
    return [];
  return isPrivateByName(table)
    ? [
        `-- by its name not for everybody, and no column says whose a row is: a policy has to, for the code that reads it (${placesOf(of('select'))})`,
      ]
    : [hiding === null ? readPolicy(table, readers, writersOf(table, facts)) : readThroughView(hiding)];
}

/** The policies are for what is seen to ask as a user: who else writes is named. */
function unseenWriters(table: Table, facts: StateContext['facts']): string[] {
  const others = allCallsOn(table.key, writes, facts).filter(({ by }) => by !== 'server');
  return others.length === 0 ? [] : [`-- ${writersOf(table, facts)}`];
}

/** An open policy of a table whose rows are a tenant's each, limited to the caller's own tenant. */
import type { ClientCall } from '../../../model/client.ts';
import type { Command, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { placesOf } from '../application/client-calls.ts';
import { apiRolesOf } from '../callers/roles.ts';
import { sensitiveColumns } from '../owners/owners.ts';
import { tenantCondition } from '../owners/tenants.ts';
import { isForAllByName } from '../words/public-words.ts';
import type { JudgedPolicy } from './reach.ts';
import { tenantsStay } from './stays-beside.ts';

/** Null where nothing tells the caller's tenant. */
export function toTenant(
  judged: JudgedPolicy,
  commands: readonly Command[],
  /** What is said where no code asks for it, and the server may be the only one that does. */
  orServer = '',
): string | null {
  const { policy, table, state, reads, inserts } = judged;
  const condition = tenantCondition(table, state);
  if (condition === null || isForStrangers(judged)) return null;
  const visitors =
    commands.includes('select') && apiRolesOf(policy).includes('anon') ? visitorsRead(table, reads) : [];
  const strangers =
    commands.includes('insert') && apiRolesOf(policy).includes('anon')
      ? inserts.filter(({ path }) => publicPage.test(path))
      : [];
  const stays = tenantsStay(policy, table, state);
  const clauses = [
    ...(commands.some((command) => command !== 'insert') ? [`using (${condition})`] : []),
    ...(commands.includes('insert') || commands.includes('update') ? [`with check (${condition})`] : []),
  ];
  return [
    stays ??
      `-- each tenant its own rows, as the project knows the caller's\nalter policy ${quoteIdent(policy.name)} on ${table.key} to authenticated\n  ${clauses.join('\n  ')};`,
    ...visitors,
    ...(strangers.length === 0
      ? []
      : [
          `-- visitors seem to insert without signing in (${placesOf(strangers)}): let a function that checks the row, or the server, do it`,
        ]),
    ...(stays === null && orServer !== '' ? [orServer] : []),
  ].join('\n');
}

/** Visitors are no tenant's people, and the policy says that it is for them. */
const isForStrangers = ({ policy: { name, roles } }: JudgedPolicy) =>
  roles.includes('anon') || isForAllByName(name);

/** What pages without a sign-in read goes on being read. */
export function visitorsRead(table: Table, reads: readonly ClientCall[]): string[] {
  const pages = reads.filter(({ path }) => publicPage.test(path));
  if (pages.length === 0) return [];
  const personal = sensitiveColumns(
    table.columns.map(({ name }) => name),
    table,
  );
  return [
    personal.length > 0
      ? `-- visitors seem to read it without signing in (${placesOf(pages)}): give them what they need by a view or a function, without ${personal.map(quoteIdent).join(', ')}`
      : `-- visitors seem to read it without signing in (${placesOf(pages)}): for them, with what makes a row public in USING\ncreate policy ${quoteIdent(`visitors read ${table.name}`.slice(0, 63))} on ${table.key} for select to anon using (true);`,
  ];
}

/** A page by a short name or a secret in its address, or in the part of the site that says it is public. */
const publicPage =
  /(^|\/)(\[slug\]|\[\w*token\]|\$slug|\(?(public|landing|storefront|embed|share|shared|marketing)(-?pages?)?\)?)(\/|\.)|(^|\/)(public|landing)[-_]?[A-Z]?\w*\.[jt]sx?$/i;

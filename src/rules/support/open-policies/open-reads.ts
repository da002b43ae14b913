/** SELECT of every row: a public table, unless its columns look personal or secret. */
import type { Table } from '../../../model/schema.ts';
import { type ApiRole, grantedColumns } from '../callers/roles.ts';
import { sensitiveColumns } from '../owners/owners.ts';
import { named, people, sqlFence } from '../words/words.ts';
import { toTenant } from './by-tenant.ts';
import { readByOwner, readWithout } from './narrowing.ts';
import type { JudgedPolicy, Open } from './reach.ts';

export function openReads(judged: JudgedPolicy, roles: readonly ApiRole[]): Open {
  const { table, title } = judged;
  const who = people(roles);
  const readable = [
    ...new Set(
      roles.flatMap((role) => grantedColumns(table, role, 'select') ?? table.columns.map(({ name }) => name)),
    ),
  ];
  const sensitive = [
    ...new Set([...sensitiveColumns(readable, table), ...readable.filter(isHandedOut)]),
  ].filter((column) => !isPublished(column, table));
  if (sensitive.length === 0) {
    return {
      severity: 'info',
      message: `${title} declares the table public: ${who} may read all its rows. That is fine for what everybody may know. Limit it if that is not meant.`,
    };
  }
  const token = sensitive.find(isHandedOut);
  const way =
    token === undefined
      ? 'Limit the rows, or grant only the columns that are meant to be public'
      : `Whoever lists the table has every "${token}": look a row up in a function that is given one`;
  const narrower = roles.includes('anon')
    ? readWithout(sensitive, readable, table)
    : (readByOwner(judged, sensitive) ?? toTenant(judged, ['select']));
  return {
    severity: 'warning',
    message: `${title} lets ${who} read all rows, and ${named(sensitive)} ${sensitive.length > 1 ? 'look' : 'looks'} personal or secret. They can be listed through the API. ${way}.`,
    ...(token !== undefined
      ? {
          help: `Look the row up by "${token}" in a \`security definer\` function that takes it as an argument and returns that one row, and drop the policy.`,
        }
      : narrower === null
        ? {}
        : { help: sqlFence(narrower) }),
  };
}

/** What somebody was sent, and shows to be let in. */
const isHandedOut = (column: string) =>
  /^((invite|invitation|share|access)_)?token$|^(invite|invitation)_code$/i.test(column);

/** How to reach whoever runs the site, in the row of its settings or on its page; how to reach a place. */
const isPublished = (column: string, table: Table) =>
  /^((contact|public|support|office|business)_)?(e?mail|phone|mobile|address)(_\w+)?$/i.test(column) &&
  (/(^|_)(settings?|config|info|about|footer|branding|pages?)$/i.test(table.name) || isPlace(table));

const isPlace = ({ columns, foreignKeys }: Table) =>
  columns.some(({ name }) => /^(lat|latitude|opening_hours|business_hours)$/i.test(name)) &&
  !columns.some(({ name }) =>
    /^(user_id|owner_id|first_name|last_name|full_name|surname|username)$/i.test(name),
  ) &&
  !foreignKeys.some(({ references }) => references === 'auth.users');

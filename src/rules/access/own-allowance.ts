import type { AccessCell, ObjectAccess } from '../../model/access.ts';
import type { ClientCall } from '../../model/client.ts';
import type { Facts } from '../../model/facts.ts';
import type { Table } from '../../model/schema.ts';
import { wholeKeys } from '../../sql/fold/constraints.ts';
import { rule } from '../rule.ts';
import { allCallsOn, callsOn, placesOf } from '../support/application/client-calls.ts';
import { decidesBy } from '../support/functions/decides-by.ts';
import { homeOfTable } from '../support/leaks/access-places.ts';
import { columnsWritten, escalationsOf } from '../support/leaks/escalation.ts';
import { reproOf } from '../support/leaks/repro.ts';
import { isAllowance, isPaidFor } from '../support/owners/deciding.ts';
import { isPersonTable } from '../support/owners/owners.ts';
import { grantedWithout } from '../support/ways-out/column-grants.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'access/own-allowance',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['probe'],
  summary:
    'seen: a user raises its own limit, credit or approval, which a function or the code reads to decide',
  why: 'A policy that asks whose the row is lets its owner write every column of it, those that say what it may do among them: credits, quotas, plans, whether it is verified. The probes wrote such a column of the user’s own row, and a function or trigger decides by it; what was paid for (a balance, credits, a plan) the code of the repository may read as well.',
  remedy:
    'Let the server write it, or a function that checks.\n\n```sql\nrevoke update on public.profiles from authenticated;\ngrant update (full_name, avatar_url) on public.profiles to authenticated;\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/database/postgres/column-level-security'],
  fixable: false,
  facts({ facts, report, preexisting }) {
    for (const object of facts.access?.head.objects ?? []) {
      const table = object.kind === 'table' ? facts.head.tables.get(object.object) : undefined;
      if (table === undefined) continue;
      const written = raised(object, table, facts);
      if (written.length === 0) continue;
      const columns = written.map(({ column }) => column);
      const readers = [...new Set(written.flatMap(({ reader }) => reader ?? []))];
      const calls = written.flatMap((each) => each.calls);
      const them = columns.length === 1 ? 'it' : 'them';
      const goes =
        readers.length > 0
          ? `${named(readers.slice(0, 3))} ${readers.length === 1 ? 'decides' : 'decide'} by ${them}`
          : `the code reads ${them} (${placesOf(calls)})`;
      const before = facts.access?.base?.objects.find((other) => other.object === object.object);
      const stood = before !== undefined && columns.every((column) => cellOf(before, column) !== undefined);
      const proof = cellOf(object, columns[0]!)?.proof ?? [];
      (stood ? preexisting : report)({
        message: `A user changes ${named(columns)} of its own row in "${table.key}", and ${goes}. So each gives itself what it likes. Let the server write ${them}, or a function that checks.`,
        at: homeOfTable(facts, table.key, 'update'),
        object: table.key,
        key: columns.toSorted().join(', '),
        evidence: ['probe'],
        repro: reproOf(proof),
        ...(table.columns.length > 40
          ? {}
          : {
              help: sqlFence(
                grantedWithout(table, 'update', columns, facts.head, callsOn(table.key, ['update'], facts)),
              ),
            }),
      });
    }
  },
});

interface Raised {
  readonly column: string;
  /** The function that decides by it; null where it is the code. */
  readonly reader: string | null;
  readonly calls: readonly ClientCall[];
}

/** Columns of the own row that say what somebody may do, went through, and are read. */
function raised(object: ObjectAccess, table: Table, facts: Facts): Raised[] {
  const { head } = facts;
  if (object.ownerColumns.length === 0 || !isSomebodys(object, table, facts)) return [];
  // What policies trust is told as what it opens.
  const told = escalationsOf(facts, (kind) => /^(role-column|membership|hook)$/.test(kind))
    .filter((escalation) => escalation.object === table.key)
    .flatMap(columnsWritten);
  return table.columns.flatMap(({ name }): readonly Raised[] => {
    if (!isAllowance(name) || told.includes(name) || cellOf(object, name) === undefined) return [];
    const reader = decidesBy(table, name, head);
    if (reader !== null) return [{ column: name, reader: reader.key, calls: [] }];
    const calls = isPaidFor(name)
      ? allCallsOn(table.key, ['select'], facts).filter(({ columns }) => columns.includes(name))
      : [];
    return calls.length === 0 ? [] : [{ column: name, reader: null, calls }];
  });
}

const cellOf = ({ cells }: ObjectAccess, column: string): AccessCell | undefined =>
  cells.find(
    (cell) =>
      cell.principal === 'user' &&
      cell.command === 'update' &&
      cell.subject === 'own' &&
      cell.outcome === 'allowed' &&
      cell.when === null &&
      cell.columns.includes(column),
  );

/** A row is a user, or each user has one: a wallet, a subscription. An order's amount is for whoever makes the order. */
const isSomebodys = ({ ownerColumns }: ObjectAccess, table: Table, { head }: Facts): boolean =>
  isPersonTable(table.key, head) ||
  wholeKeys(table).some(({ columns }) => columns.length === 1 && ownerColumns.includes(columns[0]!));

/**
 * Where every value of a column opens a row to somebody, none is closed: a room is for all, or for its members, by its
 * kind. What a user reads of another's in the closed world is asked for once more with the other values. One that closes
 * the row says that its state decides.
 */
import type { AccessCell } from '../../model/access.ts';
import { type Attempted, attemptAll } from '../acting/attempt.ts';
import { userB } from '../acting/principals.ts';
import { isGiven, rank } from '../rank.ts';
import { quietly } from '../rows/triggers.ts';
import type { Value } from '../rows/type-values.ts';
import { updating } from '../rows/world.ts';
import { type Case, prepared } from '../tables/case.ts';
import { hangsOn } from './rows.ts';
import { shownAll, type WorldContext } from './spec.ts';

/** Values of a column worth trying: a list of kinds is short. */
const enough = 6;

interface State {
  readonly change: string;
  /** The column, by which its values are one question. */
  readonly column: string;
  readonly words: string;
  /** What the row holds as it was laid, in words. */
  readonly laid: string;
  /** Only asked where somebody is signed in. */
  readonly forUsers: boolean;
}

type Context = Pick<
  WorldContext,
  'session' | 'state' | 'table' | 'planner' | 'ownership' | 'reading' | 'world'
>;

/** The cells, with the state of the row by which they were read; each stands beside the case it came from. */
export async function withStates(
  context: Context,
  cells: readonly AccessCell[],
  cases: readonly Case[],
): Promise<AccessCell[]> {
  const states = statesOf(context);
  const asked = cells.flatMap((cell, index) =>
    isSeen(cell)
      ? states
          .filter(({ forUsers }) => !forUsers || cell.principal !== 'anon')
          .map((state) => ({ index, state, entry: prepared(cases[index]!, quietly([state.change])) }))
      : [],
  );
  const attempted = await attemptAll(
    context.session,
    asked.map(({ entry }) => entry.attempt),
  );
  const answers = asked.flatMap(({ index, state, entry }, at) =>
    attempted[at]!.unprepared === null ? [{ index, state, closed: isClosed(entry, attempted[at]!) }] : [],
  );
  return cells.map((cell, index) => {
    const mine = answers.filter((answer) => answer.index === index);
    const deciding = mine.find(({ closed }) => closed)?.state;
    if (deciding === undefined) return cell;
    const open = mine.filter(({ state, closed }) => !closed && state.column === deciding.column);
    return { ...cell, state: [deciding.laid, ...open.map(({ state }) => state.words)].join(' or ') };
  });
}

const isClosed = (entry: Case, attempted: Attempted): boolean =>
  entry.judge(attempted).outcome === 'filtered';

const isSeen = (cell: AccessCell): boolean =>
  cell.command === 'select' &&
  cell.principal !== 'service_role' &&
  cell.subject === 'foreign' &&
  cell.outcome === 'allowed' &&
  cell.when === null;

function statesOf(context: Context): State[] {
  const { table, planner, ownership, reading, world } = context;
  const owners = new Set(ownership.ownersOf(table.key).map(({ column }) => column));
  // Rows are somebody's by one column, and shared by another: by what they hang on.
  const parted = reading.callers.some((atom) => atom.table === table.key);
  const found = new Map<string, State>();
  for (const { table: key, column, home, closed } of reading.values) {
    const row = world.row(key, userB);
    const definition = row?.table.columns.find(({ name }) => name === column);
    if (row === undefined || definition === undefined || row.key.includes(column)) continue;
    if (rank.test(column) || isGiven(row.table, column)) continue;
    if (key === table.key ? !home : !hangsOn(context, key)) continue;
    const qualifier = key === table.key ? '' : `${key}.`;
    const add = (value: Value, laid: string, forUsers: boolean) => {
      const change = updating(key, { [column]: value }, [row]);
      const words = shownAll({ [column]: value }, qualifier);
      if (value !== (row.values[column] ?? null) && !found.has(change))
        found.set(change, { change, column: `${qualifier}${column}`, laid, words, forUsers });
    };
    const laid = shownAll({ [column]: row.values[column] ?? null }, qualifier);
    for (const value of (planner.choice(key, column)?.others ?? []).slice(0, enough)) add(value, laid, false);
    if (home && parted && !owners.has(column) && !definition.notNull && closed.includes(null))
      add(null, `${column} is not null`, true);
  }
  return [...found.values()];
}

/** A world to try: what is changed in the closed one, how the condition is called, and the words for both. */
import type { Subject } from '../../model/access.ts';
import type { NotChecked } from '../../model/finding.ts';
import type { SchemaState } from '../../model/schema.ts';
import type { Claims, Identity } from '../acting/principals.ts';
import type { Reading } from '../predicate/reading.ts';
import { rank } from '../rank.ts';
import type { ColumnChoice } from '../rows/choices.ts';
import type { TrustedRows } from '../rows/trust.ts';
import type { Value } from '../rows/type-values.ts';
import type { World } from '../rows/world.ts';
import type { Case, Subjects, TableContext } from '../tables/case.ts';

export interface WorldContext extends TableContext {
  readonly state: SchemaState;
  readonly reading: Reading;
  readonly world: World;
  readonly subjects: Subjects;
  readonly identities: readonly Identity[];
  readonly trusted: TrustedRows;
  /** Tables whose rows open the probed row by being there: in the closed world they hold none for it. */
  readonly shares: readonly string[];
  /** The cases to try, where they are not a table's own. */
  readonly cases?: (identities: readonly Identity[]) => Case[];
  skip(what: string, why: string, access?: NotChecked['access']): void;
}

export interface Spec {
  readonly changes: readonly string[];
  /** Null: whoever asks can bring it about by itself, and so it is no condition. */
  readonly when: string | null;
  readonly via: string | null;
  /** Values of the probed row that an INSERT must carry. */
  readonly choose?: ReadonlyMap<string, Value>;
  /** The probed rows as they are in this world, where what tells them from others changes. */
  readonly rows?: Subjects;
  readonly claims?: Claims;
  readonly headers?: Readonly<Record<string, string>>;
  readonly onlyUsers?: boolean;
  /** The condition asks for a rank beyond being among the people. */
  readonly ranked?: boolean;
  /** Only these are asked; absent: all. */
  readonly subjects?: readonly Subject[];
  /** The rows of `shares` stay in this world. */
  readonly shared?: boolean;
  /** The condition is a plain row of the caller's in its own organisation. */
  readonly ownTenant?: boolean;
  /** The conditions that hold together here, each in words; absent: `when` is one. */
  readonly parts?: readonly string[];
  /** The caller is with B's row here: a token names what that one hangs on. */
  readonly theirs?: boolean;
  /** Asked only to know what more is worth telling. */
  readonly known?: boolean;
  /** Columns that opening rows leaves as they are here: `public.areas.name`. */
  readonly kept?: ReadonlySet<string>;
}

const shown = (column: string, value: Value): string =>
  value === null
    ? `${column} is null`
    : /^(true|false|-?\d+(\.\d+)?)$/.test(value)
      ? `${column} = ${value}`
      : `${column} = '${value}'`;

export const shownAll = (values: Readonly<Record<string, Value>>, qualifier = ''): string =>
  Object.entries(values)
    .map(([column, value]) => shown(qualifier + column, value))
    .join(' and ');

/** The most open value of every column that policies read there. */
export const openValues = (planner: WorldContext['planner'], key: string): Record<string, Value> =>
  Object.fromEntries(
    [...planner.choices(key)]
      .filter(([, choice]) => choice.open.length > 0)
      .map(([column, choice]) => [column, choice.open[0]!]),
  );

/** Choices of another table that this policy reads there: states that must hold, and ranks among which one is held. */
export function choicesRead(context: WorldContext, key: string) {
  const { planner, reading } = context;
  const ranked = ([column, choice]: readonly [string, ColumnChoice]) => rank.test(column) || choice.each;
  const read = [...planner.choices(key)].filter(
    ([column, choice]) =>
      choice.open.length > 0 &&
      reading.values.some((atom) => !atom.home && atom.table === key && atom.column === column),
  );
  const states = Object.fromEntries(
    read.filter((entry) => !ranked(entry)).map(([column, choice]) => [column, choice.open[0]!]),
  );
  return { states, ranks: read.filter(ranked) };
}

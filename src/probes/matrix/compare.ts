/** Base against head: what a pull request widens or closes. */
import type {
  Access,
  AccessCell,
  AccessChange,
  AccessMatrix,
  ObjectAccess,
  Principal,
} from '../../model/access.ts';
import { passes } from '../cells.ts';

/** `renames`: key on the base to key on the head. Objects that are on one side only are no change of access. */
export function compareAccess(
  base: AccessMatrix,
  head: AccessMatrix,
  renames: ReadonlyMap<string, string> = new Map(),
): AccessChange[] {
  const after = new Map(head.objects.map((object) => [`${object.kind} ${object.object}`, object]));
  const changes: AccessChange[] = [];
  for (const old of base.objects) {
    const now = after.get(`${old.kind} ${renames.get(old.object) ?? old.object}`);
    if (now !== undefined) changes.push(...compareObject(old, now));
  }
  return changes;
}

function compareObject(old: ObjectAccess, now: ObjectAccess): AccessChange[] {
  const changes: AccessChange[] = [];
  const keys = new Set([...old.cells, ...now.cells].map((cell) => `${cell.principal} ${cell.command}`));
  const access = (
    object: ObjectAccess,
    principal: Principal,
    command: AccessCell['command'],
  ): Access | null =>
    object.summary.find((entry) => entry.principal === principal && entry.command === command)?.access ??
    null;
  for (const key of keys) {
    const [principal, command] = key.split(' ') as [Principal, AccessCell['command']];
    const before = access(old, principal, command);
    const after = access(now, principal, command);
    const [then, today] = [cellsOf(old, principal, command), cellsOf(now, principal, command)];
    const direction = directionOf(then, today, before, after);
    if (direction === null) continue;
    changes.push({
      object: now.object,
      principal,
      command,
      before,
      after,
      direction,
      ...(before === after && told(direction, then, today)),
    });
  }
  return changes;
}

const cellsOf = (object: ObjectAccess, principal: Principal, command: AccessCell['command']): AccessCell[] =>
  object.cells.filter((cell) => cell.principal === principal && cell.command === command);

function directionOf(
  old: readonly AccessCell[],
  now: readonly AccessCell[],
  before: Access | null,
  after: Access | null,
): AccessChange['direction'] | null {
  if (old.length === 0 || now.length === 0) return null;
  if (before === 'unknown' || after === 'unknown') return before === after ? null : 'unclear';
  // Rows that are somebody's on one side and nobody's on the other are the same rows.
  const nobodys = (cells: readonly AccessCell[]) => cells.every((cell) => cell.subject === 'unowned');
  const alike = nobodys(old) !== nobodys(now);
  const reach = (cells: readonly AccessCell[]) =>
    new Map(merge(cells.map((cell) => [reachOf(alike ? asForeign(cell) : cell), degree(cell)])));
  const had = reach(old);
  const has = reach(now);
  let wider = false;
  let narrower = false;
  for (const key of new Set([...had.keys(), ...has.keys()])) {
    const left = had.get(key);
    const right = has.get(key);
    // A subject that one side never tried says nothing.
    if (left === undefined || right === undefined) {
      const tried = left === undefined ? old : now;
      const subject = key.split(' ')[0];
      if (!tried.some((cell) => (alike ? asForeign(cell) : cell).subject === subject)) continue;
    }
    if ((right ?? 0) > (left ?? 0)) wider = true;
    if ((right ?? 0) < (left ?? 0)) narrower = true;
    // Both on a condition: a new one opens more, and a former one that is gone less.
    if (left === 1 && right === 1) {
      const conditions = (cells: readonly AccessCell[]) => conditionsOf(cells, key, alike);
      const [then, today] = [conditions(old), conditions(now)];
      if (today.some((when) => !implied(when, then))) wider = true;
      if (then.some((when) => !implied(when, today))) narrower = true;
    }
  }
  if (wider && narrower) return 'shifted';
  if (wider) return 'widened';
  return narrower ? 'narrowed' : null;
}

const ofWhom: Readonly<Record<AccessCell['subject'], string>> = {
  own: 'own rows',
  foreign: "others' rows",
  unowned: "nobody's rows",
  spoof: "rows in another's name",
  transfer: 'own rows that are handed on',
};

/** How a cell is reached, and what. */
const waysIn = (cells: readonly AccessCell[]): string[] => [
  ...new Set(
    cells.filter(passes).map(({ when, subject, columns: [column, ...others] }) => {
      if (when !== null) return `with ${when}`;
      return `to ${column !== undefined && others.length === 0 ? `"${column}" of ` : ''}${ofWhom[subject]}`;
    }),
  ),
];

/** What can be said of a change that the words for access don't show. */
function told(
  direction: AccessChange['direction'],
  old: readonly AccessCell[],
  now: readonly AccessCell[],
): Pick<AccessChange, 'gained' | 'lost'> {
  const [then, today] = [waysIn(old), waysIn(now)];
  const gained = direction === 'narrowed' ? [] : today.filter((way) => !implied(way, then));
  const lost = direction === 'widened' ? [] : then.filter((way) => !implied(way, today));
  return { ...(gained.length > 0 && { gained }), ...(lost.length > 0 && { lost }) };
}

const asForeign = (cell: AccessCell): AccessCell => ({
  ...cell,
  subject: cell.subject === 'unowned' || cell.subject === 'spoof' ? 'foreign' : cell.subject,
});

/** What is reached: the subject, for own updates the columns too. */
const reachOf = (cell: AccessCell): string =>
  cell.command === 'update' && cell.subject === 'own' && cell.columns.length === 1
    ? `${cell.subject} ${cell.columns[0]}`
    : `${cell.subject}${cell.command === 'select' && cell.columns.length > 0 ? ` ${cell.columns.length}` : ''}`;

const conditionsOf = (cells: readonly AccessCell[], key: string, alike: boolean): string[] =>
  cells.flatMap((cell) =>
    reachOf(alike ? asForeign(cell) : cell) === key && passes(cell) && cell.when !== null ? [cell.when] : [],
  );

/** `a row in t` holds where `a row in t with role = 'admin'` does. */
const implied = (when: string, others: readonly string[]): boolean =>
  others.some((other) => when === other || when.startsWith(`${other} `) || when.startsWith(`${other}, and `));

/** 0 closed, 1 on a condition, 2 always. */
const degree = (cell: AccessCell): number => (passes(cell) ? (cell.when === null ? 2 : 1) : 0);

function merge(entries: readonly [string, number][]): [string, number][] {
  const best = new Map<string, number>();
  for (const [key, value] of entries) best.set(key, Math.max(best.get(key) ?? 0, value));
  return [...best];
}

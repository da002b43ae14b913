/** Tables on which the probes met "infinite recursion" (42P17), by the policies that lead back. */
import type { PolicyError } from '../../../model/access.ts';
import type { Facts } from '../../../model/facts.ts';
import type { Origin, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { cyclesOnceOn, loopOf } from '../policies/recursion.ts';

export const isRecursion = ({ sqlstate }: PolicyError) => sqlstate === '42P17';

/** Told by rls/recursion, there or where the policies lead back. */
export const isRecursing = (object: string, { access }: Facts): boolean =>
  access?.head.policyErrors.some((error) => isRecursion(error) && error.object === object) === true;

/** One cause, told once: at the table whose policy closed the loop, where that fails itself. */
export interface Recursing {
  readonly table: string;
  readonly errors: readonly PolicyError[];
  /** The tables of the loop, the first one again at the end; null where it can't be followed. */
  readonly loop: readonly string[] | null;
  readonly closing: Policy | null;
  /** Other tables whose policies lead there. */
  readonly behind: readonly string[];
  readonly stood: boolean;
}

export function recursingTables(facts: Facts): readonly Recursing[] {
  const { access, head } = facts;
  const errors = access!.head.policyErrors.filter(isRecursion);
  const stood = (object: string) =>
    access!.base?.policyErrors.some((error) => isRecursion(error) && error.object === object) === true;
  const groups = new Map<string, { loop: readonly string[] | null; objects: string[] }>();
  for (const object of new Set(errors.map((error) => error.object))) {
    const table = head.tables.get(object);
    const loop = table === undefined ? null : loopOf(table, head);
    const key = `${stood(object)} ${loop?.toSorted().join() ?? object}`;
    const group = groups.get(key) ?? { loop, objects: [] };
    group.objects.push(object);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ loop, objects }) => {
    const closed = loop === null ? null : closingOf(loop, head);
    const table = closed !== null && objects.includes(closed.table.key) ? closed.table.key : objects[0]!;
    const from = loop?.indexOf(closed?.table.key ?? '') ?? -1;
    return {
      table,
      errors: errors.filter(({ object }) => object === table),
      loop: loop === null || from < 0 ? loop : [...loop.slice(from), ...loop.slice(0, from + 1)],
      closing: closed?.policy ?? null,
      behind: objects.filter((object) => object !== table),
      stood: stood(table),
    };
  });
}

/** Each table of the loop leads on from its first such policy; the last of these closed it. */
function closingOf(
  loop: readonly string[],
  state: SchemaState,
): { readonly table: Table; readonly policy: Policy } | null {
  const firsts = loop.flatMap((key) => {
    const table = state.tables.get(key);
    const [policy] = table === undefined ? [] : cyclesOnceOn(table, state).toSorted(inOrder);
    return table === undefined || policy === undefined ? [] : [{ table, policy }];
  });
  return firsts.toSorted((a, b) => inOrder(a.policy, b.policy)).at(-1) ?? null;
}

const inOrder = (a: Policy, b: Policy) => (placeOf(a.origin) < placeOf(b.origin) ? -1 : 1);

const placeOf = (origin: Origin) =>
  origin === null ? '' : `${origin.file}\0${String(origin.line).padStart(8, '0')}`;

/** Worlds of requests that bring something: a token with other claims, a header with a secret. */
import { type Claims, userA, userB } from '../acting/principals.ts';
import { updating } from '../rows/world.ts';
import { openValues, type Spec, type WorldContext } from './spec.ts';

/** Claims that every token has alike, or that a world of its own stands for. */
export const fixed: ReadonlySet<string> = new Set(['role', 'phone', 'aud', 'iss', 'is_anonymous']);

export function claimWorlds(context: WorldContext): Spec[] {
  const { reading, world, planner } = context;
  const specs: Spec[] = [];
  const seen = new Set<string>();
  const add = (path: readonly string[], value: unknown, when: string, more: Partial<Spec> = {}) => {
    const id = `${path.join('.')}=${JSON.stringify(value)}`;
    if (seen.has(id) || fixed.has(path[0]!)) return;
    seen.add(id);
    specs.push({ changes: [], via: null, onlyUsers: true, when, claims: nested(path, value), ...more });
  };
  for (const { path, values } of reading.claims) {
    for (const value of values) {
      const typed = typedClaim(path, value);
      add(path, typed, `a token whose claim ${path.join('.')} is ${JSON.stringify(typed)}`);
    }
  }
  for (const atom of reading.callers) {
    if (atom.caller.kind !== 'claim') continue;
    const { path } = atom.caller;
    for (const user of settable(path) ? [userA, userB] : [userA]) {
      const row = world.row(atom.table, user);
      const value = row?.values[atom.column];
      if (row === undefined || value == null) continue;
      // What else the policy reads of that row is opened too: a permission's name beside the role it is given to.
      const open = atom.table === context.table.key ? {} : openValues(planner, atom.table);
      const more: Partial<Spec> = {
        changes: Object.keys(open).length > 0 ? [updating(atom.table, open, [row])] : [],
        // A token for A's organisation opens A's rows; B's by it are somebody else's.
        ...(user === userA && atom.table === context.table.key && { ownTenant: true }),
        ...(user === userB && { subjects: ['foreign', 'spoof'] }),
      };
      const claim = `a token whose claim ${path.join('.')}`;
      add(path, value, `${claim} is the row's ${atom.column}`, more);
      if (atom.form === 'array') add(path, [value], `${claim} holds the row's ${atom.column}`, more);
    }
  }
  return specs;
}

/** `user_metadata` is what a user says of itself: `auth.updateUser({ data })` writes it. */
export const settable = (path: readonly string[]): boolean => path[0] === 'user_metadata';

export function typedClaim(path: readonly string[], value: string): unknown {
  if (path.join('.') === 'email' && !/^[^@]+@/.test(value)) return `probe@${value.replace(/^@/, '')}`;
  return value === 'true' ? true : value === 'false' ? false : value;
}

/** A header compared with a column: none was sent so far, here a wrong one and the right one. */
export async function headerWorlds(context: WorldContext): Promise<Spec[]> {
  const right: Spec[] = [];
  const wrong: Spec[] = [...context.reading.headers].map((header) => ({
    changes: [],
    when: null,
    via: null,
    headers: { [header]: 'wrong' },
    subjects: ['foreign', 'unowned'],
  }));
  for (const atom of context.reading.callers) {
    if (atom.caller.kind !== 'header') continue;
    const { header } = atom.caller;
    const home = atom.table === context.table.key;
    for (const user of [userA, userB]) {
      const row = await context.trusted.rowIn(atom.table, user);
      if ('failure' in row) continue;
      const value = row.row.values[atom.column];
      if (value == null) continue;
      const open = home ? {} : openValues(context.planner, atom.table);
      const changes = [
        ...row.inserts,
        ...(Object.keys(open).length > 0 ? [updating(atom.table, open, [row.row])] : []),
      ];
      const of = home ? `the row's ${atom.column}` : `${atom.column} of its row in ${atom.table}`;
      right.push({
        changes,
        when: `a request whose header ${header} is ${of}`,
        via: null,
        headers: { [header]: value },
        shared: true,
        subjects: user === userA ? ['own', 'foreign'] : ['foreign', 'unowned'],
        ownTenant: user === userA,
      });
      // The same length and alphabet, and nobody's.
      wrong.push({
        changes,
        when: null,
        via: null,
        headers: { [header]: /^[0-9a-f-]{36}$/.test(value) ? value.replace(/^.{8}/, '0badbad0') : 'wrong' },
        shared: true,
        subjects: ['foreign', 'unowned'],
      });
    }
  }
  return [...wrong, ...right];
}

export function nested(path: readonly string[], value: unknown): Claims {
  const [first, ...rest] = path;
  return { [first!]: rest.length === 0 ? value : nested(rest, value) };
}

const isObject = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function merge(base: Claims, extra: Claims): Claims {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(extra)) {
    const old = merged[key];
    merged[key] = isObject(old) && isObject(value) ? merge(old, value) : value;
  }
  return merged;
}

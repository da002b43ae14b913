/**
 * Worlds in which a request brings what a policy asks for together: a member's row and a token that names the same
 * organisation, or a token that names it and says a rank. Each part alone opens nothing there.
 */
import type { AccessCell } from '../../model/access.ts';
import type { Policy } from '../../model/schema.ts';
import { type Claims, type User, userA, userB } from '../acting/principals.ts';
import { readPolicies } from '../predicate/index.ts';
import type { Reading } from '../predicate/reading.ts';
import { fixed, merge, nested, typedClaim } from './requests.ts';
import type { Spec, WorldContext } from './spec.ts';

/** What a token says, and the words for each part of it. */
interface Token {
  readonly claims: Claims;
  readonly parts: readonly string[];
}

/** Policies ask for few things at once; what many ask for is asked once. */
const mostWorlds = 60;
const mostValues = 5;

export async function combinedWorlds(context: WorldContext, people: readonly Spec[]): Promise<Spec[]> {
  const found = new Map<string, Spec>();
  for (const policy of context.table.policies) {
    if (!isForUsers(policy)) continue;
    const reading = readingOf(context, policy);
    if (!asksForClaims(reading)) continue;
    const tokens = new Map<User, Token>();
    for (const user of [userA, userB]) tokens.set(user, await namingTheRow(context, reading, user));
    for (const said of saying(reading)) {
      const add = (spec: Spec) => found.size < mostWorlds && found.set(`${spec.when} ${spec.known}`, spec);
      const whole = both(tokens.get(userA)!, said);
      if (whole.parts.length > 1)
        add({ changes: [], via: null, onlyUsers: true, ranked: true, ...worded([], whole) });
      for (const spec of people) {
        if (spec.via === null || !reading.tables.has(spec.via)) continue;
        // Beside B, the caller is in B's organisation, and its token says so.
        const beside = spec.theirs === true || spec.subjects?.includes('own') === false;
        const token = both(tokens.get(beside ? userB : userA)!, said);
        if (token.parts.length === 0) continue;
        // Whether such a token opens it without the row as well: what it opens is no news.
        if (beside)
          add({
            changes: [],
            via: null,
            onlyUsers: true,
            ...(spec.subjects && { subjects: spec.subjects }),
            ...worded([], token),
            known: true,
          });
        add({
          ...spec,
          ...worded([spec.when!], token),
          ownTenant: spec.ownTenant === true && said.parts.length === 0,
          ranked: spec.ranked === true || said.parts.length > 0,
        });
      }
    }
  }
  return [...found.values()];
}

const worded = (
  first: readonly string[],
  { claims, parts }: Token,
): Pick<Spec, 'claims' | 'parts' | 'when'> => ({
  claims,
  parts: [...first, ...parts],
  when: [...first, ...parts].join(', and '),
});

const both = (left: Token, right: Token): Token => ({
  claims: merge(left.claims, right.claims),
  parts: [...left.parts, ...right.parts],
});

export const isForUsers = ({ permissive, roles }: Policy): boolean =>
  permissive && roles.some((role) => role === 'public' || role === 'authenticated');

export const readingOf = ({ table, state }: WorldContext, policy: Policy): Reading =>
  readPolicies({ ...table, policies: [policy] }, state);

/** Paths of claims that a policy asks for, but for those that every token has alike. */
const claimPaths = (reading: Reading): Set<string> =>
  new Set(
    [
      ...reading.claims.map(({ path }) => path),
      ...reading.callers.flatMap(({ caller }) => (caller.kind === 'claim' ? [caller.path] : [])),
    ]
      .filter(([first]) => !fixed.has(first!))
      .map((path) => path.join('.')),
  );

export const asksForClaims = (reading: Reading): boolean =>
  claimPaths(reading).size > 1 || (claimPaths(reading).size > 0 && reading.tables.size > 0);

/** A token that names what the user's rows hang on, wherever the policy compares the two. */
async function namingTheRow(context: WorldContext, reading: Reading, user: User): Promise<Token> {
  const { world, trusted } = context;
  let token: Token = { claims: {}, parts: [] };
  const named = new Set<string>();
  for (const { table, column, caller, form } of reading.callers) {
    if (caller.kind !== 'claim' || fixed.has(caller.path[0]!)) continue;
    const path = caller.path.join('.');
    if (named.has(path)) continue;
    const laid = world.row(table, user) ?? (await trusted.rowIn(table, user));
    const value = 'failure' in laid ? null : ('row' in laid ? laid.row : laid).values[column];
    if (value == null) continue;
    named.add(path);
    const held = form === 'array';
    token = both(token, {
      claims: nested(caller.path, held ? [value] : value),
      parts: [`a token whose claim ${path} ${held ? 'holds' : 'is'} the row's ${column}`],
    });
  }
  return token;
}

/** What the claims that are compared with words may say: the first word of each, then the others one by one. */
function saying(reading: Reading): Token[] {
  const words = new Map<string, { path: readonly string[]; values: string[] }>();
  for (const { path, values } of reading.claims) {
    if (fixed.has(path[0]!)) continue;
    const known = words.get(path.join('.')) ?? { path, values: [] };
    known.values.push(...values.filter((value) => !known.values.includes(value)));
    words.set(path.join('.'), known);
  }
  const all = [...words.values()].filter(({ values }) => values.length > 0);
  const tokenOf = (chosen: readonly string[]): Token =>
    all
      .map(({ path }, at): Token => {
        const value = typedClaim(path, chosen[at]!);
        return {
          claims: nested(path, value),
          parts: [`a token whose claim ${path.join('.')} is ${JSON.stringify(value)}`],
        };
      })
      .reduce(both, { claims: {}, parts: [] });
  const first = all.map(({ values }) => values[0]!);
  return [
    tokenOf(first),
    ...all.flatMap(({ values }, at) =>
      values.slice(1, mostValues).map((value) => tokenOf(first.with(at, value))),
    ),
  ];
}

const partsOf = (spec: Spec): readonly string[] => spec.parts ?? (spec.when === null ? [] : [spec.when]);

/** The cells without those that fewer of their conditions, or a weaker one, open as well. */
export function onlyTogether(
  specs: readonly Spec[],
  opened: readonly (readonly AccessCell[])[],
  keyOf: (cell: AccessCell) => string,
): AccessCell[][] {
  const seen = new Map<string, (readonly string[])[]>();
  opened.forEach((cells, at) => {
    for (const cell of cells) seen.set(keyOf(cell), [...(seen.get(keyOf(cell)) ?? []), partsOf(specs[at]!)]);
  });
  const isMore = (parts: readonly string[], than: readonly string[]): boolean =>
    than.every((weaker) => parts.some((part) => part === weaker || part.startsWith(`${weaker} `))) &&
    (than.length < parts.length || than.some((weaker) => !parts.includes(weaker)));
  return opened.map((cells, at) =>
    specs[at]!.known === true
      ? []
      : specs[at]!.parts === undefined
        ? [...cells]
        : cells.filter((cell) => !seen.get(keyOf(cell))!.some((than) => isMore(specs[at]!.parts!, than))),
  );
}

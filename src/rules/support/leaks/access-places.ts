/** Where the access to an object was decided. */
import type { Facts } from '../../../model/facts.ts';
import type { Place } from '../../../model/finding.ts';
import type { Command, Origin, SchemaState, Table } from '../../../model/schema.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { covers } from '../callers/roles.ts';
import { type StoragePolicy, storagePolicies } from '../policies/storage.ts';
import { changedStatement, isOfChange } from '../statements/changed-statement.ts';
import { type Asked, decidedBy, standingPolicy } from './access-decided.ts';

/** Where an object's access was decided: what this pull request wrote about it first, else where it was made. */
export const homeOfTable = (facts: Facts, key: string, command: Command | 'execute'): Place | null =>
  changedPart(facts, key, command) ?? originOf(key, facts);

/** The statement that changed the access, where the change did; what it wrote about the object, else where that was made. */
export const homeOfChange = (facts: Facts, key: string, asked: Asked): Place | null =>
  decidedBy(facts, key, asked) ??
  changedPart(facts, key, asked.command) ??
  where(facts, key) ??
  originOf(key, facts);

/** Where the change speaks of an object that the base has: what it took away has no place of its own. */
function where(facts: Facts, key: string): Place | null {
  const { tables, views, routines } = facts.base;
  if (!tables.has(key) && !views.has(key) && !routines.has(key)) return null;
  const made = originOf(key, facts);
  if (isOfChange(made, facts)) return made;
  const name = key.replace(/\(.*$/s, '').split('.').at(-1)!;
  return changedStatement(facts, [name], /^(View|Grant|Drop|CreateFunction|AlterTable|AlterFunction)Stmt$/);
}

/** As it stood before the change, with what the change did not touch. */
export const homeOfStanding = (facts: Facts, key: string, asked: Asked): Place | null =>
  standingPolicy(facts, key, asked) ?? originOf(key, facts);

export function changedPart(facts: Facts, key: string, command: Command | 'execute'): Place | null {
  const table = facts.head.tables.get(key);
  const origins: Origin[] = [
    ...filePolicies(key, command, facts),
    ...(table?.policies ?? [])
      .filter((policy) => command !== 'execute' && covers(policy, command))
      .map(({ origin }) => origin),
    ...(table?.policies ?? []).map(({ origin }) => origin),
    table?.rlsOrigin ?? null,
    ...(table?.grants ?? []).map(({ origin }) => origin),
    ...(table === undefined ? [] : decidingParts(table, facts.head)),
  ];
  return origins.find((origin) => isOfChange(origin, facts)) ?? null;
}

/** What else of a table decides who reaches its rows: whose they are, what stops a row, and what policies ask. */
function decidingParts(table: Table, { routines }: SchemaState): readonly Origin[] {
  const asked = table.policies
    .map(({ using, check }) => `${using?.text ?? ''} ${check?.text ?? ''}`)
    .join(' ');
  const helpers = [...routines.values()].filter(({ name }) =>
    new RegExp(`\\b${escapeRegExp(name)}"?\\s*\\(`).test(asked),
  );
  return [...table.columns, ...table.triggers, ...table.foreignKeys, ...table.checks, ...helpers].map(
    ({ origin }) => origin,
  );
}

export function originOf(key: string, facts: Facts): Place | null {
  const { head } = facts;
  return (
    head.tables.get(key)?.origin ??
    head.views.get(key)?.origin ??
    head.routines.get(key)?.origin ??
    head.buckets.get(key)?.origin ??
    filePolicies(key, 'select', facts).find((origin) => origin !== null) ??
    null
  );
}

/** Policies on the files of a bucket: first those that let whoever asks do it there, then others that name it, or none. */
function filePolicies(key: string, command: Command | 'execute', { head, access }: Facts): readonly Origin[] {
  const objects = head.tables.get('storage.objects');
  const isBucket = access?.head.objects.some(({ kind, object }) => kind === 'bucket' && object === key);
  if (objects === undefined || isBucket !== true) return [];
  const weight = ({ policy, buckets, open }: StoragePolicy) =>
    (command !== 'execute' && covers(policy, command) ? 0 : 4) +
    ((command === 'execute' ? open.length > 0 : open.includes(command)) ? 0 : 2) +
    (buckets.includes(key) ? 0 : 1);
  return storagePolicies(objects, head)
    .filter(
      ({ buckets, excepted }) => (buckets.length === 0 || buckets.includes(key)) && !excepted.includes(key),
    )
    .toSorted((a, b) => weight(a) - weight(b))
    .map(({ policy }) => policy.origin);
}

/** Where the access to an object was decided. */
import type { Facts } from '../../model/facts.ts';
import type { Place } from '../../model/finding.ts';
import type { Command, Origin, SchemaState, Table } from '../../model/schema.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { covers } from './roles.ts';
import { type StoragePolicy, storagePolicies } from './storage.ts';

/** Where an object's access was decided: what this pull request wrote about it first, else where it was made. */
export const homeOfTable = (facts: Facts, key: string, command: Command | 'execute'): Place | null =>
  changedPart(facts, key, command) ?? originOf(key, facts);

export const isOfChange = (origin: Origin, { changeSets }: Facts): origin is Place =>
  changeSets.some(({ migrations }) => migrations.some(({ source }) => source.path === origin?.file));

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
  const weight = ({ policy, buckets, asksMore }: StoragePolicy) =>
    (command !== 'execute' && covers(policy, command) ? 0 : 4) +
    (asksMore ? 2 : 0) +
    (buckets.includes(key) ? 0 : 1);
  return storagePolicies(objects, head)
    .filter(
      ({ buckets, excepted }) => (buckets.length === 0 || buckets.includes(key)) && !excepted.includes(key),
    )
    .toSorted((a, b) => weight(a) - weight(b))
    .map(({ policy }) => policy.origin);
}

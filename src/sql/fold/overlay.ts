/**
 * The catalog laid over the fold. What the replay could run is as the catalog has it; where a file could not be run, what
 * it says still counts as folded. Only the SQL knows where something was written, and whether ON DELETE and TO were.
 */
import type {
  Column,
  Grant,
  Index,
  Origin,
  Policy,
  Publication,
  Routine,
  SchemaState,
  Table,
  Trigger,
  View,
} from '../../model/schema.ts';

export interface OverlayOptions {
  /** Paths of the migrations that the replay applied whole. */
  readonly applied: ReadonlySet<string>;
}

export function overlay(folded: SchemaState, catalog: SchemaState, options: OverlayOptions): SchemaState {
  /** Not in the catalog, and the file that would have made it was run: it is gone. */
  const stays = (origin: Origin) => origin !== null && !options.applied.has(origin.file);
  const merge = <T extends { readonly origin: Origin }>(
    ours: ReadonlyMap<string, T>,
    theirs: ReadonlyMap<string, T>,
    join: (real: T, read: T) => T = (real, read) => ({ ...real, origin: read.origin }),
    remains: (object: T) => boolean = (object) => stays(object.origin),
  ): ReadonlyMap<string, T> => {
    const merged = new Map<string, T>();
    for (const [key, real] of theirs) {
      const read = ours.get(key);
      merged.set(key, read === undefined ? real : join(real, read));
    }
    for (const [key, read] of ours) if (!theirs.has(key) && remains(read)) merged.set(key, read);
    return merged;
  };
  return {
    source: 'overlay',
    schemas: merge(folded.schemas, catalog.schemas, (real, read) => ({
      ...real,
      grants: withOrigins(real.grants, read.grants),
      origin: read.origin,
    })),
    // A table that no file makes has no origin: all that is known of it is what statements said that could not be run.
    tables: merge(
      folded.tables,
      catalog.tables,
      (real, read) => joinTables(real, read, stays),
      (table) => stays(table.origin) || (table.origin === null && table.unknown.length > 0),
    ),
    views: merge(folded.views, catalog.views, joinViews),
    routines: merge(folded.routines, catalog.routines, joinRoutines),
    types: merge(folded.types, catalog.types),
    sequences: merge(folded.sequences, catalog.sequences, (real, read) => ({
      ...real,
      grants: withOrigins(real.grants, read.grants),
      origin: read.origin,
    })),
    extensions: merge(folded.extensions, catalog.extensions),
    publications: joinPublications(folded.publications, catalog.publications, stays),
    buckets: merge(folded.buckets, catalog.buckets),
    defaultPrivileges: catalog.defaultPrivileges,
    // What the fold did not know of a file that was run, the catalog knows.
    unknown: folded.unknown.filter(({ place }) => !options.applied.has(place.file)),
    era: folded.era,
  };
}

type Stays = (origin: Origin) => boolean;

function joinTables(real: Table, read: Table, stays: Stays): Table {
  return {
    ...real,
    origin: read.origin,
    rlsOrigin: read.rlsOrigin,
    columns: byName(real.columns, read.columns, stays, (column: Column, other) => ({
      ...column,
      origin: other.origin,
    })),
    primaryKey:
      real.primaryKey === null
        ? read.primaryKey !== null && stays(read.primaryKey.origin)
          ? read.primaryKey
          : null
        : { ...real.primaryKey, origin: read.primaryKey?.origin ?? null },
    uniques: byName(real.uniques, read.uniques, stays),
    exclusions: byName(real.exclusions, read.exclusions, stays),
    foreignKeys: byName(real.foreignKeys, read.foreignKeys, stays, (key, other) => ({
      ...key,
      origin: other.origin,
      onDeleteStated: other.onDeleteStated || key.onDeleteStated,
    })),
    checks: byName(real.checks, read.checks, stays),
    indexes: joinIndexes(real.indexes, read.indexes, stays),
    policies: byName(real.policies, read.policies, stays, (policy: Policy, other) => ({
      ...policy,
      origin: other.origin,
      rolesStated: other.rolesStated,
    })),
    triggers: joinTriggers(real.triggers, read.triggers, stays),
    grants: withOrigins(real.grants, read.grants),
  };
}

/** Each real part with the place of the one that was read under its name; then those that could not be run. */
function byName<T extends { readonly name: string; readonly origin: Origin }>(
  real: readonly T[],
  read: readonly T[],
  stays: Stays,
  join: (real: T, read: T) => T = (part, other) => ({ ...part, origin: other.origin }),
): readonly T[] {
  const readByName = new Map(read.map((part) => [part.name, part]));
  const names = new Set(real.map((part) => part.name));
  return [
    ...real.map((part) => {
      const other = readByName.get(part.name);
      return other === undefined ? part : join(part, other);
    }),
    ...read.filter((part) => !names.has(part.name) && stays(part.origin)),
  ];
}

const joinIndexes = (real: readonly Index[], read: readonly Index[], stays: Stays) =>
  byName(real, read, stays);
const joinTriggers = (real: readonly Trigger[], read: readonly Trigger[], stays: Stays) =>
  byName(real, read, stays);
const never: Stays = () => false;

function joinViews(real: View, read: View): View {
  return {
    ...real,
    origin: read.origin,
    indexes: joinIndexes(real.indexes, read.indexes, never),
    triggers: joinTriggers(real.triggers, read.triggers, never),
    grants: withOrigins(real.grants, read.grants),
  };
}

function joinRoutines(real: Routine, read: Routine): Routine {
  return { ...real, origin: read.origin, grants: withOrigins(real.grants, read.grants) };
}

/** A grant that a statement gives by name has a place; one that default privileges give has none. */
function withOrigins(real: readonly Grant[], read: readonly Grant[]): readonly Grant[] {
  const places = new Map<string, Origin>();
  const key = ({ grantee, privilege, columns }: Grant) => `${grantee} ${privilege} ${columns === null}`;
  for (const grant of read) places.set(key(grant), grant.origin);
  return real.map((grant) => {
    const origin = places.get(key(grant)) ?? null;
    return origin === null ? grant : { ...grant, origin };
  });
}

function joinPublications(
  folded: SchemaState['publications'],
  catalog: SchemaState['publications'],
  stays: Stays,
): SchemaState['publications'] {
  const joined = new Map<string, Publication>();
  for (const [name, real] of catalog) {
    const read = folded.get(name);
    const members = new Set(real.tables.map((member) => member.table));
    joined.set(name, {
      ...real,
      tables: [
        ...real.tables.map((member) => read?.tables.find((other) => other.table === member.table) ?? member),
        ...(read?.tables.filter((member) => !members.has(member.table) && stays(member.origin)) ?? []),
      ],
    });
  }
  for (const [name, read] of folded) {
    if (!catalog.has(name) && read.tables.some((member) => stays(member.origin))) joined.set(name, read);
  }
  return joined;
}

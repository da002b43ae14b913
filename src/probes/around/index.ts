/** Views, functions, buckets and channels: ways around the tables' own policies. B has a row everywhere here. */
import type { ObjectAccess } from '../../model/access.ts';
import { signedInAnonymously, userA, userB } from '../acting/principals.ts';
import { platformSchemas } from '../rows/owners.ts';
import { probeChannels } from './channels.ts';
import { probeFunctions } from './functions.ts';
import { probeBuckets } from './storage.ts';
import { type AroundContext, probeViews } from './views.ts';

interface Project {
  readonly anonymousSignIns: boolean;
  /** Those of config.toml, which no migration makes. */
  readonly buckets?: readonly { readonly name: string; readonly public: boolean }[];
}

export async function probeAround(project: Project, context: AroundContext): Promise<ObjectAccess[]> {
  const { session, state, world } = context;
  await session.exec('savepoint around');
  const restore = world.mark();
  const wanted = [...state.tables.values()]
    .filter((table) => !platformSchemas.has(table.schema))
    .map((table) => table.key);
  await world.lay(wanted, userB);
  const buckets = new Map(
    [
      ...state.buckets.values(),
      ...(project.buckets ?? []).map(({ name, public: open }) => ({ id: name, public: open })),
    ].map((bucket) => [bucket.id, bucket]),
  );
  const strangers = project.anonymousSignIns ? [signedInAnonymously(userA)] : [];
  const found = [
    ...(await probeViews(context)),
    ...(await probeFunctions(context)),
    ...(await probeBuckets(context, [...buckets.values()], strangers)),
    ...(await probeChannels(context, strangers)),
  ];
  restore();
  await session.exec('rollback to savepoint around; release savepoint around');
  return found;
}

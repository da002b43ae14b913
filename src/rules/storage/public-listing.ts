import type { StorageCall } from '../../model/client.ts';
import type { Facts } from '../../model/facts.ts';
import type { SchemaState } from '../../model/schema.ts';
import { quoteIdent, quoteLiteral } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { placesOf } from '../support/application/client-calls.ts';
import {
  bucketCallsOfUsers,
  isOwnFolder,
  lookingUp,
  namedFolder,
  overwriting,
} from '../support/application/storage-calls.ts';
import { looksAtCaller } from '../support/callers/caller.ts';
import { apiRolesOf, commandsOf } from '../support/callers/roles.ts';
import { saidOfGap, sharedFolder } from '../support/owners/shared-folder.ts';
import { byUploader, type StoragePolicy, storagePolicies } from '../support/policies/storage.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { isKnown } from '../support/tables/tables.ts';
import { listed, people, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'storage/public-listing',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a public bucket whose files can be listed',
  why: 'Files of a public bucket are served by their URL without any policy. A SELECT policy lets everybody list the bucket besides, and so find every file, names of users and documents included.',
  remedy:
    'Drop the SELECT policy; URLs keep working.\n\n```sql\ndrop policy "public read" on storage.objects;\n```',
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/storage/buckets/fundamentals#public-buckets',
    'https://supabase.com/docs/guides/database/database-advisors?lint=0025_public_bucket_allows_listing',
  ],
  fixable: false,
  bucket(bucket, { state, facts, home, report }) {
    const objects = state.tables.get('storage.objects');
    if (!bucket.public || objects === undefined || !isKnown(objects, state)) return;
    const policies = storagePolicies(objects, state);
    const listings = policies.filter(
      ({ policy, buckets, open }) =>
        commandsOf(policy).includes('select') &&
        apiRolesOf(policy).includes('anon') &&
        open.includes('select') &&
        buckets.includes(bucket.id),
    );
    const [listing] = listings;
    if (listing === undefined) return;
    const names = listings.map(({ policy }) => `"${policy.name}"`);
    const what = listings.length > 1 ? 'them' : 'it';
    const kept = listings.some((each) => private_(each, state).length > 0);
    // The policy is changed for all its buckets at once. Those that no URL serves stay in it whole.
    const ids = new Set(listings.flatMap((each) => each.buckets.filter((id) => !isPrivate(id, state))));
    const asked = new Map([...ids].map((id) => [id, askedOf(id, policies, facts, state)]));
    const told = [...asked].flatMap(([id, { told: of }]) =>
      of(id === bucket.id ? 'them' : `files of "${id}"`),
    );
    // An UPDATE or DELETE reads its row first, and so does what Storage does for an upsert.
    const changes = [...ids].some((id) => changing(id, policies).length > 0);
    const way =
      told.length > 0
        ? `Its files are served by URL without a policy. The code ${listed(told)}, for which their rows are read: ${
            [...asked.values()].some(({ conditions }) => conditions.length > 0)
              ? `narrow ${listings.length > 1 ? 'them' : 'the policy'} to the files that it needs`
              : `${kept ? 'leave the bucket out of it' : `drop ${what}`} once it no longer does`
          } if names should not be found`
        : changes
          ? `Its files are served by URL without a policy, and only who changes or removes one must read its row: narrow ${listings.length > 1 ? 'them' : 'the policy'} to the files of those policies if names should not be found`
          : `Its files are served by URL without a policy: ${kept ? 'leave the bucket out of it' : `drop ${what}`} if their names should not be found`;
    report({
      message: `Bucket "${bucket.id}" is public, and ${listings.length > 1 ? 'policies' : 'policy'} ${listed(names)} also ${listings.length > 1 ? 'let' : 'lets'} ${people(apiRolesOf(listing.policy))} list its files. ${way}.`,
      at: home(listing.policy.origin ?? bucket.origin),
      object: bucket.id,
      evidence: evidenceOf(state),
      help: sqlFence(
        [
          ...new Set([...asked.values()].flatMap(({ first }) => first)),
          ...listings.map((each) => narrowed(each, asked, state)),
        ].join('\n'),
      ),
    });
  },
});

/** Policies by which files of that bucket are changed or removed. */
const changing = (id: string, policies: readonly StoragePolicy[]) =>
  policies.filter(
    ({ policy, buckets }) =>
      buckets.includes(id) &&
      apiRolesOf(policy).length > 0 &&
      commandsOf(policy).some((command) => command === 'update' || command === 'delete'),
  );

/** Buckets whose files are read by this policy alone: they are not public. */
const private_ = ({ buckets }: StoragePolicy, state: SchemaState) =>
  [...new Set(buckets)].filter((id) => isPrivate(id, state));

const isPrivate = (id: string, { buckets }: SchemaState) => buckets.get(id)?.public === false;

interface Asked {
  /** What of the bucket's files goes on being read. */
  readonly conditions: readonly string[];
  /** What the code does that needs it: `lists them (src/a.ts:3)`; empty where none was seen. */
  told(files: string): readonly string[];
  /** Lines of SQL comment on what is to be done before. */
  readonly first: readonly string[];
}

function askedOf(id: string, policies: readonly StoragePolicy[], facts: Facts, state: SchemaState): Asked {
  const calls = bucketCallsOfUsers(id, facts);
  const overwrites = overwriting(calls);
  const lists = lookingUp(calls);
  const shared = sharedFolder([id], facts, state);
  const whose = `bucket_id = ${quoteLiteral(id)} and ${shared?.condition ?? byUploader}`;
  const uploads = policies.filter(({ policy, buckets }) => puts(policy) && buckets.includes(id));
  const ownLists = lists.filter((call) => isOwnFolder(namedFolder(call)));
  const conditions = new Set([
    ...changing(id, policies).flatMap(({ policy: { using } }) =>
      // Who removes any file of the bucket sees all of them: that is no condition to take over.
      using === null ? [] : looksAtCaller(using.node, state) ? using.text : whose,
    ),
    // What is uploaded anew with "upsert" is read as well.
    ...(overwrites.length === 0
      ? []
      : uploads
          .filter(({ policy }) => apiRolesOf(policy).includes('authenticated'))
          .flatMap(({ policy: { check, using } }) => {
            const clause = check ?? using;
            return clause === null ? [] : looksAtCaller(clause.node, state) ? clause.text : whose;
          })),
  ]);
  if (conditions.size === 0 && ownLists.length > 0) conditions.add(whose);
  // `(storage.foldername(name))[1]`: the condition asks for the folder that is listed.
  const isAskedFor = (call: StorageCall) =>
    [...conditions].some((condition) => condition.includes(`)[${namedFolder(call)?.at}]`));
  const others = lists.filter((call) => !ownLists.includes(call) && !isAskedFor(call));
  const byVisitors = overwrites.filter((call) => !isOwnFolder(namedFolder(call)));
  const open = uploads.some(
    ({ policy, open }) => open.includes('insert') && apiRolesOf(policy).includes('anon'),
  );
  return {
    conditions: [...conditions],
    told: (files) => [
      ...doing(`lists ${files}`, /^list$/, lists),
      ...doing(`copies ${files}`, /^copy$/, lists),
      ...doing(`signs URLs of ${files}`, /^createSigned/, lists),
      ...doing(`overwrites ${files}`, /./, overwrites),
    ],
    first: [
      saidOfGap([...conditions].join(), shared).trimEnd(),
      others.length > 0
        ? `-- the code looks files up (${placesOf(others)}) and finds ${conditions.size > 0 ? 'these alone' : 'none'} from then on: let the server list others, or keep their paths in a table`
        : '',
      open && byVisitors.length > 0
        ? `-- where nobody has to sign in to upload, do it without "upsert" first (${placesOf(byVisitors)}): a visitor owns no file that could be read`
        : '',
    ].filter((line) => line !== ''),
  };
}

function doing(what: string, method: RegExp, calls: readonly StorageCall[]): string[] {
  const those = calls.filter((call) => method.test(call.method));
  return those.length === 0 ? [] : [`${what} (${placesOf(those)})`];
}

const puts = (policy: StoragePolicy['policy']) =>
  apiRolesOf(policy).length > 0 && commandsOf(policy).includes('insert');

/** The policy, left with what its buckets need: rows that are changed, and buckets that no URL serves. */
function narrowed(listing: StoragePolicy, asked: ReadonlyMap<string, Asked>, state: SchemaState): string {
  const name = quoteIdent(listing.policy.name);
  const others = private_(listing, state);
  const conditions = new Set([
    ...listing.buckets.flatMap((id) => asked.get(id)?.conditions ?? []),
    ...(others.length === 0 ? [] : [`bucket_id in (${others.map((id) => `'${id}'`).join(', ')})`]),
  ]);
  if (conditions.size === 0) return `drop policy ${name} on storage.objects;`;
  const either = [...conditions].map((condition) => (conditions.size > 1 ? `(${condition})` : condition));
  return `alter policy ${name} on storage.objects${others.length > 0 ? '' : ' to authenticated'}\n  using (${either.join(' or ')});`;
}

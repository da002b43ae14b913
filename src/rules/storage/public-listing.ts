import type { SchemaState } from '../../model/schema.ts';
import { quoteIdent, quoteLiteral } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { looksAtCaller } from '../support/callers/caller.ts';
import { apiRolesOf, commandsOf } from '../support/callers/roles.ts';
import { type StoragePolicy, storagePolicies } from '../support/policies/storage.ts';
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
  bucket(bucket, { state, home, report }) {
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
    // An UPDATE or DELETE reads its row first, and so does what Storage does for an upsert.
    const changes = changing(bucket.id, policies).length > 0;
    const kept = listings.some((each) => private_(each, state).length > 0);
    const way = changes
      ? `Its files are served by URL without a policy, and only who changes or removes one must read its row: narrow ${listings.length > 1 ? 'them' : 'the policy'} to the files of those policies if names should not be found`
      : `Its files are served by URL without a policy: ${kept ? 'leave the bucket out of it' : `drop ${listings.length > 1 ? 'them' : 'it'}`} if their names should not be found`;
    report({
      message: `Bucket "${bucket.id}" is public, and ${listings.length > 1 ? 'policies' : 'policy'} ${listed(names)} also ${listings.length > 1 ? 'let' : 'lets'} ${people(apiRolesOf(listing.policy))} list its files. ${way}.`,
      at: home(listing.policy.origin ?? bucket.origin),
      object: bucket.id,
      evidence: evidenceOf(state),
      help: sqlFence(listings.map((each) => narrowed(each, policies, state)).join('\n')),
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
  [...new Set(buckets)].filter((id) => state.buckets.get(id)?.public === false);

/** The policy, left with what its buckets need: rows that are changed, and buckets that no URL serves. */
function narrowed(listing: StoragePolicy, policies: readonly StoragePolicy[], state: SchemaState): string {
  const name = quoteIdent(listing.policy.name);
  const others = private_(listing, state);
  const conditions = new Set([
    ...listing.buckets.flatMap((id) =>
      changing(id, policies).flatMap(({ policy: { using } }) =>
        using === null
          ? []
          : looksAtCaller(using.node, state)
            ? using.text
            : // Who removes any file of the bucket sees all of them: that is no condition to take over.
              `bucket_id = ${quoteLiteral(id)} and owner_id = (select auth.uid())::text`,
      ),
    ),
    ...(others.length === 0 ? [] : [`bucket_id in (${others.map((id) => `'${id}'`).join(', ')})`]),
  ]);
  if (conditions.size === 0) return `drop policy ${name} on storage.objects;`;
  const either = [...conditions].map((condition) => (conditions.size > 1 ? `(${condition})` : condition));
  return `alter policy ${name} on storage.objects${others.length > 0 ? '' : ' to authenticated'}\n  using (${either.join(' or ')});`;
}

import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { apiRolesOf, commandsOf } from '../support/roles.ts';
import { evidenceOf } from '../support/sites.ts';
import { storagePolicies } from '../support/storage.ts';
import { isKnown } from '../support/tables.ts';
import { people, sqlFence } from '../support/words.ts';

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
    const listing = storagePolicies(objects, state).find(
      ({ policy, buckets, asksMore }) =>
        commandsOf(policy).includes('select') &&
        apiRolesOf(policy).includes('anon') &&
        !asksMore &&
        buckets.includes(bucket.id),
    );
    if (listing === undefined) return;
    const { policy } = listing;
    // Files of a bucket that is not public are read by this policy alone.
    const others = [...new Set(listing.buckets)].filter((id) => state.buckets.get(id)?.public === false);
    const kept = others.length === 0 ? [] : [`bucket_id in (${others.map((id) => `'${id}'`).join(', ')})`];
    // An UPDATE or DELETE reads its row first, and so does what Storage does for an upsert.
    const changing = storagePolicies(objects, state).filter(
      (other) =>
        other.buckets.includes(bucket.id) &&
        apiRolesOf(other.policy).length > 0 &&
        commandsOf(other.policy).some((command) => command === 'update' || command === 'delete'),
    );
    const changes = changing.length > 0;
    const conditions = new Set([...changing.flatMap(({ policy: { using } }) => using?.text ?? []), ...kept]);
    const way = changes
      ? 'Its files are served by URL without a policy, and only who changes or removes one must read its row: narrow the policy to the files of those policies if names should not be found'
      : `Its files are served by URL without a policy: ${kept.length > 0 ? 'leave the bucket out of it' : 'drop it'} if their names should not be found`;
    report({
      message: `Bucket "${bucket.id}" is public, and policy "${policy.name}" also lets ${people(apiRolesOf(policy))} list its files. ${way}.`,
      at: home(policy.origin ?? bucket.origin),
      object: bucket.id,
      evidence: evidenceOf(state),
      help: sqlFence(
        conditions.size > 0
          ? `alter policy ${quoteIdent(policy.name)} on storage.objects${kept.length > 0 ? '' : ' to authenticated'}\n  using (${[...conditions].map((condition) => (conditions.size > 1 ? `(${condition})` : condition)).join(' or ')});`
          : `drop policy ${quoteIdent(policy.name)} on storage.objects;`,
      ),
    });
  },
});

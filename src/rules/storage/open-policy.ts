import { rule } from '../rule.ts';
import { apiRolesOf, commandsOf } from '../support/roles.ts';
import { evidenceOf } from '../support/sites.ts';
import { storagePolicies } from '../support/storage.ts';
import { isKnown, policyKey } from '../support/tables.ts';
import { named, people, sqlFence, upper } from '../support/words.ts';

export default rule({
  id: 'storage/open-policy',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a storage policy that names no bucket, or opens one to everybody',
  why: 'All files of all buckets are rows of storage.objects. A policy without bucket_id holds for every bucket, those to come included; one that asks for the bucket alone lets its callers replace and delete the files of others.',
  remedy:
    "Name the bucket, and ask for the owner or the folder.\n\n```sql\ncreate policy \"own avatar\" on storage.objects for all to authenticated\n  using (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text)\n  with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);\n```",
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/storage/security/access-control'],
  fixable: false,
  table(table, { state, home, report }) {
    if (table.key !== 'storage.objects' || !isKnown(table, state)) return;
    for (const { policy, asksBucket, asksMore, buckets } of storagePolicies(table, state)) {
      const roles = apiRolesOf(policy);
      if (roles.length === 0) continue;
      const commands = commandsOf(policy);
      const changes = commands.filter((command) => command === 'update' || command === 'delete');
      // Signed-in users who may upload to a bucket: an upload makes a file of one's own.
      const writes = roles.includes('anon') ? commands.filter((command) => command !== 'select') : changes;
      const private_ = buckets.some((id) => state.buckets.get(id)?.public === false);
      const reads = commands.includes('select') && private_ && roles.includes('anon');
      const open = !asksMore && (writes.length > 0 || reads || !asksBucket);
      if (asksBucket && !open) continue;
      // Own files in whatever bucket: the owner is asked for.
      if (!asksBucket && asksMore) continue;
      report({
        message: asksBucket
          ? `Policy "${policy.name}" on "storage.objects" lets ${people(roles)} ${upper(writes.length > 0 ? writes : ['select'])} every file of bucket ${named([...new Set(buckets)])}. It asks for the bucket and for nothing else. Ask for the owner or the folder.`
          : `Policy "${policy.name}" on "storage.objects" names no bucket and lets ${people(roles)} ${upper(commands)} every file. It holds for all buckets, those to come included. Name the bucket, and ask for the owner.`,
        at: home(policy.origin),
        object: table.key,
        key: `${policyKey(policy)} ${buckets.join(',')}`,
        evidence: evidenceOf(state),
        help: sqlFence(
          `alter policy "${policy.name}" on storage.objects\n  ${commands.includes('insert') && commands.length === 1 ? 'with check' : 'using'} (bucket_id = '${buckets[0] ?? 'avatars'}' and (storage.foldername(name))[1] = (select auth.uid())::text);`,
        ),
      });
    }
  },
});

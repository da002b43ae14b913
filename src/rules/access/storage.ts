import { quoteLiteral } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { seen, tellLeaks } from '../support/access.ts';
import { sqlFence } from '../support/words.ts';

export default rule({
  id: 'access/storage',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: files of another user can be read, replaced or deleted',
  why: 'Policies on storage.objects that ask for the bucket alone hold for every file in it. The probes reached a file that another user had put there.',
  remedy:
    'Ask for the owner, or for the folder.\n\n```sql\ncreate policy "own folder" on storage.objects for all to authenticated\n  using (bucket_id = \'avatars\' and (storage.foldername(name))[1] = (select auth.uid())::text);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/storage/security/access-control'],
  fixable: false,
  facts(context) {
    tellLeaks('access/storage', context, (group) => ({
      help: sqlFence(ownFolder(group.object.object)),
      message: `Files of others in bucket "${group.object.object}" can be reached (${seen(group.leaks)}). The policies ask for the bucket and not for the owner. Ask for the owner or the folder in the policies on "storage.objects".`,
    }));
  },
});

const ownFolder = (bucket: string) =>
  `create policy "own folder" on storage.objects for all to authenticated
  using (bucket_id = ${quoteLiteral(bucket)} and (storage.foldername(name))[1] = (select auth.uid())::text);`;

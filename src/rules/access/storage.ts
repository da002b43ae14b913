import type { Facts } from '../../model/facts.ts';
import type { SchemaState } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { placesOf } from '../support/application/client-calls.ts';
import { type ApiRole, appliesTo, covers } from '../support/callers/roles.ts';
import { roleOf } from '../support/leaks/access.ts';
import type { LeakGroup } from '../support/leaks/leak.ts';
import { seen, tellLeaks } from '../support/leaks/leaks-told.ts';
import { doneTo, filedTogether, storageMend } from '../support/leaks/storage-mend.ts';
import { letsThrough } from '../support/policies/lets-through.ts';
import { privateReads, saysPublic, storagePolicies } from '../support/policies/storage.ts';
import { newPolicyName } from '../support/ways-out/policy-names.ts';
import { isSaidPublic } from '../support/words/comment-above.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'access/storage',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary:
    'seen: files of another user can be read, replaced or deleted, or private channels of others joined',
  why: 'Policies on storage.objects that ask for the bucket alone hold for every file in it. The probes reached a file that another user had put there.',
  remedy:
    'Ask for the owner, or for the folder.\n\n```sql\ncreate policy "own folder" on storage.objects for all to authenticated\n  using (bucket_id = \'avatars\' and (storage.foldername(name))[1] = (select auth.uid())::text);\n```',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/storage/security/access-control'],
  fixable: false,
  facts(context) {
    tellLeaks('access/storage', context, (group) =>
      group.object.kind === 'channel'
        ? {
            ...(isForListeners(group, context.facts.head) && { severity: 'warning' as const }),
            message: `Private channels of others can be joined (${seen(group.leaks)}). The policies on "realtime.messages" do not ask whose topic it is. Compare "realtime.topic()" with the caller, or with a membership.`,
            help: sqlFence(topicMend(group, context.facts.head)),
          }
        : {
            ...(isOfReading(group, context.facts) && { severity: 'warning' as const }),
            message: `Files of others in bucket "${group.object.object}" can be ${doneTo(group)} (${seen(group.leaks)}). The policies ask for the bucket and not for the owner. ${advice(group, context.facts)}`,
            help: sqlFence(storageMend(group, context.facts)),
          },
    );
  },
});

function advice(group: LeakGroup, facts: Facts): string {
  const shared = filedTogether(group, facts);
  return shared === null
    ? `Ask for the owner${hasFolders(facts.head) ? ' or the folder' : ''} in the policies on "storage.objects".`
    : `The code files by "${shared.name}" (${placesOf(shared.calls)}): ask for that folder in the policies on "storage.objects".`;
}

/** Reading alone, by signed-in users or where the policies' names or comments say that all may, of a private bucket. */
const isOfReading = ({ object, leaks }: LeakGroup, facts: Facts) => {
  const state = facts.head;
  const objects = state.tables.get('storage.objects');
  if (objects === undefined || !leaks.every(({ command }) => command === 'select')) return false;
  const policies = storagePolicies(objects, state);
  return leaks.every(({ principal }) => {
    const role = principal === 'anon' ? 'anon' : 'authenticated';
    const letting = policies.filter((each) =>
      privateReads(each, role, objects, policies, state).includes(object.object),
    );
    return (
      letting.length > 0 &&
      (role !== 'anon' ||
        letting.every((each) => saysPublic(each) || isSaidPublic(each.policy.origin, facts)))
    );
  });
};

/** Policies are added to each other: those that let every topic through go, and the caller's own topic stays. */
function topicMend({ leaks }: LeakGroup, state: SchemaState): string {
  const messages = state.tables.get('realtime.messages');
  const policies = messages?.policies.filter(({ permissive }) => permissive) ?? [];
  const topic = '(select realtime.topic())';
  const applying = policies.filter((policy) =>
    leaks.some(
      ({ command, principal }) =>
        command !== 'execute' && covers(policy, command) && appliesTo(policy, roleOf(principal)),
    ),
  );
  const open = applying.filter((policy) =>
    leaks.some(
      ({ command, principal }) =>
        command !== 'execute' && letsThrough(policy, command, roleOf(principal) as ApiRole, messages!, state),
    ),
  );
  // One for all commands gave listening and sending: both go on, each on the own topic.
  const asked = (['select', 'insert'] as const).filter(
    (command) =>
      leaks.some((leak) => leak.command === command) ||
      open.some((policy) => policy.command === 'all' && covers(policy, command)),
  );
  const prefix = applying
    .map(
      ({ using, check }) => /\blike\s+'([\w:.-]+)%'/i.exec(`${using?.text ?? ''} ${check?.text ?? ''}`)?.[1],
    )
    .find((each) => each !== undefined);
  const own = `${topic} = '${prefix ?? 'user:'}' || (select auth.uid())::text`;
  return [
    ...(open.length === 0 && applying.length > 0
      ? [`-- narrow the one of ${named(applying.map(({ name }) => name))} that lets it through`]
      : []),
    ...open.map(({ name }) => `drop policy ${quoteIdent(name)} on realtime.messages;`),
    ...asked.map(
      (command) =>
        `create policy ${newPolicyName(
          command === 'select' ? 'own topic' : 'send to own topic',
          policies.filter((policy) => !open.includes(policy)),
        )} on realtime.messages for ${command} to authenticated\n  ${command === 'select' ? 'using' : 'with check'} (${own});`,
    ),
  ].join('\n');
}

/** Some policy knows folders that are called after users. */
const hasFolders = ({ tables }: SchemaState) =>
  tables
    .get('storage.objects')
    ?.policies.some(({ using, check }) =>
      /foldername[\s\S]*\bauth\s*\.\s*uid\b|\bauth\s*\.\s*uid\b[\s\S]*foldername/.test(
        `${using?.text ?? ''} ${check?.text ?? ''}`,
      ),
    ) === true;

/** Listening alone, on topics that the policy names, by a role that its TO names: a broadcast to whoever comes. */
const isForListeners = ({ leaks }: LeakGroup, { tables }: SchemaState) => {
  const listening = (tables.get('realtime.messages')?.policies ?? []).filter(
    (policy) => policy.permissive && covers(policy, 'select'),
  );
  return (
    leaks.every(({ command }) => command === 'select') &&
    listening.some(({ roles }) => roles.includes('anon')) &&
    listening.every(({ using }) => /\btopic\b/i.test(using?.text ?? ''))
  );
};

import type { StorageCall } from '../../model/client.ts';
import type { Facts } from '../../model/facts.ts';
import type { Command, Policy, SchemaState, Table } from '../../model/schema.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { placesOf } from '../support/application/client-calls.ts';
import {
  bucketCallsOfUsers,
  isOwnFolder,
  namedFolder,
  putsInto,
} from '../support/application/storage-calls.ts';
import { type ApiRole, apiRolesOf, commandsOf, isForVisitorsAlone } from '../support/callers/roles.ts';
import { questionFor } from '../support/owners/role-question.ts';
import { type SharedFolder, saidOfGap, sharedFolder } from '../support/owners/shared-folder.ts';
import { alsoOpen } from '../support/policies/also-open.ts';
import { claimFor } from '../support/policies/misnamed.ts';
import {
  askedOfUploads,
  askingWhose,
  byUploader,
  leftToSignedUrls,
  privateReads,
  type StoragePolicy,
  saysPublic,
  storagePolicies,
} from '../support/policies/storage.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { isKnown, policyKey } from '../support/tables/tables.ts';
import { named, people, sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'storage/open-policy',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a storage policy that names neither bucket nor owner, or opens a bucket to everybody',
  why: 'All files of all buckets are rows of storage.objects. A policy without bucket_id holds for every bucket, those to come included: harmless only where it asks for the owner, so that each reaches own files in all of them. One that asks for the bucket alone lets its callers replace and delete the files of others, and read those of a private bucket: an error where visitors can, unless the policy’s name says that all may, or the bucket’s that it holds pictures to be shown; for signed-in users a warning where a policy for uploading or reading asks whose file it is.',
  remedy:
    "Name the bucket, and ask for the owner or the folder.\n\n```sql\ncreate policy \"own avatar\" on storage.objects for all to authenticated\n  using (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text)\n  with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);\n```",
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/storage/security/access-control'],
  fixable: false,
  table(table, { state, facts, home, report }) {
    if (table.key !== 'storage.objects' || !isKnown(table, state)) return;
    const policies = storagePolicies(table, state);
    for (const about of policies) {
      const opened = openedBy(about, table, policies, state);
      if (opened === null) continue;
      const { policy, buckets } = about;
      const isServers = serversName.test(policy.name);
      const byName = isServers
        ? ' By its name it is for the server, which needs no policy: drop it then.'
        : '';
      report({
        message: `Policy "${policy.name}" on "storage.objects" ${whatIsOpen(about, opened, policies, facts, state)}${byName}${alsoOpen(policy, opened.commands, table.policies, opensAlike(buckets, policies))}`,
        at: home(policy.origin),
        object: table.key,
        key: `${policyKey(policy)} ${buckets.join(',')}`,
        severity: opened.readers.includes('anon') && !isServers && !saysPublic(about) ? 'error' : undefined,
        evidence: evidenceOf(state),
        help: sqlFence(isServers ? dropped(policy) : closed(about, opened, policies, facts, state)),
      });
    }
  },
});

interface Opened {
  readonly asksBucket: boolean;
  readonly commands: readonly Command[];
  readonly roles: readonly ApiRole[];
  /** Those that read files of others in a private bucket. */
  readonly readers: readonly ApiRole[];
}

/** Null where it lets each role only at what is for that role. */
function openedBy(
  about: StoragePolicy,
  table: Table,
  policies: readonly StoragePolicy[],
  state: SchemaState,
): Opened | null {
  const { policy, open } = about;
  const roles = apiRolesOf(policy);
  if (roles.length === 0) return null;
  const asksBucket = open.length === 0 ? about.asksBucket : about.inAnyBucket.length === 0;
  // Signed-in users who may upload to a bucket: an upload makes a file of one's own.
  const harmless: readonly Command[] = roles.includes('anon') ? ['select'] : ['select', 'insert'];
  const writes = open.filter((command) => !harmless.includes(command));
  const readers = roles.filter((role) => privateReads(about, role, table, policies, state).length > 0);
  if (asksBucket && readers.length === 0 && writes.length === 0) return null;
  // Own files in whatever bucket: the owner is asked for.
  if (!asksBucket && open.length === 0) return null;
  const reads = readers.length > 0 || writes.length === 0;
  return { asksBucket, commands: reads ? ['select', ...writes] : writes, roles, readers };
}

function whatIsOpen(
  about: StoragePolicy,
  { asksBucket, commands, roles, readers }: Opened,
  policies: readonly StoragePolicy[],
  facts: Facts,
  state: SchemaState,
): string {
  if (!asksBucket) return inAll(about, roles);
  const onlyReads = commands.every((command) => command === 'select');
  const letIn = onlyReads && readers.length > 0 ? readers : roles;
  return inBuckets(about, commands, letIn, policies, facts, state);
}

function closed(
  about: StoragePolicy,
  { asksBucket, commands }: Opened,
  policies: readonly StoragePolicy[],
  facts: Facts,
  state: SchemaState,
): string {
  const { policy, buckets, excepted } = about;
  if (excepted.length > 0 && buckets.length === 0) return dropped(policy);
  if (asksBucket && commands.every((command) => command === 'insert')) return signedIn(policy);
  if (asksBucket && isForVisitorsAlone(policy) && policy.command === 'select')
    return leftToSignedUrls(policy);
  return limited(about, policies, facts, state);
}

const dropped = ({ name }: Policy) => `drop policy ${quoteIdent(name)} on storage.objects;`;

/** Others that ask for the bucket alone, or for none, and so open the same files. */
const opensAlike =
  (buckets: readonly string[], policies: readonly StoragePolicy[]) => (other: Policy, command: Command) =>
    buckets.length > 0 &&
    policies.some(
      (about) =>
        about.policy === other &&
        about.open.includes(command) &&
        (about.buckets.length === 0 || about.buckets.some((id) => buckets.includes(id))),
    );

/** `service_role` bypasses row level security. */
const serversName = /\bservice[\s_-]?(role|key|account)\b|\bedge[\s_-]functions?\b/i;

const inAll = ({ open, policy, asking }: StoragePolicy, roles: readonly string[]) =>
  open.every((command) => command === 'insert')
    ? `names no bucket and lets ${people(roles)} upload any number of files to all buckets, those to come included, at any path.${leftToOwners(policy, asking)} Name the bucket, and ask for the folder.`
    : `names no bucket and lets ${people(roles)} ${upper(open)} every file. It holds for all buckets, those to come included. Name the bucket, and ask for the owner.`;

/** The one clause is wide, and what is there already is decided by the other. */
const leftToOwners = ({ command }: Policy, asking: StoragePolicy['asking']) =>
  command === 'all' && asking.some((clause) => clause === 'USING')
    ? ' Files of others stay out of reach: USING asks whose they are, and WITH CHECK alone is wide.'
    : '';

function inBuckets(
  about: StoragePolicy,
  commands: readonly string[],
  roles: readonly string[],
  policies: readonly StoragePolicy[],
  facts: Facts,
  state: SchemaState,
): string {
  const { policy, buckets, excepted, open, asking } = about;
  const who = `lets ${people(roles)}`;
  if (buckets.length === 0 && excepted.length > 0)
    return `${who} ${upper(commands)} every file of all buckets but ${named([...new Set(excepted)])}, those to come included. Policies are added to each other, so one forbids nothing: what no policy allows is refused without it. Drop it, or make it "as restrictive".`;
  const where = `bucket ${named([...new Set(buckets)])}`;
  return commands.every((command) => command === 'insert')
    ? `${who} upload any number of files to ${where}, at any path. ${leftToOwners(policy, asking) === '' ? 'It asks for the bucket and for nothing else.' : leftToOwners(policy, asking).trim()} Let those who signed in upload; where visitors are meant to, limit the bucket's size and types of files.`
    : `${who} ${upper(commands)} every file of ${where}. It asks for the bucket and for ${open.length === 0 ? 'nothing else of the file' : 'nothing else'}.${commands.includes('select') ? whyPrivate(buckets, policies, state) : ''} ${isForVisitorsAlone(policy) && policy.command === 'select' ? 'Visitors own no files, so there is no owner to ask for: let the server hand out signed URLs.' : advice(about, policies, facts, state)}`;
}

function whyPrivate(
  buckets: readonly string[],
  policies: readonly StoragePolicy[],
  state: SchemaState,
): string {
  const those = [...new Set(buckets)].filter((id) => state.buckets.get(id)?.public === false);
  if (those.length === 0) return '';
  const told = those.map((id) => askingWhose(id, policies)).find((each) => each !== undefined);
  return ` ${buckets.length > 1 ? `${named(those)} ${those.length > 1 ? 'are' : 'is'}` : 'It is'} private${told === undefined ? '' : `, and policy "${told.policy.name}" asks whose file it is`}.`;
}

const signedIn = ({ name }: Policy) =>
  `alter policy ${quoteIdent(name)} on storage.objects to authenticated;\n-- or, where visitors upload: limit the bucket's file_size_limit and allowed_mime_types, or hand out signed upload URLs`;

function advice(
  about: StoragePolicy,
  policies: readonly StoragePolicy[],
  facts: Facts,
  state: SchemaState,
): string {
  const shared = sharedOf(about, policies, facts, state);
  return shared === null
    ? 'Ask for the owner or the folder.'
    : `The code files by "${shared.name}" (${placesOf(shared.calls)}), and not by who uploads: ask for that folder.`;
}

/** Null where the project's own words are there, or administrators are asked for. */
const sharedOf = (
  about: StoragePolicy,
  policies: readonly StoragePolicy[],
  facts: Facts,
  state: SchemaState,
): SharedFolder | null =>
  isForAdministrators(about.policy) || askedOfUploads(about.buckets, policies) !== null
    ? null
    : sharedFolder(about.buckets, facts, state);

const isForAdministrators = ({ name }: Policy) => /\badmins?\b/i.test(name.replaceAll('_', ' '));

/**
 * Another policy lets visitors upload there: what they upload has no owner, and is for those who run the project. Not so
 * where the code files by who signed in.
 */
const visitorsPut = (
  { policy, buckets }: StoragePolicy,
  policies: readonly StoragePolicy[],
  facts: Facts,
): boolean =>
  !areOwn(buckets.flatMap((id) => putsInto(id, facts))) &&
  policies.some(
    (other) =>
      other.policy !== policy &&
      commandsOf(other.policy).includes('insert') &&
      apiRolesOf(other.policy).includes('anon') &&
      other.open.includes('insert') &&
      other.buckets.some((id) => buckets.includes(id)),
  );

const areOwn = (puts: readonly StorageCall[]) =>
  puts.length > 0 && puts.every((call) => isOwnFolder(namedFolder(call)));

/** Storage writes into `owner_id` who uploaded a file, whatever its path: no convention of folders is needed. */
function limited(
  about: StoragePolicy,
  policies: readonly StoragePolicy[],
  facts: Facts,
  state: SchemaState,
): string {
  const { policy, buckets, open, asking } = about;
  const ids = [...new Set(buckets)].map((id) => `'${id}'`);
  const bucket = ids.length > 1 ? `bucket_id in (${ids.join(', ')})` : `bucket_id = ${ids[0] ?? "'avatars'"}`;
  const shared = sharedOf(about, policies, facts, state);
  const admins = isForAdministrators(policy) || (shared === null && visitorsPut(about, policies, facts));
  const asked = admins
    ? (questionFor('administrators', state) ?? claimFor('admin'))
    : (shared?.condition ?? byUploader);
  const condition = admins
    ? `(${bucket} and ${asked})`
    : (askedOfUploads(buckets, policies) ?? `(${bucket} and ${asked})`);
  const clauses =
    policy.command === 'insert'
      ? ['with check']
      : policy.check === null
        ? ['using']
        : // What asks more than the bucket stays as it is.
          ['using', 'with check'].filter(
            (clause) =>
              (open.length === 0 && clause === 'using') ||
              !asking.some((each) => each.toLowerCase() === clause),
          );
  const sql = `alter policy ${quoteIdent(policy.name)} on storage.objects\n  ${clauses.map((clause) => `${clause} ${condition}`).join('\n  ')};`;
  return `${saidOfGap(sql, shared)}${admins && !isForAdministrators(policy) ? saidOfReplacing(about, facts) : ''}${sql}`;
}

/** Before what lets administrators alone through: the code replaces files as whoever asks. */
function saidOfReplacing({ buckets, open }: StoragePolicy, facts: Facts): string {
  const calls = buckets
    .flatMap((id) => bucketCallsOfUsers(id, facts))
    .filter(
      ({ method, overwrites }) =>
        (open.includes('update') && (overwrites || method === 'move')) ||
        (open.includes('delete') && method === 'remove'),
    );
  return calls.length > 0
    ? `-- the code replaces or removes files there (${placesOf(calls)}): who is no administrator no longer can, so let the server do it where others shall\n`
    : '';
}

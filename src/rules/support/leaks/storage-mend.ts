/** SQL that closes what the probes reached in a bucket: the policies that let it through ask for the owner too. */
import type { Facts } from '../../../model/facts.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent, quoteLiteral } from '../../../sql/names.ts';
import { placesOf } from '../application/client-calls.ts';
import { bucketCallsOfUsers, isOwnFolder, namedFolder } from '../application/storage-calls.ts';
import { looksAtCaller } from '../callers/caller.ts';
import {
  type ApiRole,
  apiRolesOf,
  appliesTo,
  commands,
  covers,
  isForVisitorsAlone,
  predicateOf,
} from '../callers/roles.ts';
import { withoutDoubt } from '../conditions/overloads.ts';
import { type SharedFolder, saidOfGap, sharedFolder } from '../owners/shared-folder.ts';
import { letsThrough } from '../policies/lets-through.ts';
import {
  askedOfUploads,
  byUploader,
  leftToSignedUrls,
  type StoragePolicy,
  storagePolicies,
} from '../policies/storage.ts';
import { listed } from '../words/words.ts';
import { roleOf } from './access.ts';
import type { Leak, LeakGroup } from './leak.ts';

const verbs: Readonly<Record<Command, string>> = {
  select: 'listed and read',
  insert: 'put into their folders',
  update: 'replaced',
  delete: 'deleted',
};

/** `can be replaced and deleted` */
export const doneTo = ({ leaks }: LeakGroup) =>
  listed(
    commands
      .filter((command) => leaks.some((leak) => leak.command === command))
      .map((command) => verbs[command]),
  );

/** What files of the bucket are told from each other by in the code; null where the project's own policies say it already. */
export function filedTogether(group: LeakGroup, facts: Facts): SharedFolder | null {
  const objects = facts.head.tables.get('storage.objects');
  const asked =
    objects === undefined
      ? null
      : ownAsked(group.object.object, storagePolicies(objects, facts.head), facts.head);
  return asked === null ? sharedFolder([group.object.object], facts, facts.head) : null;
}

export function storageMend(group: LeakGroup, facts: Facts): string {
  const state = facts.head;
  const bucket = group.object.object;
  const objects = state.tables.get('storage.objects');
  const all = objects === undefined ? [] : storagePolicies(objects, state);
  const concerned = all.filter(
    ({ buckets, asksBucket, excepted }) =>
      buckets.includes(bucket) || (buckets.length === 0 && (!asksBucket || !excepted.includes(bucket))),
  );
  const reaching = (test: (policy: Policy, leak: Leak) => boolean) =>
    concerned.filter(({ policy }) => group.leaks.some((leak) => test(policy, leak)));
  const open = reaching(
    (policy, { command, principal }) =>
      command !== 'execute' && letsThrough(policy, command, roleOf(principal) as ApiRole, objects!, state),
  );
  const applying = reaching(
    (policy, { command, principal }) =>
      command !== 'execute' && covers(policy, command) && appliesTo(policy, roleOf(principal)),
  );
  const shared = filedTogether(group, facts);
  const asked = ownAsked(bucket, all, state) ?? shared?.condition ?? byUploader;
  const altered = (open.length > 0 ? open : applying).map((each) =>
    narrowed(each, group, objects!, asked, shared, state),
  );
  if (altered.length === 0) return `-- a policy that asks for the owner: ${asked}`;
  const sql = [
    ...(open.length === 0 && altered.length > 1 ? ['-- in whichever of these lets it through'] : []),
    ...altered,
  ].join('\n');
  const comments = `${saidOfGap(sql, shared)}${asked === byUploader ? saidOfVisitors(bucket, all, facts) : ''}`;
  return `${comments}${withoutDoubt(sql, state) ?? sql}`;
}

/** What uploads to the bucket are asked, where that is somebody's: the caller's own, or a team's that a function knows. */
function ownAsked(bucket: string, all: readonly StoragePolicy[], state: SchemaState): string | null {
  const asked = askedOfUploads([bucket], all);
  const isCallers = all.some(({ policy }) => {
    const check = predicateOf(policy, 'insert');
    return (
      check !== null && [check.text, `(${check.text})`].includes(asked!) && looksAtCaller(check.node, state)
    );
  });
  return isCallers ? asked : null;
}

/** Before what asks for the owner: whoever uploads without signing in is none. */
function saidOfVisitors(bucket: string, all: readonly StoragePolicy[], facts: Facts): string {
  const mayPut = all.some(
    ({ policy, buckets, open }) =>
      open.includes('insert') && buckets.includes(bucket) && appliesTo(policy, 'anon'),
  );
  const puts = bucketCallsOfUsers(bucket, facts).filter(
    (call) => call.method === 'upload' && !isOwnFolder(namedFolder(call)),
  );
  return mayPut && puts.length > 0
    ? `-- where nobody has to sign in to upload (${placesOf(puts)}), files have no owner: from then on only the server changes or removes those\n`
    : '';
}

/** Both are asked; an answer that is there already once. */
const besides = (text: string, asked: string) =>
  `(${text})` === asked || text === asked
    ? asked
    : `(${/\bor\b/i.test(text) ? `(${text})` : text} and ${asked})`;

const ownFolder = '(storage.foldername(name))[1] = (select auth.uid())::text';

/** That somebody is signed in says nothing of whose a file is. */
const anyUser = /\(?(\bselect\s+)?\bauth\s*\.\s*uid\s*\(\s*\)(\s+as\s+\w+)?\s*\)?\s+is\s+not\s+null/gi;

function narrowed(
  { policy, buckets, asking }: StoragePolicy,
  group: LeakGroup,
  objects: Table,
  asked: string,
  shared: SharedFolder | null,
  state: SchemaState,
): string {
  if (isForVisitorsAlone(policy) && policy.command === 'select') return leftToSignedUrls(policy);
  // What is said of one bucket holds for no other; of several that are named together only the owner is asked besides.
  const isAlone = buckets.every((id) => id === group.object.object) && buckets.length > 0;
  const whole = asked !== byUploader && shared === null && isAlone;
  const filed = isAlone ? shared : null;
  const both = (text: string, isNew: boolean) => {
    // What asks for more than the bucket goes on asking it.
    if (whole) return asking.includes(isNew ? 'WITH CHECK' : 'USING') ? besides(text, asked) : asked;
    if (isNew && /\bauth\s*\.\s*uid\b/.test(text.replace(anyUser, ''))) return `(${text})`;
    // A new file is its uploader's own: in whose folder it lies is the question.
    const owner =
      isNew && policy.command === 'insert' ? (filed?.folder ?? ownFolder) : (filed?.condition ?? byUploader);
    return text === 'true' ? `(${owner})` : besides(text, owner);
  };
  const clauses = [
    ...(policy.using === null ? [] : [`using ${both(policy.using.text, false)}`]),
    ...(policy.check === null ? [] : [`with check ${both(policy.check.text, true)}`]),
  ];
  const sql = `alter policy ${quoteIdent(policy.name)} on storage.objects\n  ${clauses.join('\n  ')};`;
  // Who read the files of all goes on reading where that was no finding.
  const reads =
    policy.command === 'all' &&
    !group.leaks.some(({ command }) => command === 'select') &&
    letsThrough(policy, 'select', apiRolesOf(policy)[0] ?? 'authenticated', objects, state) &&
    !objects.policies.some(
      (other) =>
        other !== policy &&
        other.command === 'select' &&
        (other.using?.text ?? '').includes(quoteLiteral(group.object.object)),
    );
  const create = `create policy ${quoteIdent(`read ${buckets[0] ?? 'files'}`)} on storage.objects for select to ${apiRolesOf(policy).join(', ')}\n  using (${policy.using?.text ?? 'true'});`;
  if (!reads) return sql;
  // Of a private bucket that is for its owners to say.
  return state.buckets.get(group.object.object)?.public === false
    ? `${sql}\n-- only where all of them are meant to read every file\n-- ${create.replaceAll('\n', '\n-- ')}`
    : `${sql}\n${create}`;
}

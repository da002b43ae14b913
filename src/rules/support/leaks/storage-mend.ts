/** SQL that closes what the probes reached in a bucket: the policies that let it through ask for the owner too. */
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent, quoteLiteral } from '../../../sql/names.ts';
import {
  type ApiRole,
  apiRolesOf,
  appliesTo,
  commands,
  covers,
  isForVisitorsAlone,
} from '../callers/roles.ts';
import { withoutDoubt } from '../conditions/overloads.ts';
import { letsThrough } from '../policies/lets-through.ts';
import {
  askedOfUploads,
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

export function storageMend(group: LeakGroup, state: SchemaState): string {
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
  const asked = ownerAsked(bucket, all);
  const altered = (open.length > 0 ? open : applying).map((each) =>
    narrowed(each, group, objects!, asked, state),
  );
  if (altered.length === 0) return `-- a policy that asks for the owner: ${asked}`;
  const sql = [
    ...(open.length === 0 && altered.length > 1 ? ['-- in whichever of these lets it through'] : []),
    ...altered,
  ].join('\n');
  return withoutDoubt(sql, state) ?? sql;
}

/** What uploads to the bucket are asked; else who uploaded the file, which Storage writes into `owner_id`, whatever its path. */
function ownerAsked(bucket: string, all: readonly StoragePolicy[]): string {
  const asked = askedOfUploads([bucket], all);
  return asked !== null && /\bauth\s*\.\s*(uid|jwt)\b/.test(asked) ? asked : byOwner;
}

const byOwner = 'owner_id = (select auth.uid())::text';
/** Both are asked; an answer that is there already once. */
const besides = (text: string, asked: string) =>
  `(${text})` === asked || text === asked
    ? asked
    : `(${/\bor\b/i.test(text) ? `(${text})` : text} and ${asked})`;

const ownFolder = '(storage.foldername(name))[1] = (select auth.uid())::text';

function narrowed(
  { policy, buckets, asking }: StoragePolicy,
  group: LeakGroup,
  objects: Table,
  asked: string,
  state: SchemaState,
): string {
  if (isForVisitorsAlone(policy) && policy.command === 'select') return leftToSignedUrls(policy);
  // The project's own words hold for one bucket; of several that are named together only the owner is asked besides.
  const whole = asked !== byOwner && buckets.every((id) => id === group.object.object) && buckets.length > 0;
  const both = (text: string, isNew: boolean) => {
    // What asks for more than the bucket goes on asking it.
    if (whole) return asking.includes(isNew ? 'WITH CHECK' : 'USING') ? besides(text, asked) : asked;
    if (isNew && /\bauth\s*\.\s*uid\b/.test(text)) return `(${text})`;
    // A new file is its uploader's own: in whose folder it lies is the question.
    const owner = isNew && policy.command === 'insert' ? ownFolder : byOwner;
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

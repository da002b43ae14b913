/** Policies on `storage.objects`: which bucket they are about, and whether they ask for more. */
import type { ObjectAccess } from '../../../model/access.ts';
import type { Command, Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { type ApiRole, appliesTo, commandsOf, covers, predicateOf } from '../callers/roles.ts';
import { type Predicate, predicatesOf } from '../conditions/predicates.ts';
import { ownComparisons, readPredicate } from '../conditions/scope.ts';
import { truthOf } from '../conditions/truth.ts';
import { operatorOf } from '../syntax/tree.ts';
import { isForAllByName } from '../words/public-words.ts';
import { letsThrough } from './lets-through.ts';

/** Storage writes who uploaded a file, whatever its path. */
export const byUploader = 'owner_id = (select auth.uid())::text';

export interface StoragePolicy {
  readonly policy: Policy;
  /** Buckets it names; empty where it names none. */
  readonly buckets: readonly string[];
  /** Buckets it names by `<>`: it is about all others. */
  readonly excepted: readonly string[];
  /** It compares `bucket_id` with something. */
  readonly asksBucket: boolean;
  /** Commands that reach a file whoever asks and wherever it lies: what decides about them looks at neither. */
  readonly open: readonly Command[];
  /** Those of `open` that reach files of every bucket. */
  readonly inAnyBucket: readonly Command[];
  /** Commands by which every signed-in user reaches each file of its buckets: it asks that somebody is signed in, if that. */
  readonly forAnyUser: readonly Command[];
  /** Clauses that look at the caller, or at the path. */
  readonly asking: readonly Predicate['clause'][];
  /** It looks at the caller and at the file: its owner, its folder. */
  readonly asksWhose: boolean;
  /** It reads something of the file besides its bucket. */
  readonly asksOfFile: boolean;
}

export function storagePolicies(objects: Table, state: SchemaState): StoragePolicy[] {
  return objects.policies
    .filter((policy) => policy.permissive)
    .flatMap((policy) => {
      const predicates = predicatesOf(policy);
      if (predicates.length === 0) return [];
      const nodes = predicates.map(({ node }) => node);
      // `and false`: it lets nobody in.
      if (nodes.every((node) => truthOf(node, { table: objects, who: 'anyone' }) === 'false')) return [];
      const read = nodes.map((node) => readPredicate(node, objects, state));
      const asksOfFile = nodes.map(
        (_, at) =>
          ownComparisons(read[at]!).some(({ column }) => column.name !== 'bucket_id') ||
          read[at]!.columns.some(({ name }) => name !== 'bucket_id'),
      );
      const namesBucket = read.map(({ columns }) => columns.some(({ name }) => name === 'bucket_id'));
      const asksMore = nodes.map((node, at) => looksAtCaller(node, state) || asksOfFile[at]!);
      // USING before WITH CHECK: whose file an UPDATE can't reach, it can't change.
      const decides = (command: Command) =>
        Math.max(
          0,
          predicates.findIndex(({ commands }) => commands.includes(command)),
        );
      const open = commandsOf(policy).filter((command) => !asksMore[decides(command)]);
      return [
        {
          policy,
          buckets: nodes.flatMap((node) => bucketsNamed(node, '=')),
          excepted: nodes.flatMap((node) => bucketsNamed(node, '<>')),
          asksBucket: namesBucket.every(Boolean),
          open,
          inAnyBucket: open.filter((command) => !namesBucket[decides(command)]),
          forAnyUser: commandsOf(policy).filter(
            (command) =>
              !asksOfFile[decides(command)] && letsThrough(policy, command, 'authenticated', objects, state),
          ),
          asking: predicates.flatMap(({ clause }, at) => (asksMore[at] ? [clause] : [])),
          asksWhose: nodes.some((node, at) => looksAtCaller(node, state) && asksOfFile[at]!),
          asksOfFile: asksOfFile.includes(true),
        },
      ];
    });
}

/**
 * The policy by which the files of a bucket are somebody's: uploads or reading ask the caller about the file. Where only
 * changes do, users share what one of them may take away.
 */
export const askingWhose = (bucket: string, policies: readonly StoragePolicy[]) =>
  isForShow.test(bucket.replace(/[_-]+/g, ' '))
    ? undefined
    : policies.find(
        ({ buckets, asksWhose, policy }) =>
          asksWhose && buckets.includes(bucket) && (covers(policy, 'insert') || covers(policy, 'select')),
      );

/** Pictures that are there to be seen by others. */
const isForShow =
  /\b(avatars?|logos?|banners?|covers?|thumbnails?|profile (pictures?|photos?|images?|pics?))\b/i;

/** Buckets that are private, and all of whose files a policy shows to a role: visitors, or users where files are somebody's. */
export function privateReads(
  { policy, buckets, asksOfFile }: StoragePolicy,
  role: ApiRole,
  objects: Table,
  policies: readonly StoragePolicy[],
  state: SchemaState,
): readonly string[] {
  if (asksOfFile || !letsThrough(policy, 'select', role, objects, state)) return [];
  return [...new Set(buckets)].filter(
    (id) =>
      state.buckets.get(id)?.public === false && (role === 'anon' || askingWhose(id, policies) !== undefined),
  );
}

/**
 * A SELECT policy on buckets alone says that their files are shared: storage/open-policy tells it. Not so where the bucket
 * is private and the files are somebody's, or visitors are let in.
 */
export function isListed({ object, kind }: ObjectAccess, role: ApiRole, state: SchemaState): boolean {
  const objects = state.tables.get('storage.objects');
  if (objects === undefined) return false;
  if (kind === 'bucket' && state.buckets.get(object)?.public === false) {
    const policies = storagePolicies(objects, state);
    if (policies.some((each) => privateReads(each, role, objects, policies, state).includes(object)))
      return false;
  }
  return objects.policies.some(
    (policy) =>
      policy.command === 'select' &&
      appliesTo(policy, role) &&
      (!looksAtCaller(policy.using?.node, state) || letsThrough(policy, 'select', role, objects, state)),
  );
}

/** Pictures that others shall see, or its name says that all may read: private is then what the bucket became by default. */
export const saysPublic = ({ policy: { name }, buckets }: StoragePolicy) =>
  (buckets.length > 0 && buckets.every((id) => isForShow.test(id.replace(/[_-]+/g, ' ')))) ||
  isForAllByName(name);

/** What the project's own policy asks of whoever uploads to that bucket: the folder, the team. */
export function askedOfUploads(
  buckets: readonly string[],
  policies: readonly StoragePolicy[],
): string | null {
  const [bucket, ...others] = [...new Set(buckets)];
  if (bucket === undefined || others.length > 0) return null;
  const uploads = policies.filter(
    ({ policy, open, forAnyUser, buckets: theirs }) =>
      !open.includes('insert') &&
      !forAnyUser.includes('insert') &&
      policy.permissive &&
      covers(policy, 'insert') &&
      theirs.every((id) => id === bucket) &&
      theirs.length > 0,
  );
  const [first] = uploads;
  const text = first === undefined ? null : (predicateOf(first.policy, 'insert')?.text ?? null);
  return uploads.length !== 1 || text === null ? null : /^\(.*\)$/s.test(text) ? text : `(${text})`;
}

/** Constants that `bucket_id` is compared with; `<>` and NOT IN tell which it must not be. */
function bucketsNamed(node: SyntaxNode, how: '=' | '<>'): string[] {
  const text = JSON.stringify(node);
  if (!text.includes('"bucket_id"')) return [];
  const found: string[] = [];
  const visit = (value: SyntaxNode) => {
    for (const key in value) {
      const inner = value[key];
      if (typeof inner !== 'object' || inner === null) continue;
      if (
        key === 'A_Expr' &&
        (operatorOf(inner) === '<>') === (how === '<>') &&
        JSON.stringify(inner.lexpr ?? {}).includes('"bucket_id"')
      ) {
        for (const [, name] of JSON.stringify(inner.rexpr ?? {}).matchAll(/"sval":\{"sval":"([^"]*)"/g))
          found.push(name!);
      }
      visit(inner);
    }
  };
  visit(node);
  return found;
}

/** Visitors own no files, and nothing that they bring can be asked for in a policy: what is left of one for them alone. */
export const leftToSignedUrls = ({ name }: Policy) =>
  `-- once the server hands out signed URLs (createSignedUrl), which need no policy, to those who bring a valid link\ndrop policy ${quoteIdent(name)} on storage.objects;`;

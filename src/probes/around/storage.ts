/** Buckets: own folder, another's folder, listing, as the Storage API asks Postgres. */
import type { AccessCell, ObjectAccess } from '../../model/access.ts';
import type { Command, Policy, Table } from '../../model/schema.ts';
import { resultOf, verdictOf } from '../acting/outcome.ts';
import { anon, type Identity, serviceRole, signedIn, type User, userA, userB } from '../acting/principals.ts';
import { literal } from '../acting/quote.ts';
import { summarize } from '../cells.ts';
import { readPolicies } from '../predicate/index.ts';
import type { Reading } from '../predicate/reading.ts';
import { quietly } from '../rows/triggers.ts';
import type { Case, TableContext } from '../tables/case.ts';
import { probeInWorlds } from './in-worlds.ts';
import type { AroundContext } from './views.ts';

interface BucketToProbe {
  readonly id: string;
  readonly public: boolean;
}

export async function probeBuckets(
  context: AroundContext,
  buckets: readonly BucketToProbe[],
  anonymous: readonly Identity[],
): Promise<ObjectAccess[]> {
  const table = context.state.tables.get('storage.objects');
  if (table === undefined) return [];
  const found: ObjectAccess[] = [];
  for (const bucket of [...buckets].toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    if (context.leaveOut.has(bucket.id)) continue;
    context.onObject(bucket.id);
    const identities = [anon, signedIn(userA), ...anonymous, serviceRole];
    const reading = readPolicies({ ...table, policies: policiesOf(table, bucket.id) }, context.state);
    found.push(await probeBucket(context, table, bucket, reading, identities));
  }
  return found;
}

/** Policies that speak of this bucket, or of none. */
function policiesOf(table: Table, bucket: string): Policy[] {
  return table.policies.filter((policy) => {
    const text = `${policy.using?.text ?? ''} ${policy.check?.text ?? ''}`;
    return text.includes(literal(bucket)) || !/\bbucket_id\b/.test(text);
  });
}

async function probeBucket(
  context: AroundContext,
  table: Table,
  bucket: BucketToProbe,
  reading: Reading,
  identities: readonly Identity[],
): Promise<ObjectAccess> {
  const { session } = context;
  const id = literal(bucket.id);
  const names = namesAsked(table, bucket.id);
  const paths = {
    own: await pathOf(context, reading, names, userA),
    foreign: await pathOf(context, reading, names, userB),
    next: (path: string) => (names.suffix === null ? path.replace(/[^/]+$/, names.files[1]!) : path),
    // Folders are somebody's only where a policy says so.
    owned:
      names.suffix !== null ||
      reading.folders.length > 0 ||
      reading.callers.some((atom) => atom.form === 'folder'),
  };
  await session.exec('savepoint of_bucket');
  const laid = await session.batch(
    [
      `insert into storage.buckets (id, name, public) values (${id}, ${id}, ${bucket.public}) on conflict (id) do nothing`,
      upload(bucket, paths.own, userA),
      upload(bucket, paths.foreign, userB),
      // The Storage service says who it is; else a trigger refuses every DELETE.
      `select set_config('storage.allow_delete_query', 'true', true)`,
    ],
    { stopOnError: true },
  );
  const broken = laid.find((outcome) => !outcome.ok);
  const cells: AccessCell[] = [];
  if (broken !== undefined) context.skip(`bucket "${bucket.id}"`, resultOf(broken));
  else {
    const probing = {
      ...context.probing,
      table,
      searchPath: context.searchPath('storage'),
      compared: new Set<string>(),
    };
    const cases = (who: readonly Identity[]) =>
      who.flatMap((identity) => casesIn(probing, bucket, paths, identity));
    cells.push(...(await probeInWorlds(context, probing, reading, identities, cases)));
    if (bucket.public) cells.push(byUrl);
  }
  await session.exec('rollback to savepoint of_bucket; release savepoint of_bucket');
  return {
    object: bucket.id,
    kind: 'bucket',
    rls: true,
    summary: summarize(cells),
    cells,
    ownerColumns: ['owner', 'name'],
  };
}

/** No statement shows it: the Storage service serves files of a public bucket without asking Postgres' policies. */
const byUrl: AccessCell = {
  principal: 'anon',
  command: 'select',
  subject: 'foreign',
  outcome: 'allowed',
  columns: [],
  representation: true,
  when: 'the path is known: the bucket is public, its files are read by URL without any policy',
  via: null,
  proof: [],
  reason: null,
};

function upload(bucket: BucketToProbe, path: string, owner: User | null): string {
  const id = literal(owner?.id ?? null);
  return `insert into storage.objects (bucket_id, name, owner, owner_id, metadata) values (${literal(bucket.id)}, ${literal(path)}, ${id}, ${id}, '{"mimetype": "image/png", "size": 1}')`;
}

interface Paths {
  readonly own: string;
  readonly foreign: string;
  /** Another file beside one. */
  next(path: string): string;
  readonly owned: boolean;
}

function casesIn(context: TableContext, bucket: BucketToProbe, paths: Paths, identity: Identity): Case[] {
  const user = identity.role === 'authenticated';
  const found: Case[] = [];
  for (const subject of user ? (['own', 'foreign'] as const) : (['foreign'] as const)) {
    const path = paths[subject];
    const inBucket = `bucket_id = ${literal(bucket.id)}`;
    const where = `${inBucket} and name = ${literal(path)}`;
    const next = paths.next(path);
    // One name for each user: the file that lies there goes first.
    const inTheWay = next === path ? quietly([`delete from storage.objects where ${where}`]) : [];
    const statements: readonly (readonly [Command, AccessCell['subject'], string])[] = [
      // As a folder is listed: who sees the name may read the file.
      ['select', subject, `select id, name from storage.objects where ${inBucket}`],
      [
        'insert',
        subject === 'own' ? 'own' : paths.owned ? 'spoof' : 'unowned',
        upload(bucket, next, user ? userA : null),
      ],
      ['update', subject, `update storage.objects set metadata = '{"size": 2}' where ${where}`],
      ['delete', subject, `delete from storage.objects where ${where}`],
    ];
    for (const [command, of, sql] of statements) {
      found.push({
        identity,
        command,
        subject: of,
        columns: [],
        attempt: {
          identity,
          searchPath: context.searchPath,
          sql,
          ...(command === 'insert' && { prepare: inTheWay }),
        },
        returning: null,
        judge: ({ outcome }) => {
          if (!outcome.ok) return verdictOf(outcome.error, context.table, command);
          const reached =
            command === 'select' ? outcome.rows.some((row) => row.name === path) : outcome.affected > 0;
          return { outcome: reached ? 'allowed' : 'filtered', reason: null };
        },
      });
    }
  }
  return found;
}

/** What policies say of the names of a bucket's files. */
interface NamesAsked {
  /** Two names, and a file may bear either; the same one twice where policies know only one. */
  readonly files: readonly [string, string];
  /** `name = auth.uid() || '/avatar.png'`: what follows the user's id. */
  readonly suffix: string | null;
}

function namesAsked(table: Table, bucket: string): NamesAsked {
  const text = policiesOf(table, bucket)
    .flatMap(({ using, check }) => [using?.text ?? '', check?.text ?? ''])
    .join(' ');
  const suffix = /\bname = \(+[^=]*\bauth\.uid\(\)[^=']*\|\| '([^']+)'/.exec(text)?.[1] ?? null;
  const literals = [...text.matchAll(/'((?:[^']|'')*)'/g)].map((match) => match[1]!);
  const files = [...new Set(literals.filter((word) => /^[\w-]+\.[a-z]\w{1,4}$/i.test(word)))];
  if (files.length > 0 && /\bfilename\(/.test(text))
    return { files: [files[0]!, files[1] ?? files[0]!], suffix };
  const asked = /\bextension\(\s*(?:\w+\.)?name\)+[^']*'\.?(\w+)'|'%\.(\w+)'/i.exec(text);
  const ending = asked?.[1] ?? asked?.[2] ?? 'png';
  return { files: [`probe.${ending}`, `probe-new.${ending}`], suffix };
}

/** A path as the policies want it: fixed folders, the user's id, the id of a row of the user's. */
async function pathOf(
  context: AroundContext,
  reading: Reading,
  names: NamesAsked,
  user: User,
): Promise<string> {
  if (names.suffix !== null) return `${user.id}${names.suffix}`;
  const folders: string[] = [];
  const put = (index: number, text: string) => {
    if (index >= 1 && index <= 8 && folders[index - 1] === undefined) folders[index - 1] = text;
  };
  for (const atom of reading.callers) {
    if (atom.form !== 'folder' || atom.folder === undefined) continue;
    put(atom.folder, atom.caller.kind === 'email' ? user.email : user.id);
  }
  for (const atom of reading.folders) {
    if ('literal' in atom.is) put(atom.index, atom.is.literal);
    else {
      // A membership that nobody has unless a world says so: the folder is called after it all the same.
      const there = context.world.row(atom.is.table, user);
      const row = there ?? (await context.trusted.rowIn(atom.is.table, user));
      const value =
        'values' in row ? row.values[atom.is.column] : 'row' in row ? row.row.values[atom.is.column] : null;
      if (value != null) put(atom.index, value);
    }
  }
  if (folders.length === 0) folders.push(user.id);
  for (let index = 0; index < folders.length; index += 1) folders[index] ??= 'folder';
  return `${folders.join('/')}/${names.files[0]}`;
}

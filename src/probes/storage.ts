/** Buckets: own folder, another's folder, listing, as the Storage API asks Postgres. */
import type { AccessCell, ObjectAccess } from '../model/access.ts';
import { type Attempt, attemptAll } from './attempt.ts';
import { resultOf, verdictOf } from './outcome.ts';
import { type Reading, readPolicies } from './predicate.ts';
import { anon, type Identity, serviceRole, signedIn, type User, userA, userB } from './principals.ts';
import { literal } from './quote.ts';
import { summarize } from './summary.ts';
import type { AroundContext } from './views.ts';

const objectsTable = 'storage.objects';

export async function probeBuckets(
  context: AroundContext,
  buckets: readonly { readonly id: string; readonly public: boolean }[],
  anonymous: readonly Identity[],
): Promise<ObjectAccess[]> {
  const table = context.state.tables.get(objectsTable);
  if (table === undefined) return [];
  const reading = readPolicies(table, context.state);
  const found: ObjectAccess[] = [];
  for (const bucket of [...buckets].toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const key = `storage.buckets/${bucket.id}`;
    if (context.leaveOut.has(key)) continue;
    context.onObject(key);
    found.push(
      await probeBucket(context, bucket, reading, [anon, signedIn(userA), ...anonymous, serviceRole]),
    );
  }
  return found;
}

async function probeBucket(
  context: AroundContext,
  bucket: { readonly id: string; readonly public: boolean },
  reading: Reading,
  identities: readonly Identity[],
): Promise<ObjectAccess> {
  const { session } = context;
  const id = literal(bucket.id);
  const mine = pathOf(context, reading, userA);
  const theirs = pathOf(context, reading, userB);
  const insert = (path: string, owner: User | null) =>
    `insert into storage.objects (bucket_id, name, owner, owner_id, metadata) values (${id}, ${literal(path)}, ${literal(owner?.id ?? null)}, ${literal(owner?.id ?? null)}, '{"mimetype": "image/png", "size": 1}')`;
  await session.exec('savepoint of_bucket');
  const laid = await session.batch(
    [
      `insert into storage.buckets (id, name, public) values (${id}, ${id}, ${bucket.public}) on conflict (id) do nothing`,
      insert(mine, userA),
      insert(theirs, userB),
      // The Storage service says who it is; else a trigger refuses every DELETE.
      `select set_config('storage.allow_delete_query', 'true', true)`,
    ],
    { stopOnError: true },
  );
  const broken = laid.find((outcome) => !outcome.ok);
  const cells: AccessCell[] = [];
  if (broken !== undefined) context.skip(`bucket "${bucket.id}"`, resultOf(broken));
  else {
    const attempts: {
      identity: Identity;
      command: AccessCell['command'];
      subject: AccessCell['subject'];
      attempt: Attempt;
    }[] = [];
    const add = (
      identity: Identity,
      command: AccessCell['command'],
      subject: AccessCell['subject'],
      sql: string,
    ) =>
      attempts.push({
        identity,
        command,
        subject,
        attempt: { identity, searchPath: context.searchPath('storage'), sql },
      });
    for (const identity of identities) {
      const user = identity.role === 'authenticated';
      const rows = [...(user ? [['own', mine] as const] : []), ['foreign', theirs] as const];
      for (const [subject, path] of rows) {
        const where = `bucket_id = ${id} and name = ${literal(path)}`;
        const next = path.replace(/probe(\.\w+)$/, 'probe-new$1');
        add(identity, 'select', subject, `select id, name from storage.objects where ${where}`);
        add(identity, 'insert', subject === 'own' ? 'own' : 'spoof', insert(next, user ? userA : null));
        add(
          identity,
          'update',
          subject,
          `update storage.objects set metadata = '{"size": 2}' where ${where}`,
        );
        add(identity, 'delete', subject, `delete from storage.objects where ${where}`);
      }
    }
    const attempted = await attemptAll(
      session,
      attempts.map((entry) => entry.attempt),
    );
    attempts.forEach(({ identity, command, subject, attempt }, index) => {
      const { outcome } = attempted[index]!;
      const rows = outcome.ok ? (command === 'select' ? outcome.rows.length : outcome.affected) : 0;
      const verdict = outcome.ok
        ? { outcome: rows > 0 ? ('allowed' as const) : ('filtered' as const), reason: null }
        : verdictOf(outcome.error, { schema: 'storage', name: 'objects' }, command as 'select');
      cells.push({
        principal: identity.principal,
        command,
        subject,
        ...verdict,
        columns: [],
        representation: true,
        when: null,
        via: null,
        proof: [
          {
            as: identity.label,
            sql: attempt.sql,
            result: command === 'select' && outcome.ok ? `${rows} rows` : resultOf(outcome),
          },
        ],
      });
    });
    if (bucket.public) {
      cells.push({
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
      });
    }
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

/** A path as the policies want it: fixed folders, the user's id, the id of a row of the user's. */
function pathOf(context: AroundContext, reading: Reading, user: User): string {
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
      const value = context.world.row(atom.is.table, user)?.values[atom.is.column];
      if (value != null) put(atom.index, value);
    }
  }
  if (folders.length === 0) folders.push(user.id);
  for (let index = 0; index < folders.length; index += 1) folders[index] ??= 'folder';
  return `${folders.join('/')}/probe.png`;
}

/** Users sign up as GoTrue makes them: its role, its search path, its statements in its order. */

import type { Outcome, Session } from '../database/engine.ts';
import type { NeededRow, SignUpRun } from '../model/access.ts';
import type { SqlError } from '../model/replay.ts';
import type { SchemaState } from '../model/schema.ts';
import { type User, userA, userB, userC, userD, userZ } from './acting/principals.ts';
import { literal } from './acting/quote.ts';
import { askedFor, layRow } from './needed-rows.ts';
import { platformSchemas } from './rows/owners.ts';
import type { ValueSource } from './rows/values.ts';
import type { GivenBySignUp } from './rows/world.ts';

export interface SignUpOptions {
  readonly anonymous: boolean;
  readonly phone: boolean;
}

export interface SignUps extends GivenBySignUp {
  readonly runs: readonly SignUpRun[];
}

type Variant = SignUpRun['variant'];

/** Rows laid one after the other for the sake of a sign-up. */
const enough = 3;

/** In an open transaction: tries every variant, and leaves users Z, A, B, C and D behind. */
export async function signUpUsers(
  session: Session,
  state: SchemaState,
  values: ValueSource,
  options: SignUpOptions,
): Promise<SignUps> {
  const keys = metadataKeys(state);
  const tables = [...state.tables.values()]
    .filter(
      (table) => !platformSchemas.has(table.schema) && table.kind !== 'partition' && table.kind !== 'foreign',
    )
    .map((table) => table.key)
    .toSorted();
  const variants: Variant[] = ['email-metadata', 'email'];
  if (options.phone) variants.push('phone');
  if (options.anonymous) variants.push('anonymous');

  const runs: SignUpRun[] = [];
  const needs: NeededRow[] = [];
  let before = await countRows(session, tables);
  const attempt = async (variant: Variant) => {
    await session.exec('savepoint sign_up');
    const tried = await tryVariant(session, variant, keys, tables, before);
    await session.exec('rollback to savepoint sign_up; release savepoint sign_up');
    return tried;
  };
  for (const variant of variants) {
    let tried = await attempt(variant);
    for (let left = enough; left > 0 && tried.failure !== null; left--) {
      const asked = await askedFor(session, state, tried.failure);
      if (asked === null || needs.some(({ table, value }) => table === asked.table && value === asked.value))
        break;
      await session.exec('savepoint needed');
      const laid = await layRow(session, state, values, asked);
      const counted = before;
      if (laid) before = await countRows(session, tables);
      const again = laid ? await attempt(variant) : null;
      // Another id each time, of no row at all: that is no row that is missing.
      const helped = again !== null && again.failure?.constraint !== tried.failure.constraint;
      if (!helped) {
        await session.exec('rollback to savepoint needed');
        before = counted;
      }
      await session.exec('release savepoint needed');
      if (again !== null && !helped) break;
      needs.push({ ...asked, laid, error: told(tried.failure) });
      if (again === null) break;
      tried = again;
    }
    runs.push({ ...tried.run, ...(needs.length > 0 && { needs: [...needs] }) });
  }
  const best = variants.find((_, index) => runs[index]!.status === 'works') ?? null;
  for (const user of [userZ, userA, userB, userC, userD]) {
    await session.exec('savepoint sign_up');
    const steps =
      best === null ? [] : signUpSteps(best, user, keys).filter((step) => step.name !== 'deletion');
    const failed = best === null || (await run(session, steps)) !== null;
    if (failed) {
      await session.exec('rollback to savepoint sign_up');
      await session.exec(plainUser(user, keys));
    }
    await session.exec('release savepoint sign_up');
  }
  const creates = new Set(runs.flatMap((run) => Object.keys(run.created)));
  const said = (user: User) =>
    new Set(best === 'email-metadata' ? Object.values(metadataOf(user, keys)).map(String) : []);
  return { runs, creates, said };
}

interface Step {
  readonly name: string;
  readonly sql: string;
}

async function tryVariant(
  session: Session,
  variant: Variant,
  keys: ReadonlyMap<string, string>,
  tables: readonly string[],
  before: ReadonlyMap<string, number>,
): Promise<{ readonly run: SignUpRun; readonly failure: SqlError | null }> {
  const steps = signUpSteps(variant, userA, keys);
  const failure = await run(
    session,
    steps.filter((step) => step.name !== 'deletion'),
  );
  if (failure !== null)
    return {
      run: { variant, status: 'fails', step: failure.step, error: told(failure.error), created: {} },
      failure: failure.error,
    };
  const created: Record<string, number> = {};
  for (const [table, count] of await countRows(session, tables)) {
    const more = count - (before.get(table) ?? 0);
    if (more > 0) created[table] = more;
  }
  // A user who can't be deleted has signed up all the same: the step and its error are kept, the status stands.
  const deletion = await run(
    session,
    steps.filter((step) => step.name === 'deletion'),
  );
  const error = deletion === null ? null : told(deletion.error);
  return {
    run: { variant, status: 'works', step: deletion?.step ?? null, error, created },
    failure: null,
  };
}

const told = ({ sqlstate, message, where }: SqlError) => ({ sqlstate, message, where });

async function run(
  session: Session,
  steps: readonly Step[],
): Promise<{ step: string; error: SqlError } | null> {
  const become = [
    `select set_config('role', 'supabase_auth_admin', true), set_config('search_path', 'auth', true), set_config('request.jwt.claims', '', true)`,
  ];
  const statements = [...become, ...steps.map((step) => step.sql)];
  const outcomes: readonly Outcome[] = await session.batch(statements, { stopOnError: true });
  const failed = outcomes.findIndex((outcome) => !outcome.ok);
  const outcome = outcomes[failed];
  if (outcome !== undefined && !outcome.ok) {
    return { step: steps[failed - 1]?.name ?? 'connection', error: outcome.error };
  }
  const [deferred] = await session.batch([
    'set constraints all immediate',
    `select set_config('role', 'none', true), set_config('search_path', 'public', true)`,
    'set constraints all deferred',
  ]);
  if (deferred !== undefined && !deferred.ok) return { step: 'commit', error: deferred.error };
  return null;
}

/** Keys of `options.data` that what runs at sign-up reads. */
export const keysOfSignUp = (state: SchemaState): readonly string[] => [...metadataKeys(state).keys()];

/** Signs a user up by e-mail who says `data` of itself; false where that fails. */
export async function signUpSaying(
  session: Session,
  state: SchemaState,
  user: User,
  data: Readonly<Record<string, string>>,
): Promise<boolean> {
  const steps = signUpSteps('email-metadata', user, metadataKeys(state), data);
  return (
    (await run(
      session,
      steps.filter((step) => step.name !== 'deletion'),
    )) === null
  );
}

function signUpSteps(
  variant: Variant,
  user: User,
  keys: ReadonlyMap<string, string>,
  data: Readonly<Record<string, string>> = {},
): Step[] {
  const metadata = variant === 'email-metadata' ? { ...metadataOf(user, keys), ...data } : { sub: user.id };
  const withPhone = variant === 'phone';
  const anonymous = variant === 'anonymous';
  const provider = withPhone ? 'phone' : 'email';
  const appMetadata = anonymous ? {} : { provider, providers: [provider] };
  const id = literal(user.id);
  const steps: Step[] = [
    {
      name: 'sign-up',
      sql: `insert into users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, invited_at, confirmation_token, confirmation_sent_at, recovery_token, email_change_token_new, email_change, phone, raw_app_meta_data, raw_user_meta_data, is_super_admin, is_sso_user, is_anonymous, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000000', ${id}, 'authenticated', 'authenticated', ${literal(withPhone || anonymous ? null : user.email)}, '', null, null, '', null, '', '', '', ${literal(withPhone ? user.phone : null)}, ${literal(JSON.stringify(appMetadata))}, ${literal(JSON.stringify(anonymous ? {} : metadata))}, null, false, ${anonymous}, now(), now())`,
    },
  ];
  if (!anonymous) {
    const data = {
      ...metadata,
      sub: user.id,
      ...(withPhone ? { phone: user.phone } : { email: user.email }),
    };
    steps.push(
      {
        name: 'identity',
        sql: `insert into identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at) values (${id}, ${id}, ${literal(JSON.stringify(data))}, '${provider}', now(), now(), now())`,
      },
      {
        name: 'confirmation',
        sql: withPhone
          ? `update users set phone_confirmed_at = now(), confirmation_token = '', updated_at = now() where id = ${id}`
          : `update users set email_confirmed_at = now(), confirmation_token = '', updated_at = now() where id = ${id}`,
      },
    );
  }
  steps.push(
    { name: 'sign-in', sql: `update users set last_sign_in_at = now(), updated_at = now() where id = ${id}` },
    { name: 'deletion', sql: `delete from users where id = ${id}` },
  );
  return steps;
}

/** A user that no trigger sees: the probes go on where sign-up is broken. */
function plainUser(user: User, keys: ReadonlyMap<string, string>): string {
  return `select set_config('role', 'none', true), set_config('search_path', 'public', true), set_config('session_replication_role', 'replica', true);
insert into auth.users (instance_id, id, aud, role, email, phone, raw_app_meta_data, raw_user_meta_data, created_at, updated_at, email_confirmed_at)
values ('00000000-0000-0000-0000-000000000000', ${literal(user.id)}, 'authenticated', 'authenticated', ${literal(user.email)}, null, '{"provider":"email","providers":["email"]}', ${literal(JSON.stringify(metadataOf(user, keys)))}, now(), now(), now());
select set_config('session_replication_role', 'origin', true);`;
}

async function countRows(session: Session, tables: readonly string[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let from = 0; from < tables.length; from += 200) {
    const part = tables.slice(from, from + 200);
    const rows = await session.query(
      part.map((table) => `select ${literal(table)} as t, count(*) as n from ${table}`).join(' union all '),
    );
    for (const row of rows) counts.set(row.t!, Number(row.n));
  }
  return counts;
}

/** Keys of the user's metadata that triggers on auth tables read, and the type they cast it to. */
function metadataKeys(state: SchemaState): Map<string, string> {
  const keys = new Map<string, string>();
  const bodies: string[] = [];
  const called = new Set<string>();
  for (const table of state.tables.values()) {
    if (table.schema !== 'auth') continue;
    for (const trigger of table.triggers) called.add(trigger.function);
  }
  for (const routine of state.routines.values()) {
    if (routine.returns === 'trigger' && [...called].some((name) => routine.key.startsWith(`${name}(`))) {
      bodies.push(routine.body);
    }
  }
  for (const body of bodies) {
    for (const match of body.matchAll(
      /raw_user_meta_data\s*->>?\s*'([^']+)'\s*\)*\s*(?:::\s*"?(?:\w+"?\."?)?(\w+))?/gi,
    )) {
      const enumType = [...state.types.values()].find(
        (type) => type.kind === 'enum' && type.name === match[2],
      );
      keys.set(match[1]!, keys.get(match[1]!) || (enumType?.values[0] ?? match[2]?.toLowerCase() ?? ''));
    }
  }
  return keys;
}

function metadataOf(user: User, keys: ReadonlyMap<string, string>): Record<string, unknown> {
  const letter = user.letter.toLowerCase();
  const metadata: Record<string, unknown> = { sub: user.id, email: user.email, email_verified: true };
  for (const [key, type] of keys) {
    if (/^(bool|boolean)$/.test(type)) metadata[key] = false;
    else if (/^(int|int4|int8|integer|bigint|smallint|numeric)$/.test(type)) metadata[key] = 1;
    else if (type === 'uuid') metadata[key] = user.id;
    else if (/^(date|timestamptz?)$/.test(type)) metadata[key] = '1990-01-01';
    else if (type !== '' && !/^(text|varchar|jsonb?)$/.test(type)) metadata[key] = type;
    else if (/email/.test(key)) metadata[key] = user.email;
    else if (/phone/.test(key)) metadata[key] = user.phone;
    else if (/url|avatar|picture/.test(key)) metadata[key] = `https://${letter}.probe.example/x`;
    else if (/user_?name|slug|handle/.test(key)) metadata[key] = `probe_${letter}`;
    else metadata[key] = `Probe ${user.letter}`;
  }
  return metadata;
}

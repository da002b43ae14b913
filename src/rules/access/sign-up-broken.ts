import type { AccessMatrix, NeededRow, SignUpRun } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import type { Place } from '../../model/finding.ts';
import type { Routine, SchemaState } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { routineNamed, signUpTriggers } from '../support/callers/sign-up.ts';
import { contradictedBy, lostWith } from '../support/leaks/lost-here.ts';
import { nullable, stoppedBy, unfilled } from '../support/leaks/sign-up-cause.ts';
import { isOfChange } from '../support/statements/changed-statement.ts';
import { listed, sqlFence, withoutExample } from '../support/words/words.ts';

const remedy = `GoTrue inserts into "auth.users" as "supabase_auth_admin" with \`search_path = auth\`: let the trigger's function run as its owner, and name every table with its schema.

\`\`\`sql
create or replace function public.handle_new_user() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.profiles (id) values (new.id) on conflict do nothing;
  return new;
end;
$$;
\`\`\``;

const way = withoutExample(remedy);

export default rule({
  id: 'access/sign-up-broken',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['probe'],
  summary: 'seen: sign-up fails',
  why: 'Users are inserted as GoTrue does it: by the role supabase_auth_admin, with search_path = auth, with and without metadata. A trigger on auth.users that raises stops every sign-up; users read "Database error saving new user". A function that expects metadata fails for those who sign up without it. A row that the code names by its id and that no migration makes is told as info, and sign-up is tried again with it.',
  remedy,
  since: '0.1.0',
  sources: [
    'https://supabase.com/docs/guides/auth/managing-user-data#using-triggers',
    'https://supabase.com/docs/guides/troubleshooting/database-error-saving-new-user-RU_EwB',
  ],
  fixable: false,
  facts({ facts, report, preexisting }) {
    if (facts.access === null) return;
    const { base, head } = facts.access;
    for (const need of neededRows(head)) {
      const { table, column, value, error } = need;
      const isOld = neededRows(base).some((old) => old.table === table && old.value === value);
      (isOld ? preexisting : report)({
        message: `Sign-up hangs on the row of "${table}" whose "${column}" is ${value}, which no migration makes: where it is missing, every sign-up fails (${error.message}). ${withIt(need, head)} Let the trigger pass over it where it is missing.`,
        at: home({ error }, facts),
        object: 'auth.users',
        key: `${table} ${value}`,
        severity: 'info',
        help: error.where === null ? undefined : `Postgres says where: ${error.where}`,
      });
    }
    const failed = head.signUps.filter(
      ({ status, needs }) => status === 'fails' && needs?.every(({ laid }) => laid) !== false,
    );
    if (failed.length === 0) return;
    const [only] = failed;
    if (failed.length === 1 && only !== undefined && isOfOurValues(only, head)) {
      (sameFailure(only, base) ? preexisting : report)({
        message: `Sign-up works without metadata, and not with the made-up values that were tried: ${only.error?.message}. Whether the values that clients send fit was not seen. Let the trigger pass over what does not.`,
        at: home(only, facts),
        object: 'auth.users',
        severity: 'info',
      });
      return;
    }
    const verdict = judge(head, base, failed);
    if (verdict === null) return;
    const { run, grave } = verdict;
    const tell =
      sameFailure(run, base) && failed.every((each) => sameFailure(each, base)) ? preexisting : report;
    const secret = vaultReader(run, facts.head);
    if (secret !== null) {
      tell({
        message: `Sign-up could not be tried: "${secret.key}" reads a secret of the vault, which is empty here, and stops (${run.error?.message}). With the secret it may work. Try it by hand, and let the function pass over a secret that is missing.`,
        at: secret.origin,
        object: 'auth.users',
        severity: 'info',
      });
      return;
    }
    const missing = madeByHand(run, facts);
    if (missing !== null) {
      tell({
        message: `Sign-up could not be tried: ${run.error?.message}. The migrations alter "${missing}", and none of them makes it: where it was made by hand sign-up may work, and in a database made from zero it fails. Write its CREATE TABLE into a migration, or into a baseline.`,
        at: home(run, facts),
        object: 'auth.users',
        severity: 'warning',
      });
      return;
    }
    const lost = lostWith(run.error, facts);
    if (lost !== null) {
      tell({
        message: `Sign-up could not be tried: ${run.error?.message}. "${lost.name}" stands in "${lost.path}", which did not apply here: where it ran sign-up may work. Mend that file first.`,
        at: home(run, facts),
        object: 'auth.users',
        severity: 'warning',
      });
      return;
    }
    // What worked before is the change's to keep.
    const other = hasWorked(base) ? null : contradictedBy(run.error, facts);
    if (other !== null) {
      tell({
        message: `Sign-up could not be tried: ${run.error?.message}. "${other.path}" writes about "${other.name}" too and did not apply here: where it ran sign-up may work. Mend that file first.`,
        at: home(run, facts),
        object: 'auth.users',
        severity: 'warning',
      });
      return;
    }
    if (isGate(run, facts.head)) {
      tell({
        message: `Sign-up is refused to everybody who was tried (${listed(failed.map(({ variant }) => names[variant]))}) by an exception of the project's own: ${run.error?.message}. If only invited people may sign up, that is right. Else mend the trigger on "auth.users".`,
        at: home(run, facts),
        object: 'auth.users',
        severity: 'warning',
      });
      return;
    }
    const key = parentAsked(run, facts.head);
    if (key !== null) {
      tell({
        message: `Sign-up works for nobody who was tried (${listed(failed.map(({ variant }) => names[variant]))}): ${run.error?.message}. The trigger takes "${key}" from the metadata, and no row of that id was given. Whoever signs up without one reads "Database error saving new user". Let the trigger say so, if that is meant.`,
        at: home(run, facts),
        object: 'auth.users',
        severity: 'warning',
      });
      return;
    }
    const column = unfilled(run, facts);
    const told = column === null ? (offThePath(run, facts.head) ?? way) : nullable(column);
    tell({
      message: `Sign-up fails (${listed(failed.map(({ variant }) => names[variant]))}): ${run.error?.message ?? 'no reason was given'}${run.step === null ? '' : `, at ${run.step}`}. Users read "Database error saving new user". ${column === null ? 'Mend the trigger on "auth.users".' : `The trigger on "auth.users" does not fill "${column.column}": give it a default, fill it there, or leave it nullable.`}`,
      at: home(run, facts),
      object: 'auth.users',
      severity: grave ? undefined : 'warning',
      help: run.error?.where ? `${told}\n\nPostgres says where: ${run.error.where}` : told,
    });
  },
});

const names: Readonly<Record<SignUpRun['variant'], string>> = {
  'email-metadata': 'by e-mail, with metadata',
  email: 'by e-mail, without metadata',
  phone: 'by phone',
  anonymous: 'anonymously',
};

const neededRows = (matrix: AccessMatrix | null): readonly NeededRow[] => [
  ...new Map(
    (matrix?.signUps ?? []).flatMap(({ needs }) =>
      (needs ?? []).map((need) => [`${need.table} ${need.value}`, need]),
    ),
  ).values(),
];

function withIt({ laid, table, value }: NeededRow, { signUps }: AccessMatrix): string {
  if (!laid) return 'What comes after that was not seen.';
  const having = signUps.filter(({ needs }) =>
    needs?.some((need) => need.table === table && need.value === value),
  );
  return having.some(({ status }) => status === 'works')
    ? 'With such a row it works here.'
    : 'With such a row it fails all the same.';
}

/** The failure to tell: grave where no way works, or where one that worked on the base no longer does. */
function judge(head: AccessMatrix, base: AccessMatrix | null, failed: readonly SignUpRun[]) {
  const lost = failed.find((run) =>
    base?.signUps.some((was) => was.variant === run.variant && was.status === 'works'),
  );
  if (lost !== undefined) return { run: lost, grave: true };
  const none = head.signUps.every(({ status }) => status === 'fails');
  const first = failed[0];
  return first === undefined ? null : { run: first, grave: none };
}

const sameFailure = (run: SignUpRun, base: AccessMatrix | null) =>
  base?.signUps.some((was) => was.variant === run.variant && was.status === 'fails') === true;

/** A value of the metadata breaks a CHECK or does not fit a type, and nobody but the probes made it up. */
const isOfOurValues = ({ variant, error }: SignUpRun, { signUps }: AccessMatrix) =>
  variant === 'email-metadata' &&
  /^(23514|22P02|22007)$/.test(error?.sqlstate ?? '') &&
  signUps.some((run) => run.variant === 'email' && run.status === 'works');

/** The id of a row that is there already, which the trigger takes from the metadata: a tenant's, an invitation's. */
function parentAsked(run: SignUpRun, head: SchemaState): string | null {
  if (!/^(23514|23502|23503)$/.test(run.error?.sqlstate ?? '')) return null;
  const keys = routinesOn(run, head).flatMap(
    ({ body }) => /meta\w*\s*->>\s*'(\w+_id)'/i.exec(body)?.[1] ?? [],
  );
  // A NULL that stops it must be that column's: any other is the trigger's own doing.
  return keys.find((key) => run.error?.sqlstate !== '23502' || run.error.message.includes(key)) ?? null;
}

/** The table that is not there, where the migrations work on it and none makes it: the database that is in use has it. */
function madeByHand({ error }: SignUpRun, { sources }: Facts): string | null {
  const [, name] = error?.sqlstate === '42P01' ? (/"(?:\w+\.)?(\w+)"/.exec(error.message) ?? []) : [];
  if (name === undefined) return null;
  const statements = [...sources.values()].flatMap((source) => source.statements);
  const isMade = statements.some(
    ({ kind, node }) => kind === 'CreateStmt' && node.relation?.relname === name,
  );
  const isUsed = statements.some(
    ({ kind, node }) =>
      /^(AlterTable|Index|CreatePolicy|CreateTrig|Insert|Update|Delete)Stmt$/.test(kind) &&
      (node.relation ?? node.table)?.relname === name,
  );
  return isUsed && !isMade ? name : null;
}

/** RAISE EXCEPTION in a trigger's function: somebody wrote down when to refuse, and does not pass on what went wrong. */
const isGate = (run: SignUpRun, head: SchemaState) =>
  // A code of the project's own choice is no less its own.
  /^(P0001|42501|22023|23514)$/.test(run.error?.sqlstate ?? '') &&
  / at RAISE\b/.test(run.error?.where ?? '') &&
  routinesOn(run, head).every(({ body }) => !/\braise\s+exception[^;]*\bsqlerrm\b/i.test(body));

/** It runs as its owner, and finds a table, a type or a function by no path: that is all that is missing. */
function offThePath(run: SignUpRun, head: SchemaState): string | null {
  const routine = routinesOn(run, head)[0];
  if (!/^42(P01|883|704)$/.test(run.error?.sqlstate ?? '') || routine?.securityDefiner !== true) return null;
  if (routine.config.search_path !== undefined) return null;
  return `GoTrue signs users up with \`search_path = auth\`. Name what the function uses with its schema, or give it a path of its own:\n\n${sqlFence(`alter function ${routine.key} set search_path = public;`)}`;
}

const routinesOn = (run: SignUpRun, head: SchemaState): Routine[] =>
  [...(run.error?.where ?? '').matchAll(/function ([\w".]+)\(/g)].flatMap(
    ([, name]) => routineNamed(name!, head) ?? [],
  );

/** A function on the way to the error that reads the vault: it has no secrets where migrations alone were run. */
function vaultReader(run: SignUpRun, head: SchemaState): Routine | null {
  // What a null brings about: its own RAISE, or an argument or a column that must not be empty.
  if (!/^(P0001|23502|22004)$/.test(run.error?.sqlstate ?? '')) return null;
  return (
    routinesOn(run, head).find(({ body }) => /\bvault\s*\.\s*(decrypted_)?secrets\b/i.test(body)) ?? null
  );
}

/**
 * The function that Postgres' CONTEXT names, else the trigger; where the change wrote neither, and sign-up worked before,
 * what it did to the tables that they fill.
 */
function home(run: Pick<SignUpRun, 'error'>, facts: Facts): Place | null {
  const { head, access } = facts;
  const place = homeOfFunction(run, head);
  return hasWorked(access?.base ?? null) && !isOfChange(place, facts)
    ? (stoppedBy(run, facts) ?? place)
    : place;
}

const hasWorked = (base: AccessMatrix | null) =>
  base?.signUps.some(({ status }) => status === 'works') === true;

function homeOfFunction(run: Pick<SignUpRun, 'error'>, head: SchemaState): Place | null {
  const name = /function ([\w".]+)\(/.exec(run.error?.where ?? '')?.[1];
  const routine = name === undefined ? null : routineNamed(name, head);
  const trigger = signUpTriggers(head)[0];
  return (
    routine?.origin ??
    (trigger === undefined ? null : (routineNamed(trigger.function, head)?.origin ?? trigger.origin))
  );
}

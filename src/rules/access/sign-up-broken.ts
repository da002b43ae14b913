import type { AccessMatrix, NeededRow, SignUpRun } from '../../model/access.ts';
import type { Facts } from '../../model/facts.ts';
import { type Problem, rule, type Told } from '../rule.ts';
import { contradictedBy, lostWith } from '../support/leaks/lost-here.ts';
import { nullable, unfilled } from '../support/leaks/sign-up-cause.ts';
import {
  hasWorked,
  homeOfFailure,
  isGate,
  isOfOurValues,
  madeByHand,
  offThePath,
  parentAsked,
  vaultReader,
} from '../support/leaks/sign-up-failure.ts';
import { listed, withoutExample } from '../support/words/words.ts';

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
  refusal: true,
  facts({ facts, report, preexisting }) {
    if (facts.access === null) return;
    const { base, head } = facts.access;
    for (const need of neededRows(head)) {
      const isOld = neededRows(base).some((old) => old.table === need.table && old.value === need.value);
      (isOld ? preexisting : report)({
        ...needed(need, head),
        at: homeOfFailure(need, facts),
        object: 'auth.users',
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
        at: homeOfFailure(only, facts),
        object: 'auth.users',
        severity: 'info',
      });
      return;
    }
    const verdict = judge(head, base, failed);
    if (verdict === null) return;
    const { run, grave } = verdict;
    const isOld = sameFailure(run, base) && failed.every((each) => sameFailure(each, base));
    const failure = { run, facts, base, ways: listed(failed.map(({ variant }) => names[variant])) };
    (isOld ? preexisting : report)({
      at: homeOfFailure(run, facts),
      object: 'auth.users',
      ...(withoutASecret(failure) ??
        withoutWhatIsThere(failure) ??
        refused(failure) ??
        withoutAParent(failure) ??
        fails(failure, grave)),
    });
  },
});

function needed(need: NeededRow, head: AccessMatrix): Told {
  const { table, column, value, error } = need;
  return {
    message: `Sign-up hangs on the row of "${table}" whose "${column}" is ${value}, which no migration makes: where it is missing, every sign-up fails (${error.message}). ${withIt(need, head)} Let the trigger pass over it where it is missing.`,
    key: `${table} ${value}`,
    severity: 'info',
    help: error.where === null ? undefined : `Postgres says where: ${error.where}`,
  };
}

interface Failure {
  readonly run: SignUpRun;
  readonly facts: Facts;
  readonly base: AccessMatrix | null;
  /** How it was tried, in words. */
  readonly ways: string;
}

function withoutASecret({ run, facts }: Failure): (Told & Pick<Problem, 'at'>) | null {
  const secret = vaultReader(run, facts.head);
  if (secret === null) return null;
  return {
    message: `Sign-up could not be tried: "${secret.key}" reads a secret of the vault, which is empty here, and stops (${run.error?.message}). With the secret it may work. Try it by hand, and let the function pass over a secret that is missing.`,
    at: secret.origin,
    severity: 'info',
  };
}

/** Something that the migrations work on is not there in this database alone. */
function withoutWhatIsThere({ run, facts, base }: Failure): Told | null {
  const untried = `Sign-up could not be tried: ${run.error?.message}.`;
  const missing = madeByHand(run, facts);
  if (missing !== null)
    return {
      message: `${untried} The migrations alter "${missing}", and none of them makes it: where it was made by hand sign-up may work, and in a database made from zero it fails. Write its CREATE TABLE into a migration, or into a baseline.`,
      severity: 'warning',
    };
  const lost = lostWith(run.error, facts);
  if (lost !== null)
    return {
      message: `${untried} "${lost.name}" stands in "${lost.path}", which did not apply here: where it ran sign-up may work. Mend that file first.`,
      severity: 'warning',
    };
  // What worked before is the change's to keep.
  const other = hasWorked(base) ? null : contradictedBy(run.error, facts);
  if (other === null) return null;
  return {
    message: `${untried} "${other.path}" writes about "${other.name}" too and did not apply here: where it ran sign-up may work. Mend that file first.`,
    severity: 'warning',
  };
}

function refused({ run, facts, ways }: Failure): Told | null {
  if (!isGate(run, facts.head)) return null;
  return {
    message: `Sign-up is refused to everybody who was tried (${ways}) by an exception of the project's own: ${run.error?.message}. If only invited people may sign up, that is right. Else mend the trigger on "auth.users".`,
    severity: 'warning',
  };
}

function withoutAParent({ run, facts, ways }: Failure): Told | null {
  const key = parentAsked(run, facts.head);
  if (key === null) return null;
  return {
    message: `Sign-up works for nobody who was tried (${ways}): ${run.error?.message}. The trigger takes "${key}" from the metadata, and no row of that id was given. Whoever signs up without one reads "Database error saving new user". Let the trigger say so, if that is meant.`,
    severity: 'warning',
  };
}

function fails({ run, facts, ways }: Failure, grave: boolean): Told {
  const column = unfilled(run, facts);
  const told = column === null ? (offThePath(run, facts.head) ?? way) : nullable(column);
  const mend =
    column === null
      ? 'Mend the trigger on "auth.users".'
      : `The trigger on "auth.users" does not fill "${column.column}": give it a default, fill it there, or leave it nullable.`;
  return {
    message: `Sign-up fails (${ways}): ${run.error?.message ?? 'no reason was given'}${run.step === null ? '' : `, at ${run.step}`}. Users read "Database error saving new user". ${mend}`,
    severity: grave ? undefined : 'warning',
    help: run.error?.where ? `${told}\n\nPostgres says where: ${run.error.where}` : told,
  };
}

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

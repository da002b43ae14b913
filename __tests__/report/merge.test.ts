import type { Finding } from '../../src/model/finding.ts';
import { mergeFindings } from '../../src/report/merge.ts';
import { ruleById } from '../../src/rules/index.ts';

const finding = (rule: string, more: Partial<Finding> = {}): Finding => ({
  rule,
  severity: 'warning',
  evidence: ['static'],
  fingerprint: rule,
  new: true,
  mendedBy: null,
  message: `${rule} says.`,
  file: 'supabase/migrations/20260101000000_a.sql',
  line: 3,
  column: 1,
  endLine: 4,
  endColumn: 1,
  object: 'public.note',
  causes: [],
  help: null,
  docs: `docs/rules/${rule}.md`,
  repro: null,
  fix: null,
  ...more,
});

test('what was seen swallows the finding on the same object that explains it, and names it', () => {
  const seen = finding('access/anon-read', {
    severity: 'error',
    evidence: ['probe'],
    causes: ['rls/disabled', 'views/definer'],
    file: null,
    line: null,
  });
  const merged = mergeFindings([seen, finding('rls/disabled')], ruleById);
  expect(merged).toHaveLength(1);
  expect(merged[0]).toMatchObject({
    rule: 'access/anon-read',
    causes: ['rls/disabled'],
    evidence: ['probe', 'static'],
    file: 'supabase/migrations/20260101000000_a.sql',
    line: 3,
  });
});

test('what explains it gives its way out where the consequence has none of its own', () => {
  const { remedy } = ruleById.get('access/policy-error')!;
  const seen = finding('access/policy-error', { causes: ['rls/auth-users'], help: remedy });
  const cause = finding('rls/auth-users', { help: 'Make it so.' });
  expect(mergeFindings([seen, cause], ruleById)[0]!.help).toBe('Make it so.');
  const own = { ...seen, help: 'Do this first.' };
  expect(mergeFindings([own, cause], ruleById)[0]!.help).toBe('Do this first.');
});

test('the same cause on another object stays a finding of its own', () => {
  const seen = finding('access/anon-read', { causes: ['rls/disabled'] });
  const other = finding('rls/disabled', { object: 'public.page' });
  expect(mergeFindings([seen, other], ruleById).map(({ rule, causes }) => [rule, causes])).toEqual([
    ['access/anon-read', []],
    ['rls/disabled', []],
  ]);
});

test('a failure on rows joins the static finding of its statement, with its query', () => {
  const statement = finding('safety/set-not-null', { help: 'Do it so.' });
  const rows = finding('data/breaks-on-rows', {
    severity: 'info',
    evidence: ['replay'],
    repro: 'select count(*) from public.note where slug is null;',
    help: 'Rows that would stop it.',
  });
  const merged = mergeFindings([statement, rows], ruleById);
  expect(merged).toHaveLength(1);
  expect(merged[0]).toMatchObject({
    rule: 'safety/set-not-null',
    severity: 'warning',
    evidence: ['static', 'replay'],
    causes: ['data/breaks-on-rows'],
    repro: rows.repro,
  });
  expect(merged[0]!.help).toBe('Do it so.\n\ndata/breaks-on-rows says.\n\nRows that would stop it.');
});

test('what two findings of one statement both saw in the replay is said once', () => {
  const seen = 'Seen in the replay: AccessExclusiveLock on "public.note".';
  const fill = '```sql\nupdate public.note set slug = title;\n\ndelete from public.old;\n```';
  const merged = mergeFindings(
    [
      finding('safety/set-not-null', { help: `${fill}\n\n${seen}` }),
      finding('data/breaks-on-rows', { help: `Count them.\n\n${fill}\n\n${seen}` }),
    ],
    ruleById,
  );
  expect(merged[0]!.help).toBe(`${fill}\n\n${seen}\n\ndata/breaks-on-rows says.\n\nCount them.`);
});

test('an error that joins a warning makes it an error', () => {
  const rows = finding('data/breaks-on-rows', { severity: 'error', evidence: ['replay'] });
  const merged = mergeFindings([finding('safety/set-not-null'), rows], ruleById);
  expect(merged.map(({ rule, severity }) => [rule, severity])).toEqual([['safety/set-not-null', 'error']]);
});

test('a failure on rows at another statement stands alone', () => {
  const rows = finding('data/breaks-on-rows', { line: 9, endLine: 9 });
  expect(mergeFindings([finding('safety/set-not-null'), rows], ruleById)).toHaveLength(2);
});

test('a sign-up that fails and the broken function behind it are one finding', () => {
  const signUp = finding('access/sign-up-broken', {
    object: 'auth.users',
    severity: 'error',
    line: 3,
    endLine: 12,
  });
  const body = finding('integrity/invalid-function', {
    object: 'public.handle_new_user()',
    severity: 'error',
    evidence: ['replay'],
    line: 6,
    endLine: 6,
  });
  const merged = mergeFindings([signUp, body], ruleById);
  expect(merged.map(({ rule, causes }) => [rule, causes])).toEqual([
    ['access/sign-up-broken', ['integrity/invalid-function']],
  ]);
  expect(merged[0]!.help).toContain('integrity/invalid-function says.');
});

test('a REVOKE that leaves a grant and the function it leaves open are one finding', () => {
  const revoke = finding('functions/revoke-incomplete', {
    object: 'public.f()',
    causes: ['functions/exposed-definer'],
  });
  const open = finding('functions/exposed-definer', { object: 'public.f()', line: 1, endLine: 1 });
  expect(mergeFindings([open, revoke], ruleById).map(({ rule }) => rule)).toEqual([
    'functions/revoke-incomplete',
  ]);
});

test('what stood before takes nothing new along', () => {
  const old = finding('access/anon-read', { causes: ['rls/disabled'], new: false });
  const later = finding('data/breaks-on-rows', { severity: 'info' });
  const before = finding('safety/set-not-null', { new: false });
  expect(mergeFindings([old, finding('rls/disabled'), later, before], ruleById)).toHaveLength(4);
});

test('a fix that was written behind an earlier form of the object is not lent to what was seen of the later one', () => {
  const fix = (file: string) => ({
    title: 'Let the view read as the caller',
    edits: [{ file, startLine: 9, startColumn: 1, endLine: 9, endColumn: 1, text: 'alter view …' }],
  });
  const [first, later] = [
    'supabase/migrations/20260101000000_a.sql',
    'supabase/migrations/20260102000000_b.sql',
  ];
  const seen = finding('access/definer-view', { severity: 'error', causes: ['views/definer'], file: later });
  const of = (file: string) => finding('views/definer', { file, fix: fix(file) });
  expect(mergeFindings([seen, of(first), of(later)], ruleById)[0]!.fix).toEqual(fix(later));
  expect(mergeFindings([seen, of(first), finding('views/definer')], ruleById)[0]!.fix).toBeNull();
});

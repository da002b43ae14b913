/** Huge literals are passed over in one sweep, by every rule. */
import { judge } from '../../src/rules/engine.ts';
import { loadParser } from '../../src/sql/parse.ts';
import { factsOf } from '../support/facts.ts';
import { parseFixture } from '../support/fixture.ts';

beforeAll(loadParser);

const big = 300_000;
test.each([
  ['letters', 'x'.repeat(big)],
  ['dots and dashes', 'a.b-'.repeat(big / 4)],
  ['digits', '1'.repeat(big)],
  ['blanks', ' '.repeat(big)],
  ['at signs', 'a@'.repeat(big / 2)],
  ['a base64 blob', 'eyJhbGciOi.'.repeat(big / 11)],
  ['uuids', '7c0a4a8e-33c4-4a8f-9f57-6c1d2b9e0a11 '.repeat(big / 37)],
  ['schemes', 'postgres://a:'.repeat(big / 13)],
])('an INSERT, a function and a policy with %s', (_what, text) => {
  const sql = `insert into public.users (email) values ('${text}');
create function public.f() returns text language plpgsql as $f$ begin return '${text}'; end $f$;
create policy "p" on public.note for select using (body = '${text}');
do $d$ begin perform '${text}'; end $d$;
-- ${text}`;
  const fixture = parseFixture('hang', sql);
  const started = performance.now();
  const { failed } = judge(factsOf(fixture), fixture.settings);
  expect(failed).toEqual([]);
  // The limit is far above what it takes (0.1 s) and far below what a quadratic search takes (minutes).
  expect(performance.now() - started).toBeLessThan(15_000);
});

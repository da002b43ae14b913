import { interpolate, needsPsql, setVariable, splitPsql, type Variables } from '../../src/replay/psql.ts';

const pieces = (text: string) =>
  splitPsql(text).map(({ sql, line, command }) =>
    [line, sql.trim(), command && `\\${command.name} ${command.words}`.trim()].filter(
      (part) => part !== null,
    ),
  );

test('a file is taken apart at semicolons and backslashes, not within quotes, comments and parentheses', () => {
  const text = String.raw`-- a test; of psql
\set ON_ERROR_STOP 1 \pset pager off
select ';', $a$ ; \x $a$, E'\';', "a;b" /* ; /* ; */ \y */ from t;
create rule r as on insert to t do (select 1; select 2);
select id as user_id from u \gset a_
\ir helpers/one.sql
select 2`;
  expect(pieces(text)).toEqual([
    [2, '', String.raw`\set ON_ERROR_STOP 1`],
    [2, '', String.raw`\pset pager off`],
    [3, String.raw`select ';', $a$ ; \x $a$, E'\';', "a;b" /* ; /* ; */ \y */ from t;`],
    [4, 'create rule r as on insert to t do (select 1; select 2);'],
    [5, 'select id as user_id from u', String.raw`\gset a_`],
    [6, '', String.raw`\ir helpers/one.sql`],
    [7, 'select 2'],
  ]);
});

test('variables are put in as they stand, as a literal, as a name; casts, strings and what is not set stay', () => {
  const variables: Variables = new Map([
    ['id', "o'1"],
    ['n', '7'],
  ]);
  expect(interpolate(`select :n, :'id', :"id", x::n, ':n', $$ :n $$, :other, a[1:n]`, variables)).toBe(
    `select 7, 'o''1', "o'1", x::n, ':n', $$ :n $$, :other, a[17]`,
  );
});

test('\\set joins its words and takes quotes off; the shell is not asked', () => {
  const variables: Variables = new Map([['n', '7']]);
  expect(setVariable(String.raw`who '\'a\'' :n`, variables)).toBe(true);
  expect(variables.get('who')).toBe("'a'7");
  expect(setVariable('now `date`', variables)).toBe(false);
});

test('plain SQL needs no psql', () => {
  expect(needsPsql("select E'\\n', '\\d', x::text from t;")).toBe(false);
  expect(needsPsql('\\set a 1')).toBe(true);
  expect(needsPsql('select 1 as a \\gset')).toBe(true);
});

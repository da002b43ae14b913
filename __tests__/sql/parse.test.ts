import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadParser, parseExpression, parseSource } from '../../src/sql/parse.ts';

beforeAll(loadParser);

const sqlOf = (text: string) => parseSource('a.sql', text).statements.map((statement) => statement.sql);

describe('statements', () => {
  test('start behind their comments and end before the semicolon', () => {
    const text = '-- one\n/* two */ select 1 -- three\n;\n\nselect 2 -- four\n';
    expect(sqlOf(text)).toEqual(['select 1', 'select 2']);
  });

  test('stand at lines and UTF-16 columns, whatever is written before them', () => {
    const source = parseSource('a.sql', "-- ä€𝄞\nselect 'é𝄞'; select 2;");
    expect(source.statements.map(({ span }) => [span.line, span.column, span.endColumn])).toEqual([
      [2, 1, 13],
      [2, 15, 23],
    ]);
  });

  test('byte offsets of the tree lead to the character they mean', () => {
    const text = "select 'é𝄞', wanted";
    const source = parseSource('a.sql', text);
    const target = source.statements[0]!.node.targetList[1].ResTarget;
    expect(text.slice(source.offsetOfByte(target.location))).toBe('wanted');
  });

  test('a file without statements is no error', () => {
    expect(parseSource('a.sql', '')).toMatchObject({ statements: [], issue: null });
    expect(parseSource('a.sql', '-- nothing\n')).toMatchObject({ statements: [], issue: null });
  });
});

describe('syntax errors', () => {
  test('stand at the word that Postgres names, and what is around them is still read', () => {
    const source = parseSource(
      'a.sql',
      "create table ä (i int);\nselect '€𝄞';\ncreate tabel x ();\nselect 3;",
    );
    expect(source.issue).toMatchObject({
      message: 'syntax error at or near "tabel"',
      span: { line: 3, column: 8, endColumn: 13 },
    });
    expect(source.statements.map(({ sql }) => sql)).toEqual([
      'create table ä (i int)',
      "select '€𝄞'",
      'select 3',
    ]);
    expect(
      source.text.slice(source.offsetOfByte(source.statements[2]!.node.targetList[0].ResTarget.location)),
    ).toBe('3;');
  });

  test('at the end of the text stand on its last character', () => {
    const source = parseSource('a.sql', 'select (1;\n');
    expect(source.issue?.span).toMatchObject({ line: 1 });
  });

  test('of psql commands and COPY data leave the statements between them', () => {
    const text =
      '\\restrict abc\n\nset x.y = 1;\ncopy t (a) from stdin;\n1;\n2\n\\.\n\nselect 1;\n\\unrestrict abc\n';
    const source = parseSource('a.sql', text);
    expect(source.issue?.span.line).toBe(1);
    expect(source.statements.map(({ sql, span }) => [sql, span.line])).toEqual([
      ['set x.y = 1', 3],
      ['select 1', 9],
    ]);
  });

  test('a NUL is one, for nothing behind it would be read', () => {
    expect(parseSource('a.sql', 'select 1;\0drop table x;').issue?.message).toMatch(/0x00/);
  });
});

describe('comments', () => {
  test('inside strings and dollar quotes are none', () => {
    const text = "select '-- a', E'\\'-- b', \"-- c\", $$-- d$$, $x$ /* e */ $x$, a$b /* f */ -- g";
    expect(parseSource('a.sql', text).comments.map((comment) => comment.text)).toEqual(['/* f */', '-- g']);
  });

  test('of blocks are nested', () => {
    expect(sqlOf('/* a /* b */ c */ select 1')).toEqual(['select 1']);
  });
});

describe('suppressions', () => {
  const read = (text: string) => parseSource('a.sql', text).suppressions;

  test('above a statement cover all of it', () => {
    expect(read('-- guard-ignore rls/disabled, a/b: it is a lookup\ncreate table t (\n  id int\n);')).toEqual(
      [{ rules: ['rls/disabled', 'a/b'], reason: 'it is a lookup', line: 1, covers: { from: 1, to: 4 } }],
    );
  });

  test('behind a statement cover it too', () => {
    expect(read('select 1;\ndrop table t; -- guard-ignore a/b: why')[0]!.covers).toEqual({ from: 2, to: 2 });
  });

  test('of a file cover all of it, and one without a reason keeps none', () => {
    expect(read('-- guard-ignore-file a/b\nselect 1;')).toEqual([
      { rules: ['a/b'], reason: '', line: 1, covers: null },
    ]);
  });
});

test('an expression is parsed by itself, and one that is none gives null', () => {
  expect(parseExpression('auth.uid() = user_id')).toHaveProperty('A_Expr');
  expect(parseExpression('= =')).toBeNull();
});

import type { SqlError } from '../../src/model/replay.ts';
import { verdictOf } from '../../src/probes/acting/outcome.ts';

const error = (sqlstate: string, message: string, more: Partial<SqlError> = {}): SqlError => ({
  sqlstate,
  message,
  detail: null,
  hint: null,
  position: null,
  where: null,
  schema: null,
  table: null,
  column: null,
  dataType: null,
  constraint: null,
  ...more,
});
const target = { schema: 'public', name: 'notes' };
const outcome = (of: SqlError, command: 'insert' | 'delete' | 'update' = 'insert') =>
  verdictOf(of, target, command).outcome;

describe('42501 is several answers', () => {
  test.each([
    ['check-failed', 'new row violates row-level security policy for table "notes"', null],
    ['check-failed', 'new row violates row-level security policy "x" for table "notes"', null],
    ['error', 'new row violates row-level security policy for table "log"', null],
    [
      'error',
      'new row violates row-level security policy for table "notes"',
      'PL/pgSQL function f() line 3 at SQL statement',
    ],
    ['no-permission', 'permission denied for table notes', null],
    ['no-permission', 'permission denied for materialized view notes', null],
    ['no-permission', 'permission denied for schema public', null],
    ['no-permission', 'permission denied for sequence notes_id_seq', null],
    ['error', 'permission denied for table members', null],
    ['error', 'permission denied for function is_member', null],
    ['error', 'permission denied for schema private', null],
    ['error', 'not yours', 'PL/pgSQL function f() line 1 at RAISE'],
  ])('%s: %s', (expected, message, where) => {
    expect(outcome(error('42501', message, { where }))).toBe(expected);
  });
});

describe('a constraint proves that policies let the row pass', () => {
  test('only where it names the probed table', () => {
    expect(outcome(error('23505', 'duplicate key', { schema: 'public', table: 'notes' }))).toBe('constraint');
    expect(outcome(error('23505', 'duplicate key', { schema: 'public', table: 'members' }))).toBe('error');
  });
  test('and no function raised it', () => {
    const where = 'SQL statement "insert into public.notes …"\nPL/pgSQL function f() line 2 at SQL statement';
    expect(outcome(error('23502', 'null value', { schema: 'public', table: 'notes', where }))).toBe('error');
  });
  test('and it is no domain’s, whose check runs before the policies', () => {
    expect(
      outcome(error('23514', 'value for domain email violates check constraint', { dataType: 'email' })),
    ).toBe('error');
  });
  test('a child that stops a DELETE stops it behind the policies', () => {
    const child = error('23503', 'violates foreign key constraint', { schema: 'public', table: 'comments' });
    expect(outcome(child, 'delete')).toBe('constraint');
    expect(outcome(child, 'insert')).toBe('error');
  });
});

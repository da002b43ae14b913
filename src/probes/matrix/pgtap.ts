/** The matrix as pgTAP tests for `supabase/tests/`. */
import type { AccessMatrix } from '../../model/access.ts';
import { claimsOf, userA, userB } from '../acting/principals.ts';
import { literal } from '../acting/quote.ts';
import { closedRows } from './closed-rows.ts';
import { waysIn } from './ways-in.ts';

/** What opens under a condition is no test here: it needs rows, or a request, that only the project can make. */
function leftOutOf({ objects }: AccessMatrix): readonly string[] {
  const lines = objects.flatMap((object) =>
    object.kind === 'function'
      ? []
      : object.summary
          .filter(({ access }) => access === 'conditional')
          .flatMap(({ principal, command }) =>
            waysIn(object, { principal, command }).map(
              (way) => `--   ${`${object.object}: ${principal} ${command}: ${way}`.replace(/\s+/g, ' ')}`,
            ),
          ),
  );
  return lines.length === 0
    ? []
    : ["-- Left out: who gets in under a condition. It needs rows of the project's own.", ...lines, ''];
}

/**
 * The matrix as pgTAP tests for `supabase/tests/`: what is closed stays closed. They need no rows of their own: row
 * level security, grants and policies are asked by acting, on whatever rows the project's seed brings, as two strangers.
 */
export function toPgTap(matrix: AccessMatrix): string {
  const tests: string[] = [];
  const tables = matrix.objects.filter((object) => object.kind === 'table' || object.kind === 'view');
  for (const object of tables) {
    const [schema, ...rest] = object.object.split('.');
    if (object.kind === 'table' && object.rls) {
      tests.push(
        `select ok((select relrowsecurity from pg_class where oid = ${literal(object.object)}::regclass), ${literal(`row level security is on for ${rest.join('.') || schema}`)});`,
      );
    }
    for (const { principal, command, access } of object.summary) {
      if (principal === 'service_role' || principal === 'user-anonymous' || command === 'execute') continue;
      const role = principal === 'anon' ? 'anon' : 'authenticated';
      const denied = object.cells.some(
        (cell) =>
          cell.principal === principal && cell.command === command && cell.outcome === 'no-permission',
      );
      const any = object.cells.some(
        (cell) =>
          cell.principal === principal && cell.command === command && cell.outcome !== 'no-permission',
      );
      if (denied && !any) {
        tests.push(
          `select ok(not has_table_privilege(${literal(role)}, ${literal(object.object)}, ${literal(command)}), ${literal(`${role} holds no ${command.toUpperCase()} on ${object.object}`)});`,
        );
      } else if (command === 'select' && access !== 'all' && access !== 'unknown') {
        const closed = closedRows(object, principal);
        if (closed === null) continue;
        const whom = principal === 'anon' ? 'anon' : 'a stranger';
        const what = closed.includes(' where ') ? 'only the open rows' : 'nothing';
        tests.push(
          [
            `set local role ${role};`,
            `select set_config('request.jwt.claims', ${literal(JSON.stringify(principal === 'anon' ? { role: 'anon' } : claimsOf(userA)))}, true);`,
            `select is_empty(${literal(closed)}, ${literal(`${whom} reads ${what} of ${object.object}`)});`,
            'reset role;',
          ].join('\n'),
        );
      }
    }
    for (const cell of object.cells) {
      // A refused INSERT in another's name carries its own row: it can be tried again anywhere.
      if (
        cell.principal !== 'user' ||
        cell.command !== 'insert' ||
        cell.subject !== 'spoof' ||
        cell.when !== null
      )
        continue;
      const sql = cell.proof[0]?.sql;
      if (cell.outcome !== 'check-failed' || sql === undefined || !sql.includes(userB.id)) continue;
      tests.push(
        [
          'set local role authenticated;',
          `select set_config('request.jwt.claims', ${literal(JSON.stringify(claimsOf(userA)))}, true);`,
          // A trigger that runs before the policies may miss the rows that were there while probing.
          `select case when exists (select from pg_trigger where tgrelid = ${literal(object.object)}::regclass and not tgisinternal and tgtype & 7 = 7)`,
          `  then skip(${literal(`a trigger of ${object.object} looks first`)}, 1)`,
          `  else throws_ok(${literal(sql)}, '42501', null, ${literal(`a user inserts no row into ${object.object} in another user's name`)}) end;`,
          'reset role;',
        ].join('\n'),
      );
    }
  }
  for (const { kind, object, cells } of matrix.objects) {
    if (kind !== 'function') continue;
    for (const role of ['anon', 'authenticated'] as const) {
      const principal = role === 'anon' ? 'anon' : 'user';
      const own = cells.filter((cell) => cell.principal === principal);
      if (own.length === 0 || own.some(({ outcome }) => outcome !== 'no-permission')) continue;
      tests.push(
        `select ok(not has_function_privilege(${literal(role)}, ${literal(object)}, 'execute'), ${literal(`${role} may not call ${object}`)});`,
      );
    }
  }
  if (tests.length === 0) tests.push(`select pass('nothing that was probed is closed');`);
  const count = tests.length;
  return [
    '-- Access as migration-guard saw it: what is closed stays closed.',
    '-- Made by "migration-guard access --emit pgtap"; make it again when access is meant to change.',
    'begin;',
    'create extension if not exists pgtap with schema extensions;',
    `select plan(${count});`,
    '',
    ...tests.flatMap((test) => [test, '']),
    ...leftOutOf(matrix),
    'select * from finish();',
    'rollback;',
    '',
  ].join('\n');
}

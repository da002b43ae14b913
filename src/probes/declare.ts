/** Expected access: today's matrix as a declaration, a declaration checked against a matrix, and both as pgTAP. */
import type {
  Access,
  AccessCell,
  AccessDeclaration,
  AccessDeviation,
  AccessMatrix,
  DeclaredAccess,
  ObjectAccess,
  Principal,
} from '../model/access.ts';
import { claimsOf, userA, userB } from './principals.ts';
import { literal } from './quote.ts';
import { conditionWords, waysIn } from './ways-in.ts';

type Command = AccessCell['command'];

/** The matrix as a declaration. What is unknown is left out: nobody can promise it. */
export function declarationOf(matrix: AccessMatrix): AccessDeclaration {
  const declaration: Record<string, Partial<Record<Principal, Partial<Record<Command, Access>>>>> = {};
  for (const object of [...matrix.objects].toSorted((a, b) => (a.object < b.object ? -1 : 1))) {
    for (const { principal, command, access } of object.summary) {
      if (access === 'unknown' || principal === 'service_role') continue;
      declaration[object.object] ??= {};
      declaration[object.object]![principal] ??= {};
      declaration[object.object]![principal]![command] = access;
    }
  }
  return declaration;
}

const reach: Readonly<Record<Access, number>> = { none: 0, own: 1, conditional: 2, all: 3, unknown: -1 };

export function deviations(declared: AccessDeclaration, matrix: AccessMatrix): AccessDeviation[] {
  const found: AccessDeviation[] = [];
  for (const [name, principals] of Object.entries(declared)) {
    const object = matrix.objects.find((candidate) => candidate.object === name);
    for (const [principal, commands] of Object.entries(principals) as [
      Principal,
      Partial<Record<Command, DeclaredAccess>>,
    ][]) {
      for (const [command, declared] of Object.entries(commands) as [Command, DeclaredAccess][]) {
        const expected = typeof declared === 'string' ? declared : 'conditional';
        const seen =
          object?.summary.find((entry) => entry.principal === principal && entry.command === command)
            ?.access ?? null;
        if (seen === expected) {
          if (typeof declared === 'string') continue;
          const ways = waysIn(object!, { principal, command });
          found.push(
            ...otherWays(declared.conditional, ways).map(({ direction, conditions }) => {
              const cell = witness(object!, principal, command, direction, conditions);
              return { object: name, principal, command, expected, seen, direction, conditions, cell };
            }),
          );
          continue;
        }
        const direction =
          seen === null || seen === 'unknown' ? 'unproven' : reach[seen] > reach[expected] ? 'more' : 'less';
        found.push({
          object: name,
          principal,
          command,
          expected,
          seen,
          direction,
          cell: object === undefined ? null : witness(object, principal, command, direction),
        });
      }
    }
  }
  return found;
}

/** Ways in that nobody declared, and declared ones that are closed. */
function otherWays(declared: readonly string[], ways: readonly string[]) {
  const beyond = ways.filter((way) => !declared.includes(way));
  const closed = declared.filter((way) => !ways.includes(way));
  return [
    { direction: 'more' as const, conditions: beyond },
    { direction: 'less' as const, conditions: closed },
  ].filter(({ conditions }) => conditions.length > 0);
}

/** The cell that says most: what passed where it should not, what was refused where it should not. */
function witness(
  object: ObjectAccess,
  principal: Principal,
  command: Command,
  direction: AccessDeviation['direction'],
  conditions: readonly string[] = [],
): AccessCell | null {
  const cells = object.cells.filter((cell) => cell.principal === principal && cell.command === command);
  const under = cells.find(({ when }) => when !== null && conditions.includes(conditionWords(when)));
  if (conditions.length > 0) return under ?? null;
  const wanted =
    direction === 'more'
      ? cells.filter((cell) => cell.outcome === 'allowed' && cell.subject !== 'own')
      : cells.filter((cell) => cell.outcome !== 'allowed' && cell.subject === 'own');
  return wanted[0] ?? cells[0] ?? null;
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
      } else if (access === 'none' && command === 'select') {
        tests.push(
          [
            `set local role ${role};`,
            `select set_config('request.jwt.claims', ${literal(JSON.stringify(principal === 'anon' ? { role: 'anon' } : claimsOf(userA)))}, true);`,
            `select is_empty(${literal(`select 1 from ${object.object}`)}, ${literal(`${principal === 'anon' ? 'anon' : 'a stranger'} reads nothing of ${object.object}`)});`,
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
    'select * from finish();',
    'rollback;',
    '',
  ].join('\n');
}

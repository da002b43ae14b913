/** Expected access: today's matrix as a declaration, and a declaration checked against a matrix. */
import type {
  Access,
  AccessCell,
  AccessDeclaration,
  AccessDeviation,
  AccessMatrix,
  DeclaredAccess,
  ObjectAccess,
  Principal,
} from '../../model/access.ts';
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

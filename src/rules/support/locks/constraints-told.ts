/** What is said of the CHECKs and foreign keys that one ALTER TABLE adds and validates at once. */
import type { Statement } from '../../../model/sql.ts';
import type { FileContext } from '../../rule.ts';
import type { ValueList } from '../conditions/implication.ts';
import { isHeldExclusively, listed, takesExclusiveLock } from '../statements/statements.ts';
import { listed as inTurn } from '../words/words.ts';

export interface AddedConstraint {
  readonly name: string | null;
  readonly what: 'CHECK' | 'foreign key';
  readonly isCheck: boolean;
  /** Key of the table that a foreign key points at. */
  readonly references: string | null;
  /** All that the one did whose place it takes. */
  readonly allows: boolean;
  /** It asks for nothing but what columns of this change hold. */
  readonly onNewColumns: boolean;
  /** No row is known that could break it. */
  readonly holds: boolean;
  /** Columns of this change whose NULL breaks it in every row that is there. */
  readonly empty: readonly string[];
  /** Values that the list before lets through, and this one does not. */
  readonly lost: ValueList | null;
}

export function readingAll(
  constraints: readonly AddedConstraint[],
  table: string,
  statement: Statement,
  context: FileContext,
): string {
  const isOne = constraints.length === 1;
  const it = isOne ? 'it' : 'them';
  const change = constraints.some(({ lost }) => lost !== null)
    ? ', change those rows,'
    : constraints.some(({ empty }) => empty.length > 0)
      ? ', fill those rows,'
      : '';
  return `${subjectOf(constraints)} on "${table}" ${isOne ? 'reads' : 'read'} every row while ${waiting(constraints, table, statement, context)}.${breaking(constraints)} Add ${it} NOT VALID${change} and validate ${it} in the next migration.`;
}

function subjectOf(constraints: readonly AddedConstraint[]): string {
  const [first, ...others] = constraints;
  if (others.length === 0) return `The ${first!.what}`;
  const names = constraints.flatMap(({ name }) => name ?? []);
  if (names.length === constraints.length && others.every(({ what }) => what === first!.what))
    return `The ${first!.what}s ${listed(names, names.length)}`;
  const words = inTurn(
    constraints.map(({ what, name }) => (name === null ? `a ${what}` : `the ${what} "${name}"`)),
  );
  return `${words[0]!.toUpperCase()}${words.slice(1)}`;
}

function waiting(
  constraints: readonly AddedConstraint[],
  table: string,
  statement: Statement,
  context: FileContext,
): string {
  if (takesExclusiveLock(statement.node) || isHeldExclusively(statement, table, context))
    return 'reads and writes wait';
  const tables = [...new Set([table, ...constraints.flatMap(({ references }) => references ?? [])])];
  return tables.length === 1
    ? 'writes to it wait'
    : tables.length === 2
      ? 'writes to both tables wait'
      : `writes to it, ${inTurn(tables.slice(1).map((each) => `"${each}"`))} wait`;
}

function breaking(constraints: readonly AddedConstraint[]): string {
  const isOne = constraints.length === 1;
  if (constraints.every(({ isCheck, allows }) => isCheck && allows))
    return isOne
      ? ' It allows all that the one before it did, so no row breaks it.'
      : ' They allow all that those before them did, so no row breaks them.';
  const lists = constraints.flatMap(({ name, lost }) =>
    lost === null
      ? []
      : ` The list before${isOne ? '' : ` "${name ?? '…'}"`} lets ${listed(lost.values.map(String))} through, and one row that holds ${lost.values.length === 1 ? 'it' : 'one of them'} makes the file fail.`,
  );
  const empty = [...new Set(constraints.flatMap((each) => each.empty))];
  const open = constraints.filter((each) => !each.holds && each.lost === null && each.empty.length === 0);
  const names = open.map(({ name }) => name ?? '');
  const which = isOne
    ? 'it'
    : open.length === constraints.length || names.includes('')
      ? 'one of them'
      : inTurn(
          names.map((name) => `"${name}"`),
          'or',
        );
  return `${lists.join('')}${empty.length === 0 ? '' : ` Rows that are there hold NULL in ${listed(empty)}, which breaks ${isOne ? 'it' : 'that'}: the file fails where there is one.`}${open.length === 0 ? '' : ` One row that breaks ${which} makes the file fail.`}`;
}

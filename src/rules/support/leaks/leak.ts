/** What the probes saw pass that should not, as the rules tell it. */
import type { AccessCell, ObjectAccess, Principal } from '../../../model/access.ts';
import type { Command, Policy } from '../../../model/schema.ts';

/** A row that is somebody's, reached by somebody else, whatever the row holds. */
export interface Leak {
  readonly cell: AccessCell;
  readonly command: Command | 'execute';
  readonly principal: Principal;
}

/** Leaks with one cause: one finding. */
export interface LeakGroup {
  readonly object: ObjectAccess;
  /** The rule that tells it: the gravest of those its leaks are about. */
  readonly rule: string;
  /** The others. */
  readonly also: readonly string[];
  readonly leaks: readonly Leak[];
  /** Policy that opened it; `off` where row level security is off; null where no single policy did. */
  readonly opener: Policy | 'off' | null;
  /** Other objects of the same cause, which are not told by themselves. */
  readonly alike: readonly string[];
  readonly preexisting: boolean;
}

/** Rows without an owner alone, reached by who signed in. */
export const areOfNobody = ({ leaks }: LeakGroup): boolean =>
  leaks.every(({ cell: { subject }, principal }) => subject === 'unowned' && principal !== 'anon');

export const whose = (group: LeakGroup) => (areOfNobody(group) ? 'nobody' : 'another');

/** What users reach is that rows name others (`spoof`) or are handed to them (`transfer`), by columns that are each as asked. */
export const onlyNamesOthers = (
  leaks: readonly Leak[],
  isAsAsked: (column: string, cell: AccessCell) => boolean,
  subjects: readonly AccessCell['subject'][] = ['spoof'],
): boolean =>
  leaks.every(
    ({ cell, principal }) =>
      principal !== 'anon' &&
      subjects.includes(cell.subject) &&
      cell.columns.length > 0 &&
      cell.columns.every((column) => isAsAsked(column, cell)),
  );

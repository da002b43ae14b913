/**
 * Columns whose made-up value a trigger refuses to everybody: a coordinate outside its board. They are left out of the
 * UPDATEs of plain columns, where others are left to ask with.
 */
import { attemptAll } from '../acting/attempt.ts';
import { serviceRole } from '../acting/principals.ts';
import { mayRefuseTheValue } from '../refusals.ts';
import { hasTriggers, type Subjects, type TableContext } from './case.ts';
import { updateOfColumns } from './updates.ts';

export async function refusedColumns(
  context: TableContext,
  { a, b }: Subjects,
  columns: readonly string[],
): Promise<ReadonlySet<string>> {
  const row = a ?? b;
  if (row === undefined || columns.length < 2 || !hasTriggers(context.table)) return new Set();
  const ask = (list: readonly (readonly string[])[]) =>
    attemptAll(
      context.session,
      list.map((names) => ({ ...updateOfColumns(context, row, names), identity: serviceRole })),
    );
  const isRefused = ({ outcome }: Awaited<ReturnType<typeof ask>>[number]) =>
    !outcome.ok && mayRefuseTheValue(outcome.error, context.asking);
  const [together] = await ask([columns]);
  if (!isRefused(together!)) return new Set();
  const single = await ask(columns.map((column) => [column]));
  const refused = columns.filter((_, index) => isRefused(single[index]!));
  return new Set(refused.length < columns.length ? refused : []);
}

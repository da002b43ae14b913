/** A view that shows a table's rows without some of its columns: what it leaves out is not for its readers. */
import type { SchemaState, Table, View } from '../../../model/schema.ts';

export interface Hiding {
  readonly view: View;
  readonly columns: readonly string[];
}

/** It asks with its owner's rights, so that its readers need no policy of the table. */
export function hidingView(table: Table, state: SchemaState): Hiding | null {
  const own = new Set(table.columns.map(({ name }) => name));
  for (const view of state.views.values()) {
    const shows = view.columns;
    if (view.kind !== 'view' || view.securityInvoker || view.reads.join() !== table.key) continue;
    // Sums and joins are another matter: these are the table's rows.
    if (shows.length < 2 || !shows.every((name) => own.has(name))) continue;
    const columns = [...own].filter((name) => !shows.includes(name) && !bookkeeping.test(name));
    if (columns.length > 0 && columns.length < shows.length) return { view, columns };
  }
  return null;
}

const bookkeeping =
  /^(id|(created|updated|deleted|modified|inserted)_?(at|by|on)|version|sort_order|position)$/i;

/** Event triggers. */
import { literal } from '../quote.ts';
import type { Assembly } from './assembly.ts';

export function eventTriggers({ rows, add, idOf, ownerTo, commentName }: Assembly): void {
  for (const row of rows.eventTriggers) {
    const tags = row.tags === null ? '' : ` WHEN TAG IN (${row.tags.map(literal).join(', ')})`;
    const states: Readonly<Record<string, string>> = {
      D: 'DISABLE',
      R: 'ENABLE REPLICA',
      A: 'ENABLE ALWAYS',
    };
    const create = [
      `CREATE EVENT TRIGGER ${row.name} ON ${row.event}${tags} EXECUTE FUNCTION ${row.function_name}()`,
      ...(row.enabled === 'O' ? [] : [`ALTER EVENT TRIGGER ${row.name} ${states[row.enabled]}`]),
      ...ownerTo('EVENT TRIGGER', row.name, row.owner),
    ];
    const id = add({
      kind: 'event trigger',
      identity: row.name,
      definition: create.join(';\n'),
      create,
      drop: [`DROP EVENT TRIGGER ${row.name}`],
      needs: [idOf(`pg_proc ${row.function} 0`)],
      address: `pg_event_trigger ${row.oid} 0`,
    });
    commentName.set(id, `EVENT TRIGGER ${row.name}`);
  }
}

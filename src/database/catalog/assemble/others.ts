/** What only a superuser makes (operator classes, languages, transforms…): noticed, dropped where it is new, not made again. */
import type { Assembly } from './assembly.ts';

export function others({ rows, add, commentName }: Assembly): void {
  for (const { class: catalog, oid, type, identity, definition } of rows.others) {
    const id = add({
      kind: 'other',
      identity: `${type} ${identity}`,
      definition: JSON.stringify(definition),
      drop: [`DROP ${type.toUpperCase()} ${identity}`],
      address: `${catalog} ${oid} 0`,
    });
    commentName.set(id, `${type.toUpperCase()} ${identity}`);
  }
}

/** What new objects are granted unasked. */
import { changePrivileges, parseAcl, privilegeWords } from '../privileges.ts';
import type { Assembly } from './assembly.ts';

const objectClasses: Readonly<Record<string, string>> = {
  r: 'TABLES',
  S: 'SEQUENCES',
  f: 'FUNCTIONS',
  T: 'TYPES',
  n: 'SCHEMAS',
};

export function defaultPrivileges({ rows, objects, add, schemaId }: Assembly): void {
  for (const { role, schema, class: objectClass, acl, base } of rows.defaultPrivileges) {
    const on = objectClasses[objectClass]!;
    const to = Object.fromEntries(parseAcl(acl).map((entry) => [entry.grantee, entry.privileges]));
    const from = Object.fromEntries(parseAcl(base).map((entry) => [entry.grantee, entry.privileges]));
    const prefix = `ALTER DEFAULT PRIVILEGES FOR ROLE ${role}${schema === null ? '' : ` IN SCHEMA ${schema}`} `;
    const change = (a: Record<string, string>, b: Record<string, string>) =>
      [...new Set([...Object.keys(a), ...Object.keys(b)])]
        .sort()
        .flatMap((grantee) => changePrivileges(a[grantee] ?? '', b[grantee] ?? '', { on, grantee, prefix }));
    add({
      kind: 'default privilege',
      identity: `${on.toLowerCase()} by ${role}${schema === null ? '' : ` in ${schema}`}`,
      parent: schema === null ? null : schemaId(schema),
      definition: Object.entries(to)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([grantee, privileges]) => `${grantee}: ${privilegeWords(privileges)}`)
        .join('\n'),
      properties: { role, schema, on, prefix, to, from },
      create: change(from, to),
      drop: change(to, from),
      needs: [objects.has(`role ${role}`) ? `role ${role}` : null],
    });
  }
}

/** Roles, who is a member of whom, settings, and the database itself. */
import { literal } from '../quote.ts';
import type { Assembly } from './assembly.ts';

export function roles({ rows, objects, server, add, grants, commentName }: Assembly): void {
  for (const role of rows.roles) {
    const flags = [
      ['SUPERUSER', role.superuser],
      ['INHERIT', role.inherit],
      ['CREATEROLE', role.createrole],
      ['CREATEDB', role.createdb],
      ['LOGIN', role.login],
      ['REPLICATION', role.replication],
      ['BYPASSRLS', role.bypassrls],
    ].map(([word, on]) => (on ? word : `NO${word}`));
    if (role.connection_limit !== -1) flags.push(`CONNECTION LIMIT ${role.connection_limit}`);
    if (role.valid_until !== null) flags.push(`VALID UNTIL ${literal(role.valid_until)}`);
    const { oid, name, ...properties } = role;
    const wanted = flags.filter(
      (flag) => !/^NO(SUPERUSER|CREATEROLE|CREATEDB|LOGIN|REPLICATION|BYPASSRLS)$|^INHERIT$/.test(flag),
    );
    const id = add({
      kind: 'role',
      identity: name,
      definition: flags.join(' '),
      properties,
      create: [`CREATE ROLE ${name}${wanted.length > 0 ? ` WITH ${wanted.join(' ')}` : ''}`],
      drop: [`DROP ROLE ${name}`],
      address: `pg_authid ${oid} 0`,
    });
    commentName.set(id, `ROLE ${name}`);
  }
  for (const { role, member, grantor, admin, inherit, set } of rows.memberships) {
    const options = [
      admin && 'ADMIN OPTION',
      inherit === false && 'INHERIT FALSE',
      set === false && 'SET FALSE',
    ];
    const words = options.filter(Boolean).join(', ');
    // The bootstrap superuser's own grants come with CREATE ROLE: nobody else can take them back.
    const own = grantor !== server.bootstrap;
    add({
      kind: 'membership',
      identity: `${member} in ${role} by ${grantor}`,
      parent: objects.has(`role ${role}`) ? `role ${role}` : null,
      definition: words || 'member',
      properties: { role, member, admin, inherit, set },
      create: own ? [`GRANT ${role} TO ${member}${words ? ` WITH ${words}` : ''}`] : [],
      drop: own ? [`REVOKE ${role} FROM ${member}`] : null,
      needs: [objects.has(`role ${member}`) ? `role ${member}` : null],
    });
  }
  add({ kind: 'database', identity: 'database', definition: `owner ${server.owner}` });
  grants('DATABASE postgres', server.acl, server.owner, 'database database');
  for (const { role, here, setting } of rows.settings) {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(setting) as unknown as [string, string, string];
    const settingSql = (rest: string) => {
      if (role !== null && !here) return `ALTER ROLE ${role} ${rest}`;
      // On Supabase the database is always called so; elsewhere the one at hand is meant.
      const who = role === null ? 'DATABASE postgres' : `ROLE ${role} IN DATABASE postgres`;
      return `ALTER ${who} ${rest}`;
    };
    // Lists keep their own quotes (GUC_LIST_QUOTE in Postgres' guc_tables.c).
    const list =
      /^(search_path|temp_tablespaces|(session|local|shared)_preload_libraries|unix_socket_directories)$/;
    add({
      kind: 'setting',
      identity: `${name} of ${role ?? 'database'}${role !== null && here ? ' in database' : ''}`,
      parent: role !== null && objects.has(`role ${role}`) ? `role ${role}` : null,
      definition: `${name} = ${value}`,
      create: [settingSql(`SET ${name} TO ${list.test(name) ? value || "''" : literal(value)}`)],
      drop: [settingSql(`RESET ${name}`)],
    });
  }
}

/** Foreign data wrappers, their servers, and who is whom on those. */
import type { Assembly } from './assembly.ts';
import { optionsClause } from './options.ts';

export function foreignDataWrappers({ rows, add, grants, ownerTo, commentName }: Assembly): void {
  for (const { oid, name, owner, handler, validator, options, acl, member } of rows.wrappers) {
    // With an extension it comes and goes; what it grants is the project's own.
    if (member) {
      grants(`FOREIGN DATA WRAPPER ${name}`, acl, owner, null);
      continue;
    }
    const words = [
      `CREATE FOREIGN DATA WRAPPER ${name}`,
      handler && `HANDLER ${handler}`,
      validator && `VALIDATOR ${validator}`,
    ];
    const create = `${words.filter(Boolean).join(' ')}${optionsClause(options)}`;
    const id = add({
      kind: 'foreign data wrapper',
      identity: name,
      definition: owner === 'postgres' ? create : `${create}\n-- owner ${owner}`,
      properties: { owner, handler, validator, options: options ?? [] },
      create: [create, ...ownerTo('FOREIGN DATA WRAPPER', name, owner)],
      drop: [`DROP FOREIGN DATA WRAPPER ${name}`],
      address: `pg_foreign_data_wrapper ${oid} 0`,
    });
    commentName.set(id, `FOREIGN DATA WRAPPER ${name}`);
    grants(`FOREIGN DATA WRAPPER ${name}`, acl, owner, id);
  }
}

export function servers({ rows, objects, add, grants, ownerTo, commentName }: Assembly): void {
  for (const { oid, name, owner, wrapper, type, version, options, acl } of rows.servers) {
    const words = [
      `CREATE SERVER ${name}`,
      type !== null && `TYPE ${type}`,
      version !== null && `VERSION ${version}`,
      `FOREIGN DATA WRAPPER ${wrapper}`,
    ];
    const create = `${words.filter(Boolean).join(' ')}${optionsClause(options)}`;
    const wrapperId = `foreign data wrapper ${wrapper}`;
    const id = add({
      kind: 'server',
      identity: name,
      definition: owner === 'postgres' ? create : `${create}\n-- owner ${owner}`,
      properties: { owner, wrapper, type, version, options: options ?? [] },
      create: [create, ...ownerTo('SERVER', name, owner)],
      drop: [`DROP SERVER ${name}`],
      address: `pg_foreign_server ${oid} 0`,
      needs: [objects.has(wrapperId) ? wrapperId : null],
    });
    commentName.set(id, `SERVER ${name}`);
    grants(`FOREIGN SERVER ${name}`, acl, owner, id);
  }
}

export function userMappings({ rows, objects, add }: Assembly): void {
  for (const { oid, server, user, options, hidden } of rows.userMappings) {
    const on = `USER MAPPING FOR ${user} SERVER ${server}`;
    add({
      kind: 'user mapping',
      identity: `${user} on ${server}`,
      // Only their own user and a superuser see options; what is not seen can't be written again.
      definition: hidden ? `${on} (options hidden)` : `${on}${optionsClause(options)}`,
      properties: { server, user, options: options ?? [], hidden },
      create: hidden ? [] : [`CREATE ${on}${optionsClause(options)}`],
      drop: [`DROP ${on}`],
      address: `pg_user_mapping ${oid} 0`,
      needs: [`server ${server}`, objects.has(`role ${user}`) ? `role ${user}` : null],
    });
  }
}

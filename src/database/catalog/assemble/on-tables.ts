/** What hangs on tables: policies, triggers, rules. */
import type { Assembly } from './assembly.ts';

const commands: Readonly<Record<string, string>> = {
  r: 'SELECT',
  a: 'INSERT',
  w: 'UPDATE',
  d: 'DELETE',
  '*': 'ALL',
};

export function policies({ rows, objects, relations, add, idOf, commentName }: Assembly): void {
  for (const row of rows.policies) {
    const relation = relations.get(row.relation);
    if (relation === undefined) continue;
    const roles = (row.roles as string[]).map((role) => (role === 'public' ? 'PUBLIC' : role));
    const sql = [
      `CREATE POLICY ${row.name} ON ${relation.name}`,
      `${row.permissive ? '' : ' AS RESTRICTIVE'} FOR ${commands[row.command]} TO ${roles.join(', ')}`,
      row.using === null ? '' : `\n  USING (${row.using})`,
      row.check === null ? '' : `\n  WITH CHECK (${row.check})`,
    ].join('');
    const id = add({
      kind: 'policy',
      identity: `${row.name} on ${relation.name}`,
      parent: idOf(`pg_class ${row.relation} 0`),
      definition: sql,
      properties: {
        table: relation.name,
        name: row.name,
        command: commands[row.command]!.toLowerCase(),
        permissive: row.permissive,
        roles: row.roles,
        using: row.using,
        check: row.check,
      },
      create: [sql],
      drop: [`DROP POLICY ${row.name} ON ${relation.name}`],
      address: `pg_policy ${row.oid} 0`,
      needs: (row.roles as string[]).map((role) => (objects.has(`role ${role}`) ? `role ${role}` : null)),
    });
    commentName.set(id, `POLICY ${row.name} ON ${relation.name}`);
  }
}

export function triggers({ rows, relations, add, idOf, commentName }: Assembly): void {
  for (const row of rows.triggers) {
    const relation = relations.get(row.relation);
    if (relation === undefined) continue;
    const enabled = triggerState(row.enabled, 'TRIGGER', relation.name, row.name);
    const id = add({
      kind: 'trigger',
      identity: `${row.name} on ${relation.name}`,
      parent: idOf(`pg_class ${row.relation} 0`),
      definition: `${row.definition}${enabled.word}`,
      properties: { table: relation.name, name: row.name, enabled: row.enabled, sql: row.definition },
      create: [row.definition, ...enabled.sql],
      drop: [`DROP TRIGGER ${row.name} ON ${relation.name}`],
      address: `pg_trigger ${row.oid} 0`,
    });
    commentName.set(id, `TRIGGER ${row.name} ON ${relation.name}`);
  }
}

export function rules({ rows, relations, add, idOf, point, commentName }: Assembly): void {
  for (const row of rows.rules) {
    const relation = relations.get(row.relation);
    if (relation === undefined) continue;
    if (row.definition === null) {
      const view = idOf(`pg_class ${row.relation} 0`);
      if (view !== null) point(view, `pg_rewrite ${row.oid} 0`);
      continue;
    }
    const enabled = triggerState(row.enabled, 'RULE', relation.name, row.name);
    const sql = String(row.definition).replace(/;\s*$/, '');
    const id = add({
      kind: 'rule',
      identity: `${row.name} on ${relation.name}`,
      parent: idOf(`pg_class ${row.relation} 0`),
      definition: `${sql}${enabled.word}`,
      create: [sql, ...enabled.sql],
      drop: [`DROP RULE ${row.name} ON ${relation.name}`],
      address: `pg_rewrite ${row.oid} 0`,
    });
    commentName.set(id, `RULE ${row.name} ON ${relation.name}`);
  }
}

function triggerState(enabled: string, word: 'TRIGGER' | 'RULE', table: string, name: string) {
  const states: Readonly<Record<string, string>> = { D: 'DISABLE', R: 'ENABLE REPLICA', A: 'ENABLE ALWAYS' };
  const state = states[enabled];
  return {
    word: state === undefined ? '' : ` -- ${state.toLowerCase()}`,
    sql: state === undefined ? [] : [`ALTER TABLE ${table} ${state} ${word} ${name}`],
  };
}

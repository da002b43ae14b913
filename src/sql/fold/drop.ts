/** DROP, and what goes along with what is dropped. */
import type { Expression, Routine, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { keyOf, qualified, strings } from '../names.ts';
import { sequencesOf } from './columns.ts';
import { dropForeignKeysTo, withoutConstraint } from './constraints.ts';
import type { Draft } from './draft.ts';
import { extensionOfType } from './extensions.ts';
import { findIndex } from './indexes.ts';
import { mentions, tableMentions, type Uses, usesOf } from './references.ts';
import { findRoutines } from './routines.ts';
import type { Site } from './site.ts';
import { childrenOf, splitKey } from './table-access.ts';

export function dropStatement(draft: Draft, node: SyntaxNode, site: Site): void {
  const cascade = node.behavior === 'DROP_CASCADE';
  const objects: readonly SyntaxNode[] = node.objects ?? [];
  const named = (object: SyntaxNode) => strings(object.List?.items ?? (object.String ? [object] : []));
  for (const object of objects) {
    switch (node.removeType) {
      case 'OBJECT_TABLE':
      case 'OBJECT_FOREIGN_TABLE':
        dropTable(draft, draft.relationNamed(named(object)), cascade);
        break;
      case 'OBJECT_VIEW':
      case 'OBJECT_MATVIEW':
        dropView(draft, draft.relationNamed(named(object)), cascade);
        break;
      case 'OBJECT_SEQUENCE':
        dropSequence(draft, draft.relationNamed(named(object)));
        break;
      case 'OBJECT_INDEX': {
        const { schema, name } = qualified(named(object));
        dropIndex(draft, schema, name);
        break;
      }
      case 'OBJECT_POLICY':
        onTable(draft, named(object), (table, name) => ({
          ...table,
          policies: table.policies.filter((policy) => policy.name !== name),
        }));
        break;
      case 'OBJECT_TRIGGER': {
        const parts = named(object);
        dropTrigger(draft, draft.relationNamed(parts.slice(0, -1)), parts.at(-1) ?? '');
        break;
      }
      case 'OBJECT_FUNCTION':
      case 'OBJECT_PROCEDURE':
      case 'OBJECT_ROUTINE':
      case 'OBJECT_AGGREGATE':
        for (const key of findRoutines(draft, object.ObjectWithArgs)) dropRoutine(draft, key, cascade, site);
        break;
      case 'OBJECT_TYPE':
      case 'OBJECT_DOMAIN': {
        const { schema, name } = qualified(strings(object.TypeName?.names));
        dropType(draft, draft.typeKey(schema, name));
        break;
      }
      case 'OBJECT_SCHEMA':
        for (const name of named(object)) dropSchema(draft, name, site);
        break;
      case 'OBJECT_EXTENSION':
        for (const name of named(object)) dropExtension(draft, name, cascade);
        break;
      case 'OBJECT_PUBLICATION':
        for (const name of named(object)) draft.remove('publication', name);
        break;
      default:
        // Rules, casts, operators, collations, servers …: no part of a state.
        break;
    }
  }
}

function onTable(
  draft: Draft,
  parts: readonly string[],
  change: (table: Table, name: string) => Table,
): void {
  draft.update('table', draft.relationNamed(parts.slice(0, -1)), (table) =>
    change(table, parts.at(-1) ?? ''),
  );
}

// — relations —

/** Without CASCADE nothing depends on it, or Postgres would refuse. */
export function dropTable(draft: Draft, key: string, cascade = true): void {
  const table = draft.get('table', key);
  if (table === undefined) return;
  for (const child of childrenOf(draft, key)) dropTable(draft, child.key);
  draft.remove('table', key);
  for (const sequence of draft.all('sequence').values()) {
    if (sequence.ownedBy?.startsWith(`${key}.`)) dropSequence(draft, sequence.key);
  }
  dropForeignKeysTo(draft, key, null);
  if (cascade) dropRelationUsers(draft, key, table.name);
  draft.each('publication', (publication) =>
    publication.tables.some((member) => member.table === key)
      ? { ...publication, tables: publication.tables.filter((member) => member.table !== key) }
      : publication,
  );
}

function dropView(draft: Draft, key: string, cascade = true): void {
  const view = draft.get('view', key);
  if (view === undefined) return;
  draft.remove('view', key);
  if (cascade) dropRelationUsers(draft, key, view.name);
}

/** Views that read it, policies that ask it, and whatever has its row type. */
function dropRelationUsers(draft: Draft, key: string, name: string): void {
  for (const view of draft.all('view').values()) if (view.reads.includes(key)) dropView(draft, view.key);
  dropExpressions(draft, name, (uses) => uses.relations.some((relation) => relation.key === key));
  dropTypeUsers(draft, key);
}

export function dropSequence(draft: Draft, key: string): void {
  const sequence = draft.get('sequence', key);
  if (sequence === undefined) return;
  draft.remove('sequence', key);
  draft.each('table', (table) => {
    const columns = table.columns.map((column) => {
      const feeds =
        mentions(column.default, sequence.name) &&
        usesOf(draft, column.default!.node, null).relations.some((relation) => relation.key === key);
      if (!feeds && column.sequence !== key) return column;
      return { ...column, sequence: null, default: feeds ? null : column.default };
    });
    return columns.some((column, at) => column !== table.columns[at]) ? { ...table, columns } : table;
  });
}

function dropIndex(draft: Draft, schema: string | null, name: string): void {
  const found = findIndex(draft, schema, name);
  if (found === null) return;
  const { index } = found;
  if (found.kind === 'view') {
    draft.put('view', { ...found.holder, indexes: found.holder.indexes.filter((other) => other !== index) });
    return;
  }
  // An index behind a constraint can't be dropped by itself.
  if (index.constraint) return;
  const from = (table: Table, definition: string) => {
    draft.put('table', { ...table, indexes: table.indexes.filter((other) => other !== index) });
    for (const partition of childrenOf(draft, table.key)) {
      const clone = partition.indexes.find((other) => other.definition === definition && !other.constraint);
      if (partition.kind === 'partition' && clone !== undefined)
        dropIndexOf(draft, partition.key, clone.name);
    }
  };
  from(found.holder, index.definition);
}

function dropIndexOf(draft: Draft, key: string, name: string): void {
  const { schema } = draft.get('table', key)!;
  dropIndex(draft, schema, name);
}

function dropTrigger(draft: Draft, key: string, name: string): void {
  const view = draft.get('view', key);
  if (view !== undefined) {
    draft.put('view', { ...view, triggers: view.triggers.filter((trigger) => trigger.name !== name) });
    return;
  }
  const table = draft.get('table', key);
  if (table === undefined) return;
  draft.put('table', { ...table, triggers: table.triggers.filter((trigger) => trigger.name !== name) });
  for (const partition of childrenOf(draft, key)) {
    if (partition.kind === 'partition') dropTrigger(draft, partition.key, name);
  }
}

// — columns —

export function dropColumn(draft: Draft, key: string, name: string, cascade: boolean): void {
  const table = draft.get('table', key);
  if (table === undefined || !table.columns.some((column) => column.name === name)) return;
  const own = (expression: Expression | null, of = table.key) =>
    mentions(expression, name) &&
    usesOf(draft, expression!.node, of).columns.some((use) => use.relation === key && use.column === name);

  let changed: Table = table;
  const keys = [table.primaryKey, ...table.uniques, ...table.exclusions, ...table.foreignKeys];
  const gone = [
    ...keys.filter((constraint) => constraint?.columns.includes(name)),
    ...table.checks.filter((check) => own(check.expression)),
  ];
  for (const constraint of gone) changed = withoutConstraint(changed, constraint!.name);
  changed = {
    ...changed,
    columns: changed.columns.filter((column) => column.name !== name),
    indexes: changed.indexes.filter(
      (index) =>
        !index.columns.includes(name) &&
        !index.include.includes(name) &&
        !own(index.predicate) &&
        !index.expressions.some((expression) => own(expression)),
    ),
    grants: changed.grants.flatMap((grant) => {
      if (grant.columns === null || !grant.columns.includes(name)) return [grant];
      const columns = grant.columns.filter((column) => column !== name);
      return columns.length === 0 ? [] : [{ ...grant, columns }];
    }),
  };
  // Found while the column is still there to be resolved.
  const generated = table.columns.filter((column) => column.name !== name && own(column.generated));
  if (cascade) {
    for (const view of [...draft.all('view').values()]) {
      if (view.reads.includes(key) && own(view.definition, '')) dropView(draft, view.key);
    }
    dropPolicies(draft, name, own);
    changed = { ...changed, policies: draft.get('table', key)?.policies ?? changed.policies };
    for (const foreignKey of [...draft.all('table').values()].flatMap((other) => other.foreignKeys)) {
      if (foreignKey.references === key && foreignKey.referencedColumns.includes(name)) {
        dropForeignKeysTo(draft, key, foreignKey.referencedColumns);
      }
    }
    const foreignKeys = draft.get('table', key)?.foreignKeys ?? [];
    changed = { ...changed, foreignKeys: changed.foreignKeys.filter((fk) => foreignKeys.includes(fk)) };
  }
  draft.put('table', changed);
  for (const sequence of sequencesOf(draft, key, name)) dropSequence(draft, sequence.key);
  for (const column of generated) dropColumn(draft, key, column.name, cascade);
  for (const child of childrenOf(draft, key)) dropColumn(draft, child.key, name, cascade);
}

// — routines —

export function dropRoutine(draft: Draft, key: string, cascade: boolean, site: Site): void {
  const routine = draft.get('routine', key);
  if (routine === undefined) return;
  draft.remove('routine', key);
  if (!cascade) return;
  const name = keyOf(routine.schema, routine.name);
  const others = [...draft.all('routine').values()].filter(
    (other) => other.schema === routine.schema && other.name === routine.name,
  );
  const calls = (uses: Uses) =>
    uses.functions.some(
      (call) =>
        call.name === routine.name &&
        (call.schema === null || call.schema === routine.schema) &&
        takes(routine, call.args),
    );
  if (others.some((other) => other.arguments.length === routine.arguments.length)) {
    draft.unknown(site.origin, `what calls ${key} and not one of the same name`, null, 'else');
    return;
  }
  if (routine.arguments.length === 0) {
    for (const kind of ['table', 'view'] as const) {
      draft.each(kind, (holder) =>
        holder.triggers.some((trigger) => trigger.function === name)
          ? { ...holder, triggers: holder.triggers.filter((trigger) => trigger.function !== name) }
          : holder,
      );
    }
  }
  dropExpressions(draft, routine.name, calls);
}

/** True where a call with so many arguments can mean this routine. */
export function takes(routine: Routine, count: number): boolean {
  const inputs = routine.arguments.filter((arg) => arg.mode !== 'out' && arg.mode !== 'table');
  if (inputs.at(-1)?.mode === 'variadic') return count >= inputs.length - 1;
  return count <= inputs.length && count >= inputs.filter((arg) => !arg.hasDefault).length;
}

// — types, schemas, extensions —

export function dropType(draft: Draft, key: string): void {
  draft.remove('type', key);
  dropTypeUsers(draft, key);
  const [, name] = splitKey(key);
  dropExpressions(draft, name, (uses) => uses.types.some((type) => type.key === key));
}

/** Columns, domains and routines that name a type (or its array type). */
function dropTypeUsers(draft: Draft, key: string): void {
  const is = (type: string) => type.replace(/(\(.*\))?(\[\])?$/, '') === key;
  for (const table of [...draft.all('table').values()]) {
    for (const column of table.columns) if (is(column.type)) dropColumn(draft, table.key, column.name, true);
  }
  for (const routine of [...draft.all('routine').values()]) {
    const returned = routine.returns.replace(/^SETOF /, '');
    if (is(returned) || routine.arguments.some((arg) => is(arg.type))) draft.remove('routine', routine.key);
  }
}

function dropSchema(draft: Draft, name: string, site: Site): void {
  const inside = <T extends { schema: string }>(objects: ReadonlyMap<string, T>) =>
    [...objects.entries()].filter(([, object]) => object.schema === name).map(([key]) => key);
  for (const key of inside(draft.all('view'))) dropView(draft, key);
  for (const key of inside(draft.all('table'))) dropTable(draft, key);
  for (const key of inside(draft.all('sequence'))) dropSequence(draft, key);
  for (const key of inside(draft.all('routine'))) dropRoutine(draft, key, true, site);
  for (const key of inside(draft.all('type'))) dropType(draft, key);
  for (const key of inside(draft.all('extension'))) dropExtension(draft, key, true);
  draft.each('publication', (publication) =>
    publication.schemas.includes(name)
      ? { ...publication, schemas: publication.schemas.filter((schema) => schema !== name) }
      : publication,
  );
  draft.defaultPrivileges = draft.defaultPrivileges.filter((entry) => entry.schema !== name);
  draft.remove('schema', name);
}

// Functions that migrations call in defaults, by the extension that brings them.
const functionsOfExtensions: Readonly<Record<string, RegExp>> = {
  'uuid-ossp': /^uuid_generate_/,
  pgcrypto: /^(gen_random_bytes|gen_salt|crypt|digest|hmac|encrypt|decrypt|pgp_\w+)$/,
  unaccent: /^unaccent$/,
  pg_trgm: /^(similarity|word_similarity)$/,
};

function dropExtension(draft: Draft, name: string, cascade: boolean): void {
  const extension = draft.get('extension', name);
  if (extension === undefined) return;
  draft.remove('extension', name);
  if (!cascade) return;
  for (const table of [...draft.all('table').values()]) {
    for (const column of table.columns) {
      const base = column.type.replace(/(\(.*\))?(\[\])?$/, '');
      const [schema, type] = splitKey(base);
      if (schema === extension.schema && extensionOfType(type) === name) {
        dropColumn(draft, table.key, column.name, true);
      }
    }
  }
  const functions = functionsOfExtensions[name];
  if (functions === undefined) return;
  dropExpressions(draft, null, (uses) => uses.functions.some((call) => functions.test(call.name)));
}

// — expressions —

/**
 * Everything that holds an expression of this kind: policies, checks, views and indexes go, defaults are cleared,
 * generated columns go. `name` must appear in the expression at all.
 */
function dropExpressions(draft: Draft, name: string | null, matches: (uses: Uses) => boolean): void {
  const hit = (expression: Expression | null, own: string) =>
    expression !== null &&
    (name === null || mentions(expression, name)) &&
    matches(usesOf(draft, expression.node, own));
  for (const view of [...draft.all('view').values()]) if (hit(view.definition, '')) dropView(draft, view.key);
  dropPolicies(draft, name, hit);
  const generated: [string, string][] = [];
  draft.each('table', (table) => {
    if (name !== null && !tableMentions(table, name)) return table;
    const checks = table.checks.filter((check) => !hit(check.expression, table.key));
    const indexes = table.indexes.filter(
      (index) =>
        !hit(index.predicate, table.key) &&
        !index.expressions.some((expression) => hit(expression, table.key)),
    );
    let columns = table.columns;
    for (const [at, column] of table.columns.entries()) {
      if (hit(column.generated, table.key)) generated.push([table.key, column.name]);
      if (hit(column.default, table.key)) columns = columns.with(at, { ...column, default: null });
    }
    const same =
      checks.length === table.checks.length &&
      indexes.length === table.indexes.length &&
      columns === table.columns;
    return same ? table : { ...table, checks, indexes, columns };
  });
  for (const [key, column] of generated) dropColumn(draft, key, column, true);
}

function dropPolicies(
  draft: Draft,
  name: string | null,
  hit: (expression: Expression | null, own: string) => boolean,
): void {
  draft.each('table', (table) => {
    if (name !== null && !tableMentions(table, name)) return table;
    const policies = table.policies.filter(
      (policy) => !hit(policy.using, table.key) && !hit(policy.check, table.key),
    );
    return policies.length === table.policies.length ? table : { ...table, policies };
  });
}

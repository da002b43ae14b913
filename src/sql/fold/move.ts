/** Relations, routines, types and schemas under another key, and everything that names them. */
import type { DataType, Routine } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { functionKey, keyOf, quoteIdent } from '../names.ts';
import type { Draft } from './draft.ts';
import type { Uses } from './references.ts';
import { type Replacements, renameInExpressions } from './rename-in-expressions.ts';

/** Under another name, in another schema, or both; with a table go its indexes and the sequences it owns. */
export function moveRelation(draft: Draft, from: string, schema: string | null, name: string | null): void {
  const sequence = draft.get('sequence', from);
  if (sequence !== undefined) {
    const to = { schema: schema ?? sequence.schema, name: name ?? sequence.name };
    const key = keyOf(to.schema, to.name);
    draft.move('sequence', from, { ...sequence, ...to, key });
    draft.each('table', (table) =>
      table.columns.some((column) => column.sequence === from)
        ? {
            ...table,
            columns: table.columns.map((c) => (c.sequence === from ? { ...c, sequence: key } : c)),
          }
        : table,
    );
    renameInExpressions(draft, sequence.name, to.name, (uses) => sequenceLiterals(uses, from, key));
    return;
  }
  const relation = draft.get('table', from) ?? draft.get('view', from);
  if (relation === undefined) return;
  const to = { schema: schema ?? relation.schema, name: name ?? relation.name };
  const key = keyOf(to.schema, to.name);
  if (key === from) return;
  // First what names it, while it can still be found under its old name.
  renameInExpressions(draft, relation.name, to.name, (uses) => relationNodes(uses, from, to));
  renameType(draft, from, key);
  const view = draft.get('view', from);
  if (view !== undefined) draft.move('view', from, { ...view, ...to, key });
  const table = draft.get('table', from);
  if (table !== undefined) {
    draft.move('table', from, { ...table, ...to, key });
    moveTableReferences(draft, from, key);
    for (const owned of [...draft.all('sequence').values()]) {
      if (!owned.ownedBy?.startsWith(`${from}.`)) continue;
      const ownedBy = `${key}${owned.ownedBy.slice(from.length)}`;
      draft.put('sequence', { ...owned, ownedBy });
      if (schema !== null) moveRelation(draft, owned.key, schema, null);
    }
  }
  draft.each('view', (other) =>
    other.reads.includes(from)
      ? { ...other, reads: other.reads.map((read) => (read === from ? key : read)).sort() }
      : other,
  );
}

function moveTableReferences(draft: Draft, from: string, to: string): void {
  draft.each('table', (table) => {
    const parent = table.parent === from ? to : table.parent;
    const foreignKeys = table.foreignKeys.some((fk) => fk.references === from)
      ? table.foreignKeys.map((fk) => (fk.references === from ? { ...fk, references: to } : fk))
      : table.foreignKeys;
    return parent === table.parent && foreignKeys === table.foreignKeys
      ? table
      : { ...table, parent, foreignKeys };
  });
  draft.each('publication', (publication) =>
    publication.tables.some((member) => member.table === from)
      ? {
          ...publication,
          tables: publication.tables.map((member) =>
            member.table === from ? { ...member, table: to } : member,
          ),
        }
      : publication,
  );
}

function relationNodes(uses: Uses, from: string, to: { schema: string; name: string }): Replacements {
  const nodes = new Map<SyntaxNode, SyntaxNode>();
  for (const use of uses.relations) {
    if (use.key !== from || use.node.relname === undefined) continue;
    // Columns are qualified by the old name where there is no alias: it becomes one.
    const alias = use.node.alias ?? { aliasname: use.node.relname };
    nodes.set(use.node, { ...use.node, schemaname: to.schema, relname: to.name, alias });
  }
  return nodes;
}

function sequenceLiterals(uses: Uses, from: string, to: string): Replacements {
  const nodes = new Map<SyntaxNode, SyntaxNode>();
  const literal = { A_Const: { sval: { sval: to } } };
  for (const use of uses.relations) {
    if (use.key !== from) continue;
    if (use.node.TypeCast !== undefined) {
      nodes.set(use.node, { TypeCast: { ...use.node.TypeCast, arg: literal } });
    } else if (use.node.FuncCall !== undefined) {
      nodes.set(use.node, { FuncCall: { ...use.node.FuncCall, args: [literal] } });
    }
  }
  return nodes;
}

export function moveRoutine(draft: Draft, key: string, schema: string | null, name: string | null): void {
  const routine = draft.get('routine', key);
  if (routine === undefined) return;
  const to = { schema: schema ?? routine.schema, name: name ?? routine.name };
  const moved: Routine = {
    ...routine,
    ...to,
    key: `${keyOf(to.schema, to.name)}${key.slice(keyOf(routine.schema, routine.name).length)}`,
  };
  draft.move('routine', key, moved);
  const oldName = keyOf(routine.schema, routine.name);
  const newName = keyOf(to.schema, to.name);
  if (routine.arguments.length === 0) {
    for (const kind of ['table', 'view'] as const) {
      draft.each(kind, (holder) =>
        holder.triggers.some((trigger) => trigger.function === oldName)
          ? {
              ...holder,
              triggers: holder.triggers.map((trigger) =>
                trigger.function === oldName ? { ...trigger, function: newName } : trigger,
              ),
            }
          : holder,
      );
    }
  }
  renameInExpressions(draft, routine.name, to.name, (uses) => {
    const nodes = new Map<SyntaxNode, SyntaxNode>();
    for (const call of uses.functions) {
      if (call.name !== routine.name || (call.schema ?? routine.schema) !== routine.schema) continue;
      const funcname = [to.schema, to.name].map((part) => ({ String: { sval: part } }));
      nodes.set(call.node, { ...call.node, funcname });
    }
    return nodes;
  });
}

export function moveType(draft: Draft, from: string, schema: string | null, name: string | null): void {
  const type = draft.get('type', from);
  if (type === undefined) return;
  const to = { schema: schema ?? type.schema, name: name ?? type.name };
  const moved: DataType = { ...type, ...to, key: keyOf(to.schema, to.name) };
  draft.move('type', from, moved);
  renameType(draft, from, moved.key);
}

/** In columns, arguments and results, and so in the keys of routines. */
function renameType(draft: Draft, from: string, to: string): void {
  const swap = (type: string) => {
    const at = type.startsWith('SETOF ') ? 6 : 0;
    if (!type.startsWith(from, at)) return type;
    const rest = type.slice(at + from.length);
    return /^(\(.*\))?(\[\])?$/.test(rest) ? `${type.slice(0, at)}${to}${rest}` : type;
  };
  draft.each('table', (table) =>
    table.columns.some((column) => swap(column.type) !== column.type)
      ? { ...table, columns: table.columns.map((column) => ({ ...column, type: swap(column.type) })) }
      : table,
  );
  for (const routine of [...draft.all('routine').values()]) {
    const args = routine.arguments.map((arg) => ({ ...arg, type: swap(arg.type) }));
    const returns = routine.returns.startsWith('TABLE(')
      ? `TABLE(${args
          .filter((arg) => arg.mode === 'table')
          .map((arg) => (arg.name === null ? arg.type : `${quoteIdent(arg.name)} ${arg.type}`))
          .join(', ')})`
      : swap(routine.returns);
    const same = args.every((arg, at) => arg.type === routine.arguments[at]!.type);
    if (same && returns === routine.returns) continue;
    const inputs = args.filter((arg) => arg.mode !== 'out' && arg.mode !== 'table').map((arg) => arg.type);
    const key = functionKey(routine.schema, routine.name, inputs);
    draft.move('routine', routine.key, { ...routine, arguments: args, returns, key });
  }
}

export function renameSchema(draft: Draft, from: string, to: string): void {
  const schema = draft.get('schema', from);
  if (schema === undefined) return;
  draft.move('schema', from, { ...schema, name: to });
  for (const kind of ['table', 'view', 'sequence'] as const) {
    for (const object of [...draft.all(kind).values()]) {
      // A table takes its own sequences along.
      if (object.schema === from && draft.has(kind, object.key)) moveRelation(draft, object.key, to, null);
    }
  }
  for (const routine of [...draft.all('routine').values()]) {
    if (routine.schema === from) moveRoutine(draft, routine.key, to, null);
  }
  for (const type of [...draft.all('type').values()]) {
    if (type.schema === from) moveType(draft, type.key, to, null);
  }
  draft.each('extension', (extension) =>
    extension.schema === from ? { ...extension, schema: to } : extension,
  );
  draft.each('publication', (publication) =>
    publication.schemas.includes(from)
      ? { ...publication, schemas: publication.schemas.map((name) => (name === from ? to : name)) }
      : publication,
  );
  draft.defaultPrivileges = draft.defaultPrivileges.map((entry) =>
    entry.schema === from ? { ...entry, schema: to } : entry,
  );
}

/** ALTER TABLE, and what is written ALTER TABLE and is about another kind. */
import type { Column, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { buildColumn, createOwnedSequence, isNull, sequencesOf } from './columns.ts';
import { addConstraints, dropConstraint, type PlacedConstraint } from './constraints.ts';
import type { Draft } from './draft.ts';
import { dropColumn, dropSequence } from './drop.ts';
import { grantsForOwner, roleName } from './grants.ts';
import { clonePartitionParts, putColumn } from './inherited.ts';
import { looseExpression, type Site } from './site.ts';
import { childrenOf, columnOf, descendants, tableToAlter } from './table-access.ts';
import { alterComposite } from './types.ts';
import { alterViewOption } from './views.ts';

export function alterTable(draft: Draft, node: SyntaxNode, site: Site): void {
  if (node.objtype === 'OBJECT_TYPE') {
    alterComposite(draft, node);
    return;
  }
  const key = draft.relation(node.relation);
  const commands: readonly SyntaxNode[] = (node.cmds ?? []).map((entry: SyntaxNode) => entry.AlterTableCmd);
  // ATTACH PARTITION and options: the parent's index becomes valid, which the state does not tell.
  if (node.objtype === 'OBJECT_INDEX') return;
  if (draft.has('view', key)) {
    for (const command of commands) alterViewOption(draft, key, command, site);
    return;
  }
  if (draft.has('sequence', key)) {
    for (const command of commands) {
      if (command.subtype !== 'AT_ChangeOwner') continue;
      const owner = roleName(draft, command.newowner);
      draft.update('sequence', key, (sequence) => ({
        ...sequence,
        owner,
        grants: grantsForOwner(sequence.grants, owner),
      }));
    }
    return;
  }
  if (!draft.has('table', key)) {
    if (node.missing_ok || node.objtype !== 'OBJECT_TABLE') return;
    tableToAlter(draft, key, site);
  }
  const only = node.relation.inh !== true;
  const later: PlacedConstraint[] = [];
  const created: PlacedConstraint[] = [];
  for (const command of [...commands].sort((a, b) => pass(a) - pass(b))) {
    if (command.subtype === 'AT_AddConstraint') later.push({ node: command.def.Constraint, column: null });
    else if (command.subtype === 'AT_AddColumn') created.push(...addColumn(draft, key, command, site, only));
    else alterOne(draft, key, command, site, only);
  }
  addConstraints(draft, key, created, site, true);
  addConstraints(draft, key, later, site, false);
  for (const command of commands) if (isLast(command)) alterOne(draft, key, command, site, only, true);
}

/** AlterTablePass: drops go first, then types, then new columns. */
function pass(command: SyntaxNode): number {
  switch (command.subtype) {
    case 'AT_DropColumn':
    case 'AT_DropConstraint':
    case 'AT_DropNotNull':
    case 'AT_DropIdentity':
    case 'AT_DropExpression':
      return 0;
    case 'AT_ColumnDefault':
      return command.def === undefined ? 0 : 3;
    case 'AT_AlterColumnType':
      return 1;
    case 'AT_AddColumn':
      return 2;
    default:
      return 3;
  }
}

/** What may name a constraint that the same statement adds. */
function isLast(command: SyntaxNode): boolean {
  return command.subtype === 'AT_ValidateConstraint' || command.subtype === 'AT_AttachPartition';
}

function addColumn(
  draft: Draft,
  key: string,
  command: SyntaxNode,
  site: Site,
  only: boolean,
): PlacedConstraint[] {
  const table = draft.get('table', key)!;
  const definition: SyntaxNode = command.def.ColumnDef;
  if (columnOf(table, definition.colname) !== undefined) {
    if (!command.missing_ok) {
      draft.again(site.origin, `column ${definition.colname}`, { kind: 'table', key });
    }
    return [];
  }
  const built = buildColumn(draft, table, definition, site);
  putColumn(draft, key, built.column, site, definition);
  if (!only) {
    for (const child of childrenOf(draft, key)) {
      putColumn(draft, child.key, { ...built.column, sequence: null, identity: null }, site);
    }
  }
  return [...built.constraints];
}

function alterOne(
  draft: Draft,
  key: string,
  command: SyntaxNode,
  site: Site,
  only: boolean,
  last = isLast(command) ? null : true,
): void {
  if (last === null) return;
  const table = draft.get('table', key);
  if (table === undefined) return;
  const set = (changes: Partial<Table>) => draft.put('table', { ...table, ...changes });
  /** On this table and on those that inherit from it. */
  const changeColumn = (change: (column: Column) => Column) => {
    for (const target of only ? [table] : [table, ...descendants(draft, key)]) {
      draft.update('table', target.key, (current) => ({
        ...current,
        columns: current.columns.map((column) => (column.name === command.name ? change(column) : column)),
      }));
    }
  };
  switch (command.subtype) {
    case 'AT_DropColumn':
      dropColumn(draft, key, command.name, command.behavior === 'DROP_CASCADE');
      break;
    case 'AT_DropConstraint':
      dropConstraint(draft, table, command.name, command.behavior === 'DROP_CASCADE');
      break;
    case 'AT_ColumnDefault':
      changeColumn((column) => ({
        ...column,
        default: command.def === undefined || isNull(command.def) ? null : looseExpression(site, command.def),
      }));
      break;
    case 'AT_SetNotNull':
      changeColumn((column) => ({ ...column, notNull: true }));
      break;
    case 'AT_DropNotNull':
      changeColumn((column) => ({ ...column, notNull: false }));
      break;
    case 'AT_DropExpression':
      changeColumn((column) => ({ ...column, generated: null }));
      break;
    case 'AT_SetExpression':
      changeColumn((column) => ({ ...column, generated: looseExpression(site, command.def) }));
      break;
    case 'AT_AlterColumnType': {
      const type = draft.typeName(command.def.ColumnDef.typeName);
      changeColumn((column) => ({ ...column, type }));
      break;
    }
    case 'AT_AddIdentity': {
      const constraint = command.def.Constraint;
      createOwnedSequence(draft, table, command.name, site, constraint.options);
      changeColumn((column) => ({
        ...column,
        identity: constraint.generated_when === 'a' ? 'always' : 'by default',
      }));
      break;
    }
    case 'AT_SetIdentity': {
      const generated = (command.def?.List?.items ?? []).find(
        (entry: SyntaxNode) => entry.DefElem?.defname === 'generated',
      )?.DefElem.arg?.Integer?.ival;
      if (generated !== undefined) {
        // The character's code: 'a' for ALWAYS, 'd' for BY DEFAULT.
        changeColumn((column) => ({ ...column, identity: generated === 97 ? 'always' : 'by default' }));
      }
      break;
    }
    case 'AT_DropIdentity':
      if (columnOf(table, command.name)?.identity === null) break;
      for (const sequence of sequencesOf(draft, key, command.name)) dropSequence(draft, sequence.key);
      changeColumn((column) => ({ ...column, identity: null }));
      break;
    case 'AT_ValidateConstraint':
      set({
        checks: table.checks.map((check) =>
          check.name === command.name ? { ...check, validated: true } : check,
        ),
        foreignKeys: table.foreignKeys.map((fk) =>
          fk.name === command.name ? { ...fk, validated: true } : fk,
        ),
      });
      break;
    case 'AT_EnableRowSecurity':
    case 'AT_DisableRowSecurity':
      set({ rls: command.subtype === 'AT_EnableRowSecurity', rlsOrigin: site.origin });
      break;
    case 'AT_ForceRowSecurity':
    case 'AT_NoForceRowSecurity':
      set({ forceRls: command.subtype === 'AT_ForceRowSecurity' });
      break;
    case 'AT_ChangeOwner': {
      const owner = roleName(draft, command.newowner);
      set({ owner, grants: grantsForOwner(table.grants, owner) });
      for (const sequence of draft.all('sequence').values()) {
        if (!sequence.ownedBy?.startsWith(`${key}.`)) continue;
        draft.put('sequence', { ...sequence, owner, grants: grantsForOwner(sequence.grants, owner) });
      }
      break;
    }
    case 'AT_EnableTrig':
    case 'AT_EnableAlwaysTrig':
    case 'AT_EnableReplicaTrig':
    case 'AT_DisableTrig':
      setTriggers(draft, table, command.subtype !== 'AT_DisableTrig', (name) => name === command.name);
      break;
    case 'AT_EnableTrigAll':
    case 'AT_EnableTrigUser':
    case 'AT_DisableTrigAll':
    case 'AT_DisableTrigUser':
      setTriggers(draft, table, command.subtype.startsWith('AT_Enable'), () => true);
      break;
    case 'AT_AddInherit': {
      const parent = draft.relation(command.def.RangeVar);
      set({ parent: table.parent ?? parent });
      break;
    }
    case 'AT_DropInherit':
      set({ parent: null });
      break;
    case 'AT_AttachPartition': {
      const partition = draft.relation(command.def.PartitionCmd.name);
      draft.update('table', partition, (child) => ({ ...child, kind: 'partition', parent: key }));
      if (draft.has('table', partition)) {
        const from = draft.get('table', key)!;
        draft.update('table', partition, (child) => ({
          ...child,
          columns: child.columns.map((column) => {
            const above = columnOf(from, column.name);
            return above === undefined ? column : { ...column, identity: above.identity };
          }),
        }));
        clonePartitionParts(draft, partition, from);
      }
      break;
    }
    case 'AT_DetachPartition':
    case 'AT_DetachPartitionFinalize':
      detach(draft, table, draft.relation(command.def.PartitionCmd.name));
      break;
    default:
      // Storage, statistics, cluster, replica identity, options, rules: nothing a state shows.
      break;
  }
}

/** A detached partition keeps indexes, keys and foreign keys; cloned triggers and identity go. */
function detach(draft: Draft, parent: Table, key: string): void {
  draft.update('table', key, (partition) => ({
    ...partition,
    kind: childrenOf(draft, key).length > 0 ? 'partitioned' : 'table',
    parent: null,
    columns: partition.columns.map((column) => ({ ...column, identity: null })),
    triggers: partition.triggers.filter(
      (trigger) => !parent.triggers.some((above) => above.level === 'row' && above.name === trigger.name),
    ),
  }));
}

function setTriggers(draft: Draft, table: Table, enabled: boolean, which: (name: string) => boolean): void {
  draft.put('table', {
    ...table,
    triggers: table.triggers.map((trigger) => (which(trigger.name) ? { ...trigger, enabled } : trigger)),
  });
  for (const partition of childrenOf(draft, table.key)) {
    if (partition.kind !== 'partition') continue;
    const inherited = (name: string) =>
      which(name) && table.triggers.some((trigger) => trigger.name === name);
    if (partition.triggers.some((trigger) => inherited(trigger.name))) {
      setTriggers(draft, partition, enabled, inherited);
    }
  }
}

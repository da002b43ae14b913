/** Views and materialized views. */
import type { View } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { strings } from '../names.ts';
import type { Draft } from './draft.ts';
import { grantsForOwner, initialGrants, roleName } from './grants.ts';
import { outputColumns } from './query-columns.ts';
import { usesOf } from './references.ts';
import { restBehind, type Site, writtenExpression } from './site.ts';
import { isKnownByName } from './table-access.ts';

export function createView(draft: Draft, node: SyntaxNode, site: Site): void {
  const at = draft.newRelation(node.view);
  const old = draft.get('view', at.key);
  const existing = draft.get('table', at.key);
  const taken = existing !== undefined && !isKnownByName(existing);
  if ((old !== undefined && !node.replace) || taken) {
    draft.again(site.origin, at.key, old === undefined ? null : { kind: 'view', key: at.key });
    return;
  }
  draft.remove('table', at.key);
  const columns = outputColumns(draft, node.query);
  const view: View = {
    ...blankView(draft, at, old),
    kind: 'view',
    securityInvoker: option(node.options, 'security_invoker') ?? false,
    securityBarrier: option(node.options, 'security_barrier') ?? false,
    definition: writtenExpression(node.query, () => restBehind(site, 'as', 'first')),
    columns: columnNames(columns, node.aliases),
    reads: readsOf(draft, node.query),
    origin: site.origin,
  };
  if (old === undefined) draft.create('view', view);
  else draft.put('view', view);
  unknownColumns(draft, view, columns, node.aliases, site);
}

export function createMaterializedView(draft: Draft, node: SyntaxNode, site: Site): void {
  const at = draft.newRelation(node.into.rel);
  if (draft.isRelation(at.key)) {
    if (!node.if_not_exists) draft.again(site.origin, at.key);
    return;
  }
  const columns = outputColumns(draft, node.query);
  const view: View = {
    ...blankView(draft, at, undefined),
    kind: 'materialized view',
    definition: writtenExpression(node.query, () => restBehind(site, 'as', 'first')),
    columns: columnNames(columns, node.into.colNames),
    reads: readsOf(draft, node.query),
    origin: site.origin,
  };
  draft.create('view', view);
  unknownColumns(draft, view, columns, node.into.colNames, site);
}

/** Replacing keeps owner, grants, comment and triggers; the options are those of the new statement alone. */
function blankView(draft: Draft, at: { key: string; schema: string; name: string }, old: View | undefined) {
  return {
    ...at,
    securityInvoker: false,
    securityBarrier: false,
    indexes: old?.indexes ?? [],
    triggers: old?.triggers ?? [],
    grants: old?.grants ?? initialGrants(draft, 'tables', at.schema),
    owner: old?.owner ?? draft.role,
    comment: old?.comment ?? null,
    unknown: [],
  };
}

function columnNames(columns: ReturnType<typeof outputColumns>, aliases: SyntaxNode[] | undefined): string[] {
  const names = strings(aliases);
  return columns === null ? names : columns.map((column, at) => names[at] ?? column.name);
}

function unknownColumns(
  draft: Draft,
  view: View,
  columns: ReturnType<typeof outputColumns>,
  aliases: SyntaxNode[] | undefined,
  site: Site,
): void {
  if (columns === null && aliases === undefined) {
    draft.unknown(site.origin, 'columns of a query', { kind: 'view', key: view.key }, 'columns');
  }
}

/** Tables and views that the query names, at any depth; what it defines itself left out. */
function readsOf(draft: Draft, query: SyntaxNode): string[] {
  const keys = usesOf(draft, query, null).relations.map((relation) => relation.key);
  return [...new Set(keys.filter((key) => !draft.has('sequence', key)))].sort();
}

/** A boolean option: `security_invoker`, `security_invoker = true | on | 1 | 'true'`. */
function option(options: readonly SyntaxNode[] | undefined, name: string): boolean | null {
  const entry = (options ?? []).find(({ DefElem: element }) => element?.defname === name)?.DefElem;
  if (entry === undefined) return null;
  const value =
    entry.arg === undefined
      ? 'true'
      : String(
          entry.arg.String?.sval ??
            entry.arg.Integer?.ival ??
            entry.arg.Boolean?.boolval ??
            strings(entry.arg.TypeName?.names).at(-1) ??
            '0',
        ).toLowerCase();
  return ['true', 'on', 'yes', '1', 't', 'y'].includes(value);
}

/** ALTER VIEW, or ALTER TABLE on one. */
export function alterViewOption(draft: Draft, key: string, command: SyntaxNode, _site: Site): void {
  const view = draft.get('view', key)!;
  switch (command.subtype) {
    case 'AT_ChangeOwner': {
      const owner = roleName(draft, command.newowner);
      draft.put('view', { ...view, owner, grants: grantsForOwner(view.grants, owner) });
      break;
    }
    case 'AT_SetRelOptions':
    case 'AT_ReplaceRelOptions': {
      const items = command.def?.List?.items;
      draft.put('view', {
        ...view,
        securityInvoker: option(items, 'security_invoker') ?? view.securityInvoker,
        securityBarrier: option(items, 'security_barrier') ?? view.securityBarrier,
      });
      break;
    }
    case 'AT_ResetRelOptions': {
      const items = command.def?.List?.items;
      draft.put('view', {
        ...view,
        securityInvoker: option(items, 'security_invoker') === null && view.securityInvoker,
        securityBarrier: option(items, 'security_barrier') === null && view.securityBarrier,
      });
      break;
    }
    default:
      break;
  }
}

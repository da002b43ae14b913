/** Sequences that are made and altered by themselves. */
import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent, strings } from '../names.ts';
import type { Draft } from './draft.ts';
import { initialGrants } from './grants.ts';
import type { Site } from './site.ts';

export function createSequence(draft: Draft, node: SyntaxNode, site: Site): void {
  const at = draft.newRelation(node.sequence);
  if (draft.isRelation(at.key)) {
    if (!node.if_not_exists) draft.again(site.origin, at.key);
    return;
  }
  draft.create('sequence', {
    ...at,
    ownedBy: null,
    owner: draft.role,
    grants: initialGrants(draft, 'sequences', at.schema),
    origin: site.origin,
  });
  ownedBy(draft, at.key, node.options);
}

export function alterSequence(draft: Draft, node: SyntaxNode): void {
  ownedBy(draft, draft.relation(node.sequence), node.options);
}

/** OWNED BY table.column, OWNED BY NONE. */
function ownedBy(draft: Draft, key: string, options: readonly SyntaxNode[] | undefined): void {
  const option = (options ?? []).find(({ DefElem: entry }) => entry?.defname === 'owned_by')?.DefElem;
  if (option === undefined) {
    draft.update('sequence', key, (sequence) => ({ ...sequence }));
    return;
  }
  const parts = strings(option.arg?.List?.items);
  const none = parts.length === 1;
  const table = none ? '' : draft.relationNamed(parts.slice(0, -1));
  const column = parts.at(-1)!;
  draft.update('sequence', key, (sequence) => ({
    ...sequence,
    ownedBy: none ? null : `${table}.${quoteIdent(column)}`,
  }));
  draft.each('table', (other) => {
    const columns = other.columns.map((candidate) => {
      if (!none && other.key === table && candidate.name === column) return { ...candidate, sequence: key };
      return candidate.sequence === key ? { ...candidate, sequence: null } : candidate;
    });
    return columns.some((candidate, at) => candidate !== other.columns[at]) ? { ...other, columns } : other;
  });
}

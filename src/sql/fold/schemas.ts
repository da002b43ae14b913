/** CREATE SCHEMA, with the objects it may hold. */
import type { SyntaxNode } from '../../model/sql.ts';
import type { Draft } from './draft.ts';
import { initialGrants, roleName } from './grants.ts';
import type { Site } from './site.ts';
import { folds } from './statements.ts';

export function createSchema(draft: Draft, node: SyntaxNode, site: Site): void {
  const owner = node.authrole === undefined ? draft.role : roleName(draft, node.authrole);
  const name: string = node.schemaname ?? owner;
  putSchema(draft, name, owner, site);
  // CREATE SCHEMA s CREATE TABLE t …: made in that schema.
  const path = draft.searchPath;
  draft.searchPath = [name, ...path];
  for (const element of node.schemaElts ?? []) {
    const [kind] = Object.keys(element);
    const fold = folds[kind!];
    if (typeof fold === 'function') fold(draft, element[kind!], site);
  }
  draft.searchPath = path;
}

export function putSchema(draft: Draft, name: string, owner: string, site: Site): void {
  if (draft.has('schema', name)) return;
  draft.create('schema', {
    name,
    owner,
    grants: initialGrants(draft, 'schemas', null, owner),
    origin: site.origin,
  });
}

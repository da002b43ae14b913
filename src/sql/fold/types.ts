/** Enums, domains, composite and range types. */
import type { DataType } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { qualified, strings } from '../names.ts';
import type { Draft } from './draft.ts';
import type { Site } from './site.ts';

export function createType(
  draft: Draft,
  kind: DataType['kind'],
  parts: readonly string[],
  values: readonly string[],
  site: Site,
): void {
  const at = draft.newName(parts);
  if (draft.has('type', at.key)) {
    draft.again(site.origin, `type ${at.key}`, { kind: 'type', key: at.key });
    return;
  }
  draft.create('type', { kind, ...at, values, origin: site.origin });
}

export function createComposite(draft: Draft, node: SyntaxNode, site: Site): void {
  const { schemaname, relname } = node.typevar;
  createType(draft, 'composite', schemaname === undefined ? [relname] : [schemaname, relname], [], site);
}

export function alterEnum(draft: Draft, node: SyntaxNode): void {
  const { schema, name } = qualified(strings(node.typeName));
  draft.update('type', draft.typeKey(schema, name), (type) => {
    if (node.oldVal !== undefined) {
      return { ...type, values: type.values.map((value) => (value === node.oldVal ? node.newVal : value)) };
    }
    if (type.values.includes(node.newVal)) return type;
    const neighbor = node.newValNeighbor === undefined ? -1 : type.values.indexOf(node.newValNeighbor);
    const at = neighbor === -1 ? type.values.length : neighbor + (node.newValIsAfter ? 1 : 0);
    return { ...type, values: type.values.toSpliced(at, 0, node.newVal) };
  });
}

/** ALTER TYPE on a composite: its attributes are no part of a state, but it was touched. */
export function alterComposite(draft: Draft, node: SyntaxNode): void {
  const key = draft.typeKey(node.relation.schemaname ?? null, node.relation.relname);
  if (draft.has('type', key)) draft.touch('type', key);
}

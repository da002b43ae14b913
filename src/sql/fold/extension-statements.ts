/** CREATE and ALTER EXTENSION. */
import type { SyntaxNode } from '../../model/sql.ts';
import type { Draft } from './draft.ts';
import { fixedSchemas } from './extensions.ts';
import { putSchema } from './schemas.ts';
import type { Site } from './site.ts';

export function createExtension(draft: Draft, node: SyntaxNode, site: Site): void {
  const name: string = node.extname;
  if (draft.has('extension', name)) return;
  const schema: string =
    fixedSchemas[name] ??
    (node.options ?? []).find(({ DefElem: option }: SyntaxNode) => option?.defname === 'schema')?.DefElem.arg
      ?.String?.sval ??
    draft.creationSchema;
  if (schema !== 'pg_catalog') putSchema(draft, schema, 'supabase_admin', site);
  draft.create('extension', { name, schema, origin: site.origin });
}

/** ALTER EXTENSION … UPDATE: the same extension. */
export function alterExtension(draft: Draft, node: SyntaxNode): void {
  if (draft.has('extension', node.extname)) draft.touch('extension', node.extname);
}

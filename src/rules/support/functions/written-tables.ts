/** Tables that a function's body writes, by their keys: a bare name is the first on the function's own path that there is. */
import type { Routine, SchemaState } from '../../../model/schema.ts';
import { nameParts } from '../../../sql/fold/references.ts';
import { keyOf } from '../../../sql/names.ts';
import { codeOf } from '../syntax/bodies.ts';
import { remembered } from '../syntax/tree.ts';

export interface WrittenTable {
  readonly verb: 'insert' | 'update' | 'delete';
  readonly key: string;
}

/** Those that the state knows. */
export const tablesWritten = (routine: Routine, { tables }: SchemaState): readonly WrittenTable[] =>
  writesIn(routine).flatMap(({ verb, schema, name }) => {
    const key = (schema === null ? pathOf(routine) : [schema])
      .map((each) => keyOf(each, name))
      .find((each) => tables.has(each));
    return key === undefined ? [] : [{ verb, key }];
  });

/** Without one of its own it runs on the request's, which begins with public. */
const pathOf = ({ config: { search_path: path } }: Routine): readonly string[] =>
  path === undefined ? ['public'] : path.split(',').flatMap((part) => nameParts(part.trim()));

const writesIn = remembered(({ body }: Routine) =>
  [...codeOf(body).bare.matchAll(writes)].map(([, verb, schema, name]) => ({
    verb: verb!.split(/\s/)[0]!.toLowerCase() as WrittenTable['verb'],
    schema: schema === undefined ? null : asWritten(schema),
    name: asWritten(name!),
  })),
);

const asWritten = (name: string) => (name.startsWith('"') ? name.slice(1, -1) : name.toLowerCase());

const writes =
  /\b(insert\s+into|(?<!\b(?:for|key|do)\s+)update|delete\s+from)\s+(?:only\s+)?(?:("[^"]+"|[a-z_][\w$]*)\s*\.\s*)?("[^"]+"|[a-z_][\w$]*)/gi;

/** Policies on `storage.objects`: which bucket they are about, and whether they ask for more. */
import type { Policy, SchemaState, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { looksAtCaller } from './caller.ts';
import { predicatesOf } from './predicates.ts';
import { covers, predicateOf } from './roles.ts';
import { ownComparisons, readPredicate } from './scope.ts';
import { operatorOf } from './tree.ts';
import { truthOf } from './truth.ts';

export interface StoragePolicy {
  readonly policy: Policy;
  /** Buckets it names; empty where it names none. */
  readonly buckets: readonly string[];
  /** Buckets it names by `<>`: it is about all others. */
  readonly excepted: readonly string[];
  /** It compares `bucket_id` with something. */
  readonly asksBucket: boolean;
  /** It looks at the caller, or at the path. */
  readonly asksMore: boolean;
}

export function storagePolicies(objects: Table, state: SchemaState): StoragePolicy[] {
  return objects.policies
    .filter((policy) => policy.permissive)
    .flatMap((policy) => {
      const predicates = predicatesOf(policy);
      if (predicates.length === 0) return [];
      const nodes = predicates.map(({ node }) => node);
      // `and false`: it lets nobody in.
      if (nodes.every((node) => truthOf(node, { table: objects, who: 'anyone' }) === 'false')) return [];
      const read = nodes.map((node) => readPredicate(node, objects, state));
      return [
        {
          policy,
          buckets: nodes.flatMap((node) => bucketsNamed(node, '=')),
          excepted: nodes.flatMap((node) => bucketsNamed(node, '<>')),
          asksBucket: read.every((reading) => reading.columns.some(({ name }) => name === 'bucket_id')),
          asksMore: nodes.every(
            (node, at) =>
              looksAtCaller(node, state) ||
              ownComparisons(read[at]!).some(({ column }) => column.name !== 'bucket_id') ||
              read[at]!.columns.some(({ name }) => name !== 'bucket_id'),
          ),
        },
      ];
    });
}

/** What the project's own policy asks of whoever uploads to that bucket: the folder, the team. */
export function askedOfUploads(
  buckets: readonly string[],
  policies: readonly StoragePolicy[],
): string | null {
  const [bucket, ...others] = [...new Set(buckets)];
  if (bucket === undefined || others.length > 0) return null;
  const uploads = policies.filter(
    ({ policy, asksMore, buckets: theirs }) =>
      asksMore &&
      policy.permissive &&
      covers(policy, 'insert') &&
      theirs.every((id) => id === bucket) &&
      theirs.length > 0,
  );
  const [first] = uploads;
  const text = first === undefined ? null : (predicateOf(first.policy, 'insert')?.text ?? null);
  return uploads.length !== 1 || text === null ? null : /^\(.*\)$/s.test(text) ? text : `(${text})`;
}

/** Constants that `bucket_id` is compared with; `<>` and NOT IN tell which it must not be. */
function bucketsNamed(node: SyntaxNode, how: '=' | '<>'): string[] {
  const text = JSON.stringify(node);
  if (!text.includes('"bucket_id"')) return [];
  const found: string[] = [];
  const visit = (value: SyntaxNode) => {
    for (const key in value) {
      const inner = value[key];
      if (typeof inner !== 'object' || inner === null) continue;
      if (
        key === 'A_Expr' &&
        (operatorOf(inner) === '<>') === (how === '<>') &&
        JSON.stringify(inner.lexpr ?? {}).includes('"bucket_id"')
      ) {
        for (const [, name] of JSON.stringify(inner.rexpr ?? {}).matchAll(/"sval":\{"sval":"([^"]*)"/g))
          found.push(name!);
      }
      visit(inner);
    }
  };
  visit(node);
  return found;
}

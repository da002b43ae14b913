/** A policy's whole condition as a function that reads without policies: what ends a policy that leads back to its own table. */
import type { Facts } from '../../../model/facts.ts';
import type { Policy, SchemaState, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { keyOf, quoteIdent, strings } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { apiRolesOf } from '../callers/roles.ts';
import { predicatesOf } from '../conditions/predicates.ts';
import { readPredicate } from '../conditions/scope.ts';
import { functionCalls, functionName, nodesOf } from '../syntax/tree.ts';
import { type Asking, nameOffered } from './function-names.ts';

/**
 * One function for each clause, and the policy that calls them; null where a column's type is not known. A column of the row comes as an argument of its name: in SQL functions arguments stand back behind the
 * columns of what is read, as the policy's row does in a sub-select. With `untied`, for conditions too that ask for no column
 * of the row; without it null there, since as a rule a name in the sub-select was meant for one.
 */
export function asConditionFunctions(
  policy: Policy,
  table: Table,
  state: SchemaState,
  facts: Facts,
  untied = false,
): Asking | null {
  const roles = apiRolesOf(policy).join(', ');
  const predicates = predicatesOf(policy);
  const functions: string[] = [];
  const clauses: string[] = [];
  for (const { clause, expression, node } of predicates) {
    const reading = readPredicate(node, table, state);
    if (reading.reads.length === 0) continue;
    const columns = [
      ...new Set(
        reading.columns
          .filter(({ depth, source }) => depth === 0 && source.key === table.key)
          .map(({ name }) => name),
      ),
    ];
    if (columns.length === 0 && !untied) return null;
    const types = columns.map((name) => table.columns.find((column) => column.name === name)?.type);
    if (types.some((type) => type === undefined)) return null;
    const args = columns.map((column, index) => `${quoteIdent(column)} ${types[index]}`).join(', ');
    const wanted = nameFor(policy, table, clause === 'WITH CHECK' && policy.using !== null ? '_after' : '');
    // What it does hangs on the table too, where it has columns of it: the same text asks for others.
    const does = `${columns.length === 0 ? '' : `${table.key}(${args}) `}select ${expression.text}`;
    const name = nameOffered(wanted, does, state, facts);
    const key = `private.${name}`;
    const signature = `${key}(${types.join(', ')})`;
    const text = withArguments(expression.text, table, name, columns);
    if (text.includes('$$')) return null;
    functions.push(
      `create or replace function ${key}(${args}) returns boolean
language sql stable security definer set search_path = ${namesAllSchemas(node, state) ? "''" : 'public'}
as $$ select ${text} $$;`,
      `revoke execute on function ${signature} from public;`,
      `grant execute on function ${signature} to ${roles};`,
    );
    const call = `${key}(${columns.map(quoteIdent).join(', ')})`;
    // Once for the statement, and not for each row.
    const asked = columns.length === 0 ? `(select ${call})` : call;
    clauses.push(`${clause === 'USING' ? 'using' : 'with check'} (${asked})`);
  }
  if (functions.length === 0) return null;
  const policySql = `alter policy ${quoteIdent(policy.name)} on ${table.key}\n  ${clauses.join('\n  ')};`;
  return { functions, policy: policySql };
}

/** "Members can read" is `members_can_read`. */
function nameFor(policy: Policy, table: Table, suffix: string): string {
  const words = policy.name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[_\d]+|_+$/g, '');
  return `${words === '' ? `may_reach_${table.name}` : words}`.slice(0, 63 - suffix.length) + suffix;
}

/** `members.org_id` of the policy's row is the argument `f.org_id`; a bare name stays as it is. */
function withArguments(text: string, table: Table, name: string, columns: readonly string[]): string {
  const own = [table.name, quoteIdent(table.name)].map(escapeRegExp).join('|');
  return columns.reduce(
    (body, column) =>
      body.replace(
        new RegExp(
          `(?<![\\w$."])(?:"?${escapeRegExp(table.schema)}"?\\.)?(?:${own})\\.(?:${escapeRegExp(quoteIdent(column))})(?![\\w$"])`,
          'gi',
        ),
        () => `${name}.${quoteIdent(column)}`,
      ),
    text,
  );
}

/** Whatever is not Postgres' own has its schema before it, as the catalog prints it: relations, functions and types. */
const namesAllSchemas = (node: SyntaxNode, { routines, types }: SchemaState) =>
  nodesOf(node, 'RangeVar').every(({ schemaname }) => schemaname !== undefined) &&
  functionCalls(node).every((call) => {
    const { schema, name } = functionName(call);
    return (
      schema !== null || ![...routines.keys()].some((key) => key.startsWith(`${keyOf('public', name)}(`))
    );
  }) &&
  nodesOf(node, 'TypeCast').every(({ typeName }) => {
    const names = strings(typeName?.names);
    return names.length !== 1 || !types.has(keyOf('public', names[0]!));
  });

/** What Postgres refuses of a statement whatever the database holds; null where nothing is known against it. */
import type { Routine } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { lackingDefault } from '../../../sql/function-parameters.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { endOfBlockComment } from '../../../sql/text.ts';
import { inputsOf } from '../callers/inputs.ts';
import { functionName, someNode } from '../syntax/tree.ts';
import { sql } from './statements.ts';

export interface Refusal {
  /** A sentence without its full stop, with what Postgres says. */
  readonly why: string;
  readonly way: string;
  /** Where the rule's own remedy is about another refusal. */
  readonly help?: string;
}

/** `where expires_at > now()`: an index holds what was true when it was written (42P17). */
export function refusedIndex({ whereClause, indexParams, unique }: SyntaxNode): Refusal | null {
  const expressions = (indexParams ?? []).map(({ IndexElem }: SyntaxNode) => IndexElem?.expr);
  let called: string | null = null;
  const changes = (part: SyntaxNode | undefined) =>
    someNode([part], (kind, node) => {
      const name =
        kind === 'SQLValueFunction'
          ? (/^SVFOP_(CURRENT_(?:DATE|TIME|TIMESTAMP)|LOCALTIME(?:STAMP)?)/
              .exec(node.op)?.[1]
              ?.toLowerCase() ?? null)
          : kind === 'FuncCall' && changing.test(functionName(node).name)
            ? `${functionName(node).name}()`
            : null;
      called ??= name;
      return name !== null;
    });
  const inPredicate = changes(whereClause);
  if (!inPredicate && !expressions.some(changes)) return null;
  return {
    why: `"${called}" is not immutable, and CREATE INDEX fails with "functions in index ${inPredicate ? 'predicate' : 'expression'} must be marked IMMUTABLE" (42P17)`,
    way: inPredicate
      ? unique === true
        ? 'Leave the time out of the predicate, and free what is out of date by deleting it'
        : 'Leave the time out of the predicate and index its column: the query compares it'
      : 'Index the column itself',
  };
}

const changing =
  /^(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|random|gen_random_uuid|uid)$/;

export function refusedFunction(node: SyntaxNode, checksBodies: boolean): Refusal | null {
  const lacking = lackingDefault(node.parameters);
  if (lacking !== null)
    return {
      why: `parameter "${lacking}" has no default and stands behind one that has, and CREATE FUNCTION fails with "input parameters after one with a default value must also have defaults" (42P13)`,
      way: 'Move it before them, or give it a default',
      help: `Write "${lacking}" before the parameters that have a default, or give it one.`,
    };
  const first = checksBodies ? beginning(plpgsqlBody(node)) : null;
  return first === null || /^(?:declare|begin)$/i.test(first)
    ? null
    : {
        why: `the body of a PL/pgSQL function begins with DECLARE or BEGIN, and this one with "${first}": CREATE FUNCTION fails with a syntax error (42601)`,
        way: 'Put BEGIN and END around it, or write LANGUAGE sql',
        help: 'Put BEGIN and END around the body, or write LANGUAGE sql.',
      };
}

/** CREATE OR REPLACE keeps what calls rely on: names of parameters, the result, defaults (42P13). */
export function refusedReplacement(old: Routine, now: Routine): Refusal | null {
  const fails = (what: string, message: string): Refusal => ({
    why: `"${old.key}" is there, and CREATE OR REPLACE can't change ${what}: it fails with "${message}" (42P13)`,
    way: 'Drop the old one before it, and grant again what that was granted',
    help: sql(`drop function ${old.key};`, '-- then this CREATE FUNCTION', ...grantedAgain(old, now.key)),
  });
  const [before, after] = [inputsOf(old), inputsOf(now)];
  const renamed = before.find(({ name }, at) => name !== null && name !== after[at]?.name);
  if (renamed !== undefined)
    return fails(
      `the name of parameter "${renamed.name}"`,
      `cannot change name of input parameter "${renamed.name}"`,
    );
  if (old.returns !== now.returns)
    return fails(
      `its result (${old.returns} to ${now.returns})`,
      'cannot change return type of existing function',
    );
  return before.some(({ hasDefault }, at) => hasDefault && after[at]?.hasDefault === false)
    ? fails('that a parameter has a default', 'cannot remove parameter defaults from existing function')
    : null;
}

/** A new function may be executed by PUBLIC: what the old one was granted besides, or kept from. */
function grantedAgain({ grants }: Routine, key: string): readonly string[] {
  const holders = grants.filter(({ privilege }) => privilege === 'execute').map(({ grantee }) => grantee);
  if (holders.includes('public')) return [];
  const without = ['anon', 'authenticated'].filter((role) => !holders.includes(role));
  return [
    `revoke execute on function ${key} from ${['public', ...without].join(', ')};`,
    ...(holders.length === 0
      ? []
      : [`grant execute on function ${key} to ${[...new Set(holders)].map(quoteIdent).join(', ')};`]),
  ];
}

/** The first word behind comments, which Postgres nests, compiler options and labels; null where none is known. */
function beginning(body: string | null): string | null {
  if (body === null) return null;
  const blank = /\s+|--[^\n]*|#[^\n]*|<<\s{0,40}\w{1,63}\s{0,40}>>/y;
  for (let at = 0; ; ) {
    blank.lastIndex = at;
    const next = body.startsWith('/*', at)
      ? endOfBlockComment(body, at)
      : blank.test(body)
        ? blank.lastIndex
        : at;
    if (next === at) return /^[a-z_]\w*/i.exec(body.slice(at, at + 64))?.[0] ?? null;
    at = next;
  }
}

function plpgsqlBody({ options }: SyntaxNode): string | null {
  const option = (name: string) =>
    (options ?? []).find(({ DefElem }: SyntaxNode) => DefElem?.defname === name)?.DefElem?.arg;
  if (option('language')?.String?.sval?.toLowerCase() !== 'plpgsql') return null;
  return option('as')?.List?.items?.[0]?.String?.sval ?? null;
}

/** The static SQL of a PL/pgSQL body, and the variables it may name. Postgres itself looks into none of it before it runs. */
import { parsePlBlock } from './plpgsql.ts';
import type { PlStatement } from './plpgsql-tree.ts';
import { type Token, tokenize } from './tokens.ts';

export interface PlpgsqlVariable {
  readonly name: string;
  /** As declared: `uuid`, `public.t.id%type`, `public.t%rowtype`, `record`. */
  readonly type: string;
}

export interface PlpgsqlQuery {
  /** Without INTO and its targets; an expression, and what PERFORM evaluates, as a SELECT. As many lines as in the body. */
  readonly sql: string;
  /** UTF-16 offset in the body. */
  readonly start: number;
  /** Conditions that handlers around it catch. */
  readonly caught: readonly string[];
  /** Whether every call comes to it. */
  readonly always: boolean;
}

export interface PlpgsqlBody {
  readonly variables: readonly PlpgsqlVariable[];
  readonly queries: readonly PlpgsqlQuery[];
  readonly labels: readonly string[];
  /** `#variable_conflict use_column` or `use_variable`: a name that is both is no error. */
  readonly resolvesConflicts: boolean;
}

/** Null where the body can't be made out. */
export function readPlpgsql(body: string): PlpgsqlBody | null {
  const option = /^(\s*#\w+\s+\w+)+/;
  // Compiler options stand before the block; the same number of blanks keeps every offset.
  const text = body.replace(option, (match) => match.replace(/\S/g, ' '));
  const read = parsePlBlock(text);
  if (read === null) return null;
  const queries = read.evaluated.flatMap(({ start, end, as, caught, always }) => {
    const written = text.slice(start, end);
    if (as === 'statement' && !isQuery(written)) return [];
    const sql = as === 'statement' ? withoutInto(written) : `select ${written}`;
    return [{ sql, start, caught, always }];
  });
  const labels = [...text.matchAll(/<<\s*"?(\w+)"?\s*>>/g)].map((match) => match[1]!);
  return {
    variables: variablesOf(read.block, text),
    queries,
    labels,
    resolvesConflicts: /^\s*(#\w+\s+\w+\s+)*#variable_conflict\s+use_/i.test(body),
  };
}

function variablesOf(block: PlStatement, text: string): readonly PlpgsqlVariable[] {
  const variables: PlpgsqlVariable[] = [];
  const visit = (statement: PlStatement): void => {
    switch (statement.kind) {
      case 'block':
        for (const { variable, type } of statement.declarations) {
          const plain = type
            .replace(/^\s*constant\s+/i, '')
            .replace(/\s+(not\s+null|collate\s+\S+)\s*$/i, '');
          variables.push({ name: variable, type: plain.replace(/\s*%\s*/g, '%').trim() });
        }
        statement.body.forEach(visit);
        for (const handler of statement.handlers) handler.forEach(visit);
        break;
      case 'if':
        for (const { body } of statement.branches) body.forEach(visit);
        statement.otherwise.forEach(visit);
        break;
      case 'case':
        for (const branch of statement.branches) branch.forEach(visit);
        break;
      case 'loop':
        // The variable of a range is made by the loop; over a cursor it is a record that is made there too.
        if (statement.form === 'range')
          variables.push({ name: statement.variables[0] ?? '', type: 'integer' });
        else if (statement.form === 'query' && !isQuery(text.slice(statement.over.start, statement.over.end)))
          variables.push({ name: statement.variables[0] ?? '', type: 'record' });
        statement.body.forEach(visit);
        break;
    }
  };
  visit(block);
  return variables;
}

const isQuery = (sql: string): boolean =>
  /^\s*\(*\s*(select|insert|update|delete|merge|with|values)\b/i.test(sql);

/** `SELECT a INTO x FROM t` → `SELECT a FROM t`; the INTO of INSERT stays. */
function withoutInto(sql: string): string {
  const tokens = tokenize(sql.replace(/;\s*$/, ''));
  const at = tokens.findIndex(
    (token, i) =>
      token.text === 'into' && token.depth === 0 && !['insert', 'merge'].includes(tokens[i - 1]?.text ?? ''),
  );
  const last = tokens.at(-1)?.end ?? 0;
  if (at === -1) return sql.slice(0, last);
  let end = at + 1;
  if (tokens[end]?.text === 'strict') end += 1;
  const isName = (token: Token | undefined) => token?.kind === 'word' || token?.kind === 'identifier';
  while (isName(tokens[end])) {
    end += 1;
    while (tokens[end]?.text === '.' && isName(tokens[end + 1])) end += 2;
    if (tokens[end]?.text !== ',') break;
    end += 1;
  }
  const [from, to] = [tokens[at]!.start, tokens[end]?.start ?? last];
  // As many lines as before.
  return `${sql.slice(0, from)}${sql.slice(from, to).replace(/[^\n]/g, '')}${sql.slice(to, last)}`;
}

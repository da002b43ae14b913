/** The static SQL of a PL/pgSQL body, and the variables it may name. Postgres itself looks into none of it before it runs. */
import { type PlStatement, parsePlpgsql, type Stretch } from './plpgsql.ts';
import { type Token, tokenize } from './tokens.ts';

export interface PlpgsqlVariable {
  readonly name: string;
  /** As declared: `uuid`, `public.t.id%type`, `public.t%rowtype`, `record`. */
  readonly type: string;
}

export interface PlpgsqlQuery {
  /** Without INTO and its targets; PERFORM reads SELECT. */
  readonly sql: string;
  /** UTF-16 offset in the body. */
  readonly start: number;
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
  const option = /^\s*#\w+\s+\w+/;
  // Compiler options stand before the block; the same number of blanks keeps every offset.
  const block = body.replace(option, (match) => match.replace(/\S/g, ' '));
  const outermost = parsePlpgsql(block);
  if (outermost === null) return null;
  const variables: PlpgsqlVariable[] = [];
  const queries: PlpgsqlQuery[] = [];
  const ask = ({ start, end }: Stretch, prefix = '') => {
    const sql = `${prefix}${withoutInto(block.slice(start, end))}`;
    if (isQuery(sql)) queries.push({ sql, start });
  };
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
        for (const { body: branch } of statement.branches) branch.forEach(visit);
        statement.otherwise.forEach(visit);
        break;
      case 'case':
        for (const branch of statement.branches) branch.forEach(visit);
        break;
      case 'loop':
        // A range of literals (`1..3`) reads as one number.
        if (isQuery(block.slice(statement.over.start, statement.over.end))) ask(statement.over);
        else if (statement.form === 'range' || statement.form === 'query') {
          variables.push({ name: statement.variables[0] ?? '', type: 'integer' });
        }
        statement.body.forEach(visit);
        break;
      case 'perform':
        ask(statement.expression, 'select ');
        break;
      case 'leave':
        if (statement.query) ask(statement.query);
        break;
      case 'sql':
      case 'select into':
        ask(statement.at);
        break;
    }
  };
  visit(outermost);
  const labels = [...block.matchAll(/<<\s*"?(\w+)"?\s*>>/g)].map((match) => match[1]!);
  return { variables, queries, labels, resolvesConflicts: /^\s*#variable_conflict\s+use_/i.test(body) };
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
  return `${sql.slice(0, tokens[at]!.start)}${sql.slice(tokens[end]?.start ?? last, last)}`;
}

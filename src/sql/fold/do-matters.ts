/** What in a block bears on the schema: the rest need not be worked out. */
import type { PlStatement, Stretch } from '../plpgsql-tree.ts';

const slice = (body: string, at: Stretch): string => body.slice(at.start, at.end);

export const mayChangeSchema = (text: string) =>
  /\b(create|alter|drop|grant|revoke|comment|execute|rename|insert\s+into\s+storage\.buckets)\b/i.test(text);

/** The beginning of a dynamic statement that is run for rows alone. */
export const rowsOnly =
  /^\s*(format\s*\(\s*)?(\$\w*\$|')\s*(select|insert\s+into\s+(?!storage)|update|delete|analyze|vacuum|refresh|notify|set|with|truncate|lock|explain)\b/i;

/**
 * Words of what decides which statements run and what they are; a variable that is none of them need not be worked
 * out.
 */
export function wordsThatMatter(block: PlStatement, body: string): ReadonlySet<string> {
  const words = new Set<string>();
  const add = (text: string) => {
    for (const [word] of text.matchAll(/[a-z_][\w$]*/gi)) words.add(word.toLowerCase());
  };
  const assigned: { names: readonly string[]; text: string }[] = [];
  const visit = (statement: PlStatement): void => {
    switch (statement.kind) {
      case 'block':
        for (const { variable, expression } of statement.declarations) {
          if (expression !== null) assigned.push({ names: [variable], text: slice(body, expression) });
        }
        for (const inner of [...statement.body, ...statement.handlers.flat()]) visit(inner);
        break;
      case 'if':
        if (matters(statement, body))
          for (const { condition } of statement.branches) add(slice(body, condition));
        for (const { body } of statement.branches) for (const inner of body) visit(inner);
        for (const inner of statement.otherwise) visit(inner);
        break;
      case 'case':
        for (const inner of statement.branches.flat()) visit(inner);
        break;
      case 'loop':
        if (matters(statement, body)) add(slice(body, statement.over));
        for (const inner of statement.body) visit(inner);
        break;
      case 'assign':
        if (statement.expression !== null) {
          assigned.push({ names: [statement.variable], text: slice(body, statement.expression) });
        }
        break;
      case 'select into':
        assigned.push({ names: statement.variables, text: statement.query });
        break;
      default:
        if (matters(statement, body)) add(slice(body, statement.at));
    }
  };
  visit(block);
  for (let left = assigned; ; ) {
    const [hit, rest] = [left.filter(isNeeded(words)), left.filter((entry) => !isNeeded(words)(entry))];
    if (hit.length === 0) return words;
    for (const { text } of hit) add(text);
    left = rest;
  }
}

/** Many blocks assert something and raise: nothing of theirs has to be worked out. */
export function matters(statement: PlStatement, body: string): boolean {
  switch (statement.kind) {
    case 'execute':
      return !rowsOnly.test(slice(body, statement.expression));
    case 'sql':
      return mayChangeSchema(slice(body, statement.at));
    case 'perform':
      return !/^\s*(pg_|set_config|cron\.|net\.|pgmq\.)/i.test(slice(body, statement.expression));
    case 'leave':
      return statement.how === 'return';
    case 'block':
    case 'if':
    case 'case':
    case 'loop':
      return leaves(statement).some((leaf) => matters(leaf, body));
    default:
      return false;
  }
}

/** The statements in it that hold no others. */
export function leaves(statement: PlStatement): PlStatement[] {
  switch (statement.kind) {
    case 'block':
      return [...statement.body, ...statement.handlers.flat()].flatMap(leaves);
    case 'if':
      return [...statement.branches.flatMap((branch) => branch.body), ...statement.otherwise].flatMap(leaves);
    case 'case':
      return statement.branches.flat().flatMap(leaves);
    case 'loop':
      return statement.body.flatMap(leaves);
    default:
      return [statement];
  }
}

const isNeeded =
  (words: ReadonlySet<string>) =>
  ({ names }: { names: readonly string[] }) =>
    names.some((name) => words.has(name));

/** `email = lower(trim(email))`: a column that is written in one way, and says what it said. */
import type { SyntaxNode } from '../../../model/sql.ts';
import { bare, constantOf, functionName, isColumn } from '../syntax/tree.ts';

/** SET column = … of an UPDATE: nothing but blanks goes, or the case of a column that nobody reads for its case. */
export function isTidiedUp({ name, val }: SyntaxNode): boolean {
  let value = bare(val);
  let depth = 0;
  while (value?.FuncCall !== undefined && depth < 8) {
    const call = functionName(value.FuncCall).name;
    const [first, ...rest]: SyntaxNode[] = value.FuncCall.args ?? [];
    const tidies = /^([lr]?trim|btrim)$/.test(call)
      ? rest.every(isBlank)
      : call === 'regexp_replace'
        ? isBlankPattern(rest)
        : /^(lower|upper|initcap)$/.test(call) && rest.length === 0 && !isProse(name);
    if (!tidies) return false;
    value = bare(first);
    depth += 1;
  }
  return depth > 0 && isColumn(value, name);
}

const isBlank = (node: SyntaxNode) => /^\s*$/.test(String(constantOf(node) ?? 'x'));

/** `'\s+', ' ', 'g'`. */
const isBlankPattern = ([pattern, by]: readonly SyntaxNode[]) =>
  /^\^?\(?(\\s|\[\[:space:\]\]|\[\\s\]| )[+*]?(\$|\|\^?(\\s|\[\[:space:\]\]| )[+*]?\$)?\)?\$?$/.test(
    String(constantOf(pattern ?? null) ?? ''),
  ) && isBlank(by ?? {});

/** What people read as it was written; `username` and `file_name` are looked up. */
const isProse = (column: string) =>
  /name|title|label|text|body|content|description|comment|note|message|bio|address|street|city/i.test(
    column,
  ) && !/e_?mail|(user|login|screen|nick|host|domain|file|role|key)_?name/i.test(column);

/** `-- guard-ignore rule[, rule]: reason` above a statement, `-- guard-ignore-file rule: reason` anywhere on top. */
import type { SqlComment, Statement, Suppression } from '../model/sql.ts';

const pattern = /^(?:--+|\/\*+)\s*guard-ignore(-file)?\s+([^:\n]+?)\s*(?::\s*([\s\S]*?))?\s*(?:\*\/)?$/;

export function readSuppressions(
  comments: readonly SqlComment[],
  statements: readonly Statement[],
): readonly Suppression[] {
  return comments.flatMap((comment) => {
    if (!comment.text.includes('guard-ignore')) return [];
    const match = pattern.exec(comment.text);
    if (match === null) return [];
    const [, wholeFile, names, reason] = match;
    return [
      {
        rules: names!.split(/[\s,]+/).filter((name) => name !== ''),
        reason: reason?.trim() ?? '',
        line: comment.line,
        covers: wholeFile === undefined ? covered(comment, statements) : null,
      },
    ];
  });
}

/** The statement it stands above or beside; inside a statement, the line below it. */
function covered(comment: SqlComment, statements: readonly Statement[]): { from: number; to: number } {
  const sameLine = statements.find((s) => s.span.endLine === comment.line && s.end <= comment.start);
  if (sameLine !== undefined) return { from: sameLine.span.line, to: sameLine.span.endLine };
  const next = statements.find((statement) => statement.end > comment.start);
  if (next === undefined) return { from: comment.line, to: comment.line };
  if (next.start < comment.start) return { from: comment.line, to: comment.endLine + 1 };
  return { from: comment.line, to: next.span.endLine };
}

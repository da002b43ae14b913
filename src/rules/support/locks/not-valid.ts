/** The SQL that adds constraints NOT VALID in the place of a statement, and what validates them in the next migration. */
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { quoteIdent } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';
import { commandsOf, isVerbatim, rangeOfCommand } from '../statements/statements.ts';
import { whereConstraintIsThere } from '../statements/where-there.ts';

/** Longer ones are shown by the command alone. */
const mostLines = 40;

/** Constraints of one statement that are added NOT VALID together: other actions may stand beside them. */
export function addNotValid(
  added: readonly SyntaxNode[],
  table: string,
  statement: Statement,
  context: FileContext,
): readonly string[] {
  const { node, start, end } = statement;
  const commands = commandsOf(node);
  const dropOf = (command: SyntaxNode) => {
    const name: string | undefined = command.def.Constraint.conname;
    return commands.find(
      (other) => name !== undefined && other.subtype === 'AT_DropConstraint' && other.name === name,
    );
  };
  const drops = added.flatMap((command) => dropOf(command) ?? []);
  const where = isInBlock(statement, context) ? ['-- in its place in the DO block'] : [];
  const textOf = (from: number, to: number) => context.source.text.slice(from, to);
  const others = commands.length - added.length - drops.length;
  if ((others > 0 || added.length > 1) && isVerbatim(context, statement)) {
    const ends = added.flatMap(
      (each) => rangeOfCommand(context, statement, commands.indexOf(each))?.end ?? [],
    );
    const stops = [start, ...ends.sort((a, b) => a - b)];
    const whole = `${stops.map((from, at) => textOf(from, stops[at + 1] ?? end)).join(' not valid')};`;
    if (ends.length === added.length && whole.split('\n').length <= mostLines) return [...where, whole];
    if (others > 0) where.push('-- the other actions of the statement stay as they are');
  }
  const ifExists = node.missing_ok === true ? 'if exists ' : '';
  return [
    ...where,
    ...added.map((command) => {
      const name = command.def.Constraint.conname;
      const drop = dropOf(command);
      const range = rangeOfCommand(context, statement, commands.indexOf(command));
      const written =
        range === null ? `add constraint ${quoteIdent(name ?? '…')} …` : textOf(range.start, range.end);
      const dropped =
        drop === undefined
          ? ''
          : `drop constraint ${drop.missing_ok === true ? 'if exists ' : ''}${quoteIdent(name)}, `;
      return `alter table ${ifExists}${table} ${dropped}${written} not valid;`;
    }),
  ];
}

/** Where the statement asks first whether something is there, so does this. */
export function validate(
  name: string,
  table: string,
  statement: Statement,
  context: FileContext,
): readonly string[] {
  const ifExists = statement.node.missing_ok === true ? 'if exists ' : '';
  const plain = `alter table ${ifExists}${table} validate constraint ${quoteIdent(name)};`;
  return isInBlock(statement, context) && mayBeMissing(statement, context)
    ? whereConstraintIsThere(table, name, plain)
    : [plain];
}

const blockOf = ({ index }: Statement, { source }: FileContext) => source.statements[index];

const isInBlock = (statement: Statement, context: FileContext) =>
  blockOf(statement, context)?.kind === 'DoStmt' && blockOf(statement, context) !== statement;

/** Not where it only asks whether the constraint is there already: behind it, it is. */
const mayBeMissing = (statement: Statement, context: FileContext) =>
  /\b(?:if|and)\s*\(?\s*exists\b|\bis\s+not\s+null\b[^;]*\bthen\b|\bwhen\s+[^;]*?\b(?:undefined_\w+|others)\b[^;]*?\bthen\b/i.test(
    context.textOf(blockOf(statement, context)!),
  );

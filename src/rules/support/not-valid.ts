/** The SQL that adds constraints NOT VALID in the place of a statement, and what validates them in the next migration. */
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import type { FileContext } from '../rule.ts';
import { commandsOf, isVerbatim, rangeOfCommand } from './statements.ts';
import { whereConstraintIsThere } from './where-there.ts';

/** Longer ones are shown by the command alone. */
const mostLines = 40;

/** Constraints of one statement that are added NOT VALID together: it may hold several, and other actions beside them. */
export function addNotValid(
  command: SyntaxNode,
  together: readonly SyntaxNode[],
  table: string,
  statement: Statement,
  context: FileContext,
): readonly string[] {
  const { node, start, end } = statement;
  const ifExists = node.missing_ok === true ? 'if exists ' : '';
  const name: string | undefined = command.def.Constraint.conname;
  const commands = commandsOf(node);
  const drop = commands.find(
    (other) => other.subtype === 'AT_DropConstraint' && other.name === name && name !== undefined,
  );
  const where = isInBlock(statement, context) ? ['-- in its place in the DO block'] : [];
  const textOf = (from: number, to: number) => context.source.text.slice(from, to);
  if (commands.length > (drop === undefined ? 1 : 2) && isVerbatim(context, statement)) {
    const ends = together.flatMap(
      (each) => rangeOfCommand(context, statement, commands.indexOf(each))?.end ?? [],
    );
    const stops = [start, ...ends.sort((a, b) => a - b)];
    const whole = `${stops.map((from, at) => textOf(from, stops[at + 1] ?? end)).join(' not valid')};`;
    if (ends.length === together.length && whole.split('\n').length <= mostLines) return [...where, whole];
    where.push('-- the other actions of the statement stay as they are');
  }
  const range = rangeOfCommand(context, statement, commands.indexOf(command));
  const written =
    range === null ? `add constraint ${quoteIdent(name ?? '…')} …` : textOf(range.start, range.end);
  const dropped =
    drop === undefined
      ? ''
      : `drop constraint ${drop.missing_ok === true ? 'if exists ' : ''}${quoteIdent(name!)}, `;
  return [...where, `alter table ${ifExists}${table} ${dropped}${written} not valid;`];
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

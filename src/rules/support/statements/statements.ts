/** What several rules ask of a statement. */
import type { Place } from '../../../model/finding.ts';
import type { StatementRun } from '../../../model/replay.ts';
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { isKeyOf } from '../../../sql/fold/constraints.ts';
import { splitKey } from '../../../sql/fold/table-access.ts';
import { strings } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { type Token, tokenize } from '../../../sql/tokens.ts';
import type { FileContext, Problem, StatementVisitor } from '../../rule.ts';
import { isPlatform } from '../callers/roles.ts';
import { ofTheSystem, ownNames } from '../syntax/own-names.ts';

/** Offsets into the file's text; null for SQL that stands nowhere as such (put together by EXECUTE). */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** True where the statement's text stands in the file as it is, so that edits are possible. */
export const isVerbatim = ({ source }: FileContext, statement: Statement) =>
  source.text.slice(statement.start, statement.end) === statement.sql;

/** Tokens of a statement with offsets into the file; none where the text does not stand there. */
export function tokensIn(context: FileContext, statement: Statement): readonly Token[] {
  return isVerbatim(context, statement) ? tokenize(context.source.text, statement.start, statement.end) : [];
}

/** What stands behind the first DEFAULT from an offset on, as it is written, to the next constraint or column. */
export function defaultText(text: string, tokens: readonly Token[], from = 0): string | null {
  const at = tokens.findIndex(
    (token) => token.start >= from && token.kind === 'word' && token.text === 'default',
  );
  const first = tokens[at + 1];
  if (at === -1 || first === undefined) return null;
  const end = tokens.findIndex(
    (token, index) =>
      index > at + 1 &&
      (token.depth < first.depth ||
        (token.depth === first.depth &&
          (token.text === ',' || (token.kind === 'word' && opensConstraint.test(token.text))))),
  );
  return text.slice(first.start, tokens[(end === -1 ? tokens.length : end) - 1]!.end);
}

const opensConstraint = /^(not|null|unique|primary|references|check|constraint|generated|collate)$/;

/** Offsets behind the first run of these words, in the statement: where to insert. Null where they do not stand there. */
export function behindWords(context: FileContext, statement: Statement, ...words: string[]): number | null {
  const tokens = tokensIn(context, statement);
  for (let i = 0; i + words.length <= tokens.length; i += 1) {
    if (words.every((word, n) => tokens[i + n]!.kind === 'word' && tokens[i + n]!.text === word)) {
      return tokens[i + words.length - 1]!.end;
    }
  }
  return null;
}

export type AlterTableVisitor = (
  command: SyntaxNode,
  table: string,
  statement: Statement,
  context: FileContext,
  at: CommandPlace,
) => void;

/** Where one command of an ALTER TABLE stands. */
export interface CommandPlace {
  readonly place: Place;
  readonly range: Range | null;
}

/** Visits the commands of ALTER TABLE on tables that this change did not make. */
export function alterExisting(
  subtypes: readonly string[],
  visit: AlterTableVisitor,
): Record<string, StatementVisitor> {
  const isWanted = (command: SyntaxNode) => subtypes.includes(command.subtype);
  return {
    AlterTableStmt(node, statement, context) {
      const commands = commandsOf(node);
      if (node.objtype !== 'OBJECT_TABLE' || !commands.some(isWanted)) return;
      const table = context.keyOf(node.relation);
      // The platform's own tables belong to another role: the statement fails, and locks nothing.
      if (context.isNew('table', table) || context.isDropped(table) || isPlatform(splitKey(table)[0])) return;
      commands.forEach((command, index) => {
        if (!isWanted(command) || isRefused(command, table, context)) return;
        const range = rangeOfCommand(context, statement, index);
        const place =
          range === null ? context.placeOf(statement) : context.placeOfRange(range.start, range.end);
        visit(command, table, statement, context, { place, range });
      });
    },
  };
}

/**
 * Postgres refuses it whatever the rows are, as far as the migrations tell: a constraint on a column that the table has
 * at no time of the change, or one that points at no key. The replay says so; it locks nothing, and adds nothing.
 */
export function isRefused(
  { subtype, def }: SyntaxNode,
  key: string,
  { set, keyOf, statements }: FileContext,
): boolean {
  const constraint = subtype === 'AT_AddConstraint' ? def?.Constraint : undefined;
  if (constraint === undefined) return false;
  const [before, after] = [set.before.tables.get(key), set.after.tables.get(key)];
  if (before === undefined || before.unknown.length > 0 || after === undefined || after.unknown.length > 0)
    return false;
  const added = statements
    .filter(({ kind, node }) => kind === 'AlterTableStmt' && keyOf(node.relation) === key)
    .flatMap(({ node }) => commandsOf(node))
    .map((command) => command.def?.ColumnDef?.colname);
  const renamed = statements.filter(({ kind }) => kind === 'RenameStmt').map(({ node }) => node.newname);
  const there = new Set([...before.columns, ...after.columns].map(({ name }) => name).concat(added, renamed));
  const names = [
    ...strings(constraint.fk_attrs),
    ...strings(constraint.keys),
    ...ownNames(constraint.raw_expr).filter((name) => name !== before.name && !ofTheSystem.has(name)),
  ];
  if (names.some((name) => !there.has(name))) return true;
  if (constraint.contype !== 'CONSTR_FOREIGN') return false;
  const target = keyOf(constraint.pktable);
  return [set.before, set.after].every(
    ({ tables }) => tables.has(target) && !isKeyOf(tables.get(target), strings(constraint.pk_attrs)),
  );
}

/** Those that read or rewrite the rows: on a table that holds none, nothing is to be said. */
export const alterFilled = (subtypes: readonly string[], visit: AlterTableVisitor) =>
  alterExisting(subtypes, (command, table, statement, context, at) => {
    if (!context.isEmpty(table, statement)) visit(command, table, statement, context, at);
  });

export const commandsOf = (alterTable: SyntaxNode): readonly SyntaxNode[] =>
  (alterTable.cmds ?? []).map((cmd: SyntaxNode) => cmd.AlterTableCmd ?? {});

/** Those that a CREATE TABLE or an ALTER TABLE writes, of the table and of its columns. */
export const constraintsIn = ({ kind, node }: Statement): readonly SyntaxNode[] =>
  (kind === 'CreateStmt' ? (node.tableElts ?? []) : commandsOf(node).map(({ def }) => def ?? {})).flatMap(
    ({ Constraint, ColumnDef }: SyntaxNode) => [
      ...(Constraint === undefined ? [] : [Constraint]),
      ...(ColumnDef?.constraints ?? []).map((each: SyntaxNode) => each.Constraint ?? {}),
    ],
  );

/** An ALTER TABLE under ACCESS EXCLUSIVE: all forms but those the manual gives a weaker lock (sql-altertable, "Description"). */
export function takesExclusiveLock(node: SyntaxNode): boolean {
  return commandsOf(node).some(
    ({ subtype, def }) =>
      !/^AT_(ValidateConstraint|SetStatistics|AttachPartition|EnableTrig|DisableTrig|ClusterOn|EnableRowSecurity|DisableRowSecurity|ForceRowSecurity|NoForceRowSecurity|ReplicaIdentity|ChangeOwner|SetRelOptions)/.test(
        subtype,
      ) && !(subtype === 'AT_AddConstraint' && def?.Constraint?.contype === 'CONSTR_FOREIGN'),
  );
}

/** The file has altered the table under ACCESS EXCLUSIVE above, and holds that lock while it builds. */
export const isHeldExclusively = ({ start }: Statement, table: string, { statements, keyOf }: FileContext) =>
  statements.some(
    (other) =>
      other.start < start &&
      other.kind === 'AlterTableStmt' &&
      other.node.objtype === 'OBJECT_TABLE' &&
      keyOf(other.node.relation) === table &&
      takesExclusiveLock(other.node),
  );

/** `alter table [if exists] [only] name [*] first, second, …`: the n-th of them. */
export function rangeOfCommand(context: FileContext, statement: Statement, index: number): Range | null {
  const tokens = tokensIn(context, statement);
  let at = 0;
  const skip = (...words: string[]) => {
    if (words.every((word, n) => tokens[at + n]?.text === word)) at += words.length;
  };
  if (tokens[0]?.text !== 'alter') return null;
  at = 1;
  skip('foreign');
  skip('table');
  skip('if', 'exists');
  skip('only');
  at += 1;
  while (tokens[at]?.text === '.') at += 2;
  skip('*');
  let number = 0;
  let first: Token | null = null;
  let last: Token | null = null;
  for (const token of tokens.slice(at)) {
    if (token.text === ',' && token.depth === 0) {
      if (number === index) break;
      number += 1;
      first = null;
      continue;
    }
    first ??= token;
    last = token;
  }
  return number === index && first !== null && last !== null ? { start: first.start, end: last.end } : null;
}

/**
 * A constraint of that name stood there before the change and nothing in the change drops it: the statement fails or is
 * caught, and reads nothing. So it is with a dump that is laid over a schema that has it all.
 */
export function isThere(context: FileContext, table: string, name: string | null, kind?: 'primary'): boolean {
  const before = context.set.before.tables.get(table);
  if (before === undefined) return false;
  const { primaryKey, checks, uniques, exclusions, foreignKeys } = before;
  const there =
    kind === 'primary'
      ? primaryKey
      : [...checks, ...uniques, ...exclusions, ...foreignKeys].find((constraint) => constraint.name === name);
  return (
    there != null &&
    !context.statements.some(
      (statement) =>
        statement.kind === 'AlterTableStmt' &&
        context.keyOf(statement.node.relation) === table &&
        commandsOf(statement.node).some(
          (command) => command.subtype === 'AT_DropConstraint' && command.name === there.name,
        ),
    )
  );
}

/** CREATE INDEX IF NOT EXISTS where an index of the name exists: nothing is built. */
export const isIndexThere = (node: SyntaxNode, table: string, { set }: FileContext) =>
  node.if_not_exists === true &&
  set.before.tables.get(table)?.indexes.some(({ name }) => name === node.idxname) === true;

export const hasConstraint = (column: SyntaxNode, type: string): SyntaxNode | null => {
  for (const { Constraint } of column.constraints ?? []) if (Constraint?.contype === type) return Constraint;
  return null;
};

export const isCascade = (node: SyntaxNode) => node.behavior === 'DROP_CASCADE';

/** The names a DROP, a COMMENT … is about, part by part. */
export function namesOf(node: SyntaxNode): readonly string[] {
  if (node.List !== undefined) return strings(node.List.items);
  if (node.String !== undefined) return [node.String.sval ?? ''];
  if (node.TypeName !== undefined) return strings(node.TypeName.names);
  if (node.ObjectWithArgs !== undefined) return strings(node.ObjectWithArgs.objname);
  return [];
}

/** The n-th object of a DROP: where its name stands. */
export function placeOfName(context: FileContext, statement: Statement, name: string): Place {
  const tokens = tokensIn(context, statement);
  const plain = (token: Token) =>
    token.kind === 'identifier' ? token.text.slice(1, -1).replaceAll('""', '"') : token.text;
  const at = tokens.findIndex((token, index) => index > 0 && plain(token) === name);
  if (at === -1) return context.placeOf(statement);
  let first = at;
  while (tokens[first - 1]?.text === '.') first -= 2;
  return context.placeOfRange(tokens[Math.max(0, first)]!.start, tokens[at]!.end);
}

/** What the replay saw of a statement of the file itself; null where it did not run, or inside a DO block. */
export function runOf({ facts, source }: FileContext, statement: Statement): StatementRun | null {
  if (source.statements[statement.index] !== statement) return null;
  const run = facts.replay?.runs.find(({ path }) => path === source.path);
  return run?.statements.find(({ index }) => index === statement.index) ?? null;
}

/**
 * Reports a lock or a rewrite. Where the replay saw it happen, the finding says so and has that evidence too.
 */
export function reportLock(
  context: FileContext,
  statement: Statement,
  problem: Problem & { object: string },
): void {
  const run = runOf(context, statement);
  const seen = [
    ...(run?.locks
      .filter(({ relation }) => relation === problem.object)
      .map(({ mode }) => `${mode} on "${problem.object}"`) ?? []),
    ...(run?.rewrites.includes(problem.object) ? [`"${problem.object}" written anew`] : []),
  ];
  context.report(
    seen.length === 0
      ? problem
      : {
          ...problem,
          evidence: ['static', 'replay'],
          help: `${problem.help === undefined ? '' : `${problem.help}\n\n`}Seen in the replay: ${seen.join(', ')}.`,
        },
  );
}

export const sql = (...lines: string[]) => `\`\`\`sql\n${lines.join('\n')}\n\`\`\``;

/** `"a"`, `"a" and "b"`, `"a", "b" and "c"`. */
export function listed(names: readonly string[], limit = 5): string {
  const quoted = names.slice(0, limit).map((name) => `"${name}"`);
  if (names.length > limit) return `${quoted.join(', ')} and ${names.length - limit} more`;
  return quoted.length < 2 ? (quoted[0] ?? '') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}

/** Rows of the table are taken out or changed above, in the same file: the author has thought of those that do not fit. */
export const rowsAreMended = (
  { start }: Statement,
  table: string,
  columns: readonly string[] | null,
  { statements, keyOf }: FileContext,
) =>
  statements.some(
    (other) =>
      other.start < start &&
      /^(Update|Delete|Truncate)Stmt$/.test(other.kind) &&
      [other.node.relation, ...(other.node.relations ?? []).map(({ RangeVar }: SyntaxNode) => RangeVar)].some(
        (relation) => relation !== undefined && keyOf(relation) === table,
      ) &&
      (columns === null ||
        columns.some((column) =>
          new RegExp(`(?<![\\w$])${escapeRegExp(column)}(?![\\w$])`, 'i').test(other.sql),
        )),
  );

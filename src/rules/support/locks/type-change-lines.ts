/** Statements of the file that stand in the way of a second column, because they are meant for the first one's new type. */
import type { Statement, SyntaxNode } from '../../../model/sql.ts';
import { quoteIdent, strings } from '../../../sql/names.ts';
import type { FileContext } from '../../rule.ts';
import { nameIn } from '../policies/policies-moved.ts';
import { commandsOf, namesOf } from '../statements/statements.ts';
import { keyOfParts } from '../syntax/names.ts';
import type { TypeChange } from './type-change.ts';

/** Defaults, keys, checks and indexes of the columns: the new ones get them. */
export function meantForThem(
  changes: readonly TypeChange[],
  { source, keyOf }: FileContext,
): readonly Statement[] {
  const [{ table, statement: own }] = changes as readonly [TypeChange];
  const columns = changes.map(({ column }) => column);
  const isOf = (names: readonly string[]) => names.some((name) => columns.includes(name));
  const isConstraint = ({ fk_attrs, keys, raw_expr }: SyntaxNode, { sql }: Statement) =>
    isOf([...strings(fk_attrs), ...strings(keys)]) ||
    (raw_expr !== undefined && columns.some((column) => nameIn(column).test(sql)));
  return source.statements.filter((statement) => {
    const { kind, node, start } = statement;
    if (statement === own || node.relation === undefined || keyOf(node.relation) !== table) return false;
    const isBelow = start > own.start;
    if (kind === 'IndexStmt')
      return isBelow && isOf((node.indexParams ?? []).map(({ IndexElem }: SyntaxNode) => IndexElem?.name));
    if (kind !== 'AlterTableStmt') return false;
    return commandsOf(node).every(({ subtype, name, def }) =>
      subtype === 'AT_ColumnDefault'
        ? columns.includes(name)
        : isBelow && subtype === 'AT_AddConstraint' && isConstraint(def?.Constraint ?? {}, statement),
    );
  });
}

/** What drops the columns' old types below, also under a name that they got meanwhile, and gives theirs to another. */
export function endOfOldTypes(changes: readonly TypeChange[], { source }: FileContext): readonly Statement[] {
  const old = oldTypes(changes, source.statements);
  const below = source.statements.filter(({ start }) => start > changes[0]!.statement.start);
  const drops = below.filter(
    ({ kind, node }) =>
      kind === 'DropStmt' &&
      node.removeType === 'OBJECT_TYPE' &&
      (node.objects ?? []).some((each: SyntaxNode) => old.has(keyOfParts(namesOf(each)))),
  );
  if (drops.length === 0) return [];
  return below.filter((statement) => drops.includes(statement) || old.has(renaming(statement)?.to ?? ''));
}

/** An expression that runs when the file is through, where a new type bears another name. */
export function atTheEnd(text: string, change: TypeChange, { source: { statements } }: FileContext): string {
  const renamed = statements
    .filter(({ start }) => start > change.statement.start)
    .map(renaming)
    .find((each) => each?.from === change.target);
  return renamed == null || oldTypes([change], statements).has(renamed.to)
    ? text
    : text.replace(nameIn(renamed.name, 'g'), () => quoteIdent(renamed.newName));
}

function oldTypes(changes: readonly TypeChange[], statements: readonly Statement[]): ReadonlySet<string> {
  const old = new Set(changes.flatMap(({ before }) => before?.type ?? []));
  for (const statement of statements) {
    const renamed = renaming(statement);
    if (renamed !== null && statement.start < changes[0]!.statement.start && old.has(renamed.from))
      old.add(renamed.to);
  }
  return old;
}

/** ALTER TYPE … RENAME TO. */
function renaming({ kind, node }: Statement) {
  if (kind !== 'RenameStmt' || node.renameType !== 'OBJECT_TYPE') return null;
  const parts = strings(node.object?.List?.items);
  return {
    name: parts.at(-1)!,
    newName: node.newname as string,
    from: keyOfParts(parts),
    to: keyOfParts([...parts.slice(0, -1), node.newname]),
  };
}

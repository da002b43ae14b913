/**
 * What a file that can't be parsed would take away: Postgres refuses it as a whole, so that what stood before still stands.
 * What it makes is kept, for the sake of the files behind it.
 */
import type { SourceFile, Statement, SyntaxNode } from '../model/sql.ts';
import { strings } from './names.ts';

const cache = new WeakMap<SourceFile, ReadonlySet<Statement>>();
const none: ReadonlySet<Statement> = new Set();

/** Statements that drop what the file, as far as it can be read, does not make again. */
export function sparedIn(source: SourceFile): ReadonlySet<Statement> {
  if (source.issue === null) return none;
  let found = cache.get(source);
  if (found === undefined) {
    const { statements } = source;
    found = new Set(
      statements.filter((statement, at) => {
        const dropped = droppedBy(statement);
        if (dropped.length === 0) return false;
        const made = new Set(statements.slice(at).flatMap(madeBy));
        return !dropped.every((name) => made.has(name));
      }),
    );
    cache.set(source, found);
  }
  return found;
}

/** What of the database is not there any more behind the statement: a kind and a name. */
function droppedBy({ kind, node }: Statement): string[] {
  if (kind === 'DropStmt') {
    const what = kinds[node.removeType];
    return what === undefined
      ? []
      : (node.objects ?? []).map((each: SyntaxNode) => `${what} ${pathOf(each, what)}`);
  }
  return kind === 'AlterTableStmt' ? partsOf(node, drops) : [];
}

const kinds: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'relation',
  OBJECT_VIEW: 'relation',
  OBJECT_MATVIEW: 'relation',
  OBJECT_SEQUENCE: 'relation',
  OBJECT_FOREIGN_TABLE: 'relation',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_FUNCTION: 'routine',
  OBJECT_PROCEDURE: 'routine',
  OBJECT_SCHEMA: 'schema',
  OBJECT_POLICY: 'part',
  OBJECT_TRIGGER: 'part',
};

/** The last name; of a policy or a trigger with that of its table. */
function pathOf(object: SyntaxNode, what: string): string {
  const names = strings(
    object.List?.items ?? object.TypeName?.names ?? object.ObjectWithArgs?.objname ?? [object],
  );
  return names.slice(what === 'part' ? -2 : -1).join('.');
}

function madeBy({ kind, node }: Statement): string[] {
  switch (kind) {
    case 'CreateStmt':
    case 'CreateForeignTableStmt':
      return [`relation ${(node.relation ?? node.base?.relation ?? node.base_stmt?.relation)?.relname}`];
    case 'ViewStmt':
      return [`relation ${node.view?.relname}`];
    case 'CreateTableAsStmt':
      return [`relation ${node.into?.rel?.relname}`];
    case 'CreateSeqStmt':
      return [`relation ${node.sequence?.relname}`];
    case 'CreateEnumStmt':
    case 'CreateRangeStmt':
      return [`type ${strings(node.typeName).at(-1)}`];
    case 'CreateDomainStmt':
      return [`type ${strings(node.domainname).at(-1)}`];
    case 'CompositeTypeStmt':
      return [`type ${node.typevar?.relname}`];
    case 'CreateFunctionStmt':
      return [`routine ${strings(node.funcname).at(-1)}`];
    case 'CreateSchemaStmt':
      return [`schema ${node.schemaname}`];
    case 'CreatePolicyStmt':
      return [`part ${node.table?.relname}.${node.policy_name}`];
    case 'CreateTrigStmt':
      return [`part ${node.relation?.relname}.${node.trigname}`];
    case 'AlterTableStmt':
      return partsOf(node, adds);
    default:
      return [];
  }
}

const drops: Readonly<Record<string, string>> = { AT_DropColumn: 'column', AT_DropConstraint: 'constraint' };
const adds: Readonly<Record<string, string>> = { AT_AddColumn: 'column', AT_AddConstraint: 'constraint' };

const partsOf = (node: SyntaxNode, kindOf: Readonly<Record<string, string>>): string[] =>
  (node.cmds ?? []).flatMap(({ AlterTableCmd: command }: SyntaxNode) => {
    const what = kindOf[command?.subtype];
    const name = command?.name ?? command?.def?.ColumnDef?.colname ?? command?.def?.Constraint?.conname;
    return what === undefined ? [] : [`${what} ${node.relation?.relname}.${name}`];
  });

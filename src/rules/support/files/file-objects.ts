/** What a file makes and takes back, by its statements: files are compared by that. */
import type { SourceFile, Statement, SyntaxNode } from '../../../model/sql.ts';
import { walkDo } from '../../../sql/do.ts';
import { strings, typeName } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { commandsOf, namesOf } from '../statements/statements.ts';
import { keyOfParts } from '../syntax/names.ts';
import { remembered } from '../syntax/tree.ts';

export interface FileObject {
  readonly kind: Kind;
  /** With its kind and its table: `routine public.f`, `policy public.note All read`. A routine's arguments are left out. */
  readonly key: string;
  /** Without its schema and its table. */
  readonly name: string;
  /** As a message calls it: `note`, `billing.note`, `note.body`. */
  readonly label: string;
  /** Key of the table that takes it along when it is dropped. */
  readonly table: string | null;
}

export interface MadeObject extends FileObject {
  /** The statement that makes it. */
  readonly sql: string;
  /** A routine's parameters and result: another one can't take its place, or stands beside it. Null of all else. */
  readonly signature: string | null;
}

export interface FileObjects {
  readonly made: readonly MadeObject[];
  /** Keys of `made`, and of what is dropped. */
  readonly makes: ReadonlySet<string>;
  readonly drops: ReadonlySet<string>;
  /** Keys of the routines that ALTER FUNCTION sets something on: made anew, they lose it. */
  readonly alters: ReadonlySet<string>;
  /** Keys of the tables whose creation fails where they are there. */
  readonly tables: ReadonlySet<string>;
}

/** What a DO block writes out belongs to its file. */
const statementsOf = remembered((source: SourceFile): readonly Statement[] =>
  source.statements.flatMap((statement) => [
    statement,
    ...(statement.kind === 'DoStmt' ? walkDo(source, statement) : [])
      .filter(({ when }) => when !== 'handler')
      .map((inner) => inner.statement),
  ]),
);

export const objectsOf = remembered((source: SourceFile): FileObjects => {
  const statements = statementsOf(source);
  const made = statements.flatMap((statement) =>
    madeBy(statement).map((object) => ({
      ...object,
      sql: statement.sql,
      signature: signatureOf(statement),
    })),
  );
  return {
    made,
    makes: keysOf(made),
    drops: keysOf(statements.flatMap(droppedBy)),
    alters: keysOf(
      statements
        .filter(({ kind }) => kind === 'AlterFunctionStmt')
        .map(({ node }) => object('routine', strings(node.func?.objname))),
    ),
    tables: keysOf(
      statements
        .filter(({ node }) => node.if_not_exists !== true)
        .flatMap(madeBy)
        .filter(({ kind }) => kind === 'table'),
    ),
  };
});

/** Names and types, as far as they decide whether CREATE OR REPLACE is refused. */
function signatureOf({ kind, node }: Statement): string | null {
  if (kind !== 'CreateFunctionStmt') return null;
  const parameters = (node.parameters ?? []).map(({ FunctionParameter: parameter }: SyntaxNode) =>
    [
      /^FUNC_PARAM_(OUT|TABLE|INOUT|VARIADIC)$/.exec(parameter?.mode ?? '')?.[1] ?? '',
      parameter?.name ?? '',
      typeName(parameter?.argType ?? {}, { modifiers: false }),
    ].join(' '),
  );
  const result = node.returnType === undefined ? '' : typeName(node.returnType, { modifiers: false });
  return `${parameters.join(', ')}: ${node.returnType?.setof === true ? 'setof ' : ''}${result}`;
}

/** What a later file makes anew takes the place of it: of a table, the first one stays. */
export const isReplaceable = ({ kind }: FileObject) => /^(routine|view|policy|trigger)$/.test(kind);

/** Rows and rights, and what is altered otherwise: no other file makes or drops that anew. */
export const doesMore = ({ statements }: SourceFile) =>
  statements.some((statement) =>
    statement.kind === 'AlterTableStmt'
      ? commandsOf(statement.node).some(({ subtype }) => !/^AT_(AddColumn|Enable\w+)$/.test(subtype))
      : madeBy(statement).length === 0 &&
        !/^(Drop|CreateExtension|Comment|Transaction|VariableSet|Notify)Stmt$/.test(statement.kind),
  );

/** Names of what it makes or alters and others may build on: nobody names an index, a policy or a trigger. */
export const foundationsOf = (source: SourceFile): readonly string[] =>
  statementsOf(source).flatMap((statement): readonly string[] => {
    const { kind, node } = statement;
    if (kind === 'AlterTableStmt') return node.relation === undefined ? [] : [node.relation.relname];
    if (kind === 'RenameStmt')
      return [
        ...(node.relation === undefined ? [] : [node.relation.relname]),
        ...(isFoundation(node.renameType) ? [node.newname] : []),
      ];
    if (kind === 'AlterEnumStmt') return strings(node.typeName).slice(-1);
    if (kind === 'AlterFunctionStmt') return strings(node.func?.objname).slice(-1);
    return madeBy(statement)
      .filter((object) => object.table === null)
      .map(({ name }) => name);
  });

const isFoundation = (type: string) =>
  /^OBJECT_(TABLE|VIEW|MATVIEW|SEQUENCE|FUNCTION|PROCEDURE|ROUTINE|TYPE|DOMAIN|SCHEMA)$/.test(type);

/** True where some statement has one of the names, be it in a function's body. */
export function namesAny({ statements }: Pick<SourceFile, 'statements'>, names: readonly string[]): boolean {
  if (names.length === 0) return false;
  const any = new RegExp(`(?<![\\w$])(${names.map(escapeRegExp).join('|')})(?![\\w$])`, 'i');
  return statements.some(({ sql }) => any.test(sql));
}

type Kind =
  | 'table'
  | 'view'
  | 'routine'
  | 'type'
  | 'sequence'
  | 'schema'
  | 'index'
  | 'policy'
  | 'trigger'
  | 'column';

function madeBy({ kind, node }: Statement): readonly FileObject[] {
  switch (kind) {
    case 'CreateStmt':
      return standing('table', node.relation);
    case 'CreateTableAsStmt':
      return standing(node.objtype === 'OBJECT_MATVIEW' ? 'view' : 'table', node.into?.rel);
    case 'ViewStmt':
      return standing('view', node.view);
    case 'CreateSeqStmt':
      return standing('sequence', node.sequence);
    case 'CompositeTypeStmt':
      return standing('type', node.typevar);
    case 'CreateEnumStmt':
    case 'CreateRangeStmt':
      return [object('type', strings(node.typeName))];
    case 'CreateDomainStmt':
      return [object('type', strings(node.domainname))];
    case 'CreateFunctionStmt':
      return [object('routine', strings(node.funcname))];
    case 'CreateSchemaStmt':
      return node.schemaname === undefined ? [] : [object('schema', [node.schemaname])];
    case 'IndexStmt':
      return node.idxname === undefined ? [] : [onTable('index', partsOf(node.relation), node.idxname)];
    case 'CreatePolicyStmt':
      return [onTable('policy', partsOf(node.table), node.policy_name)];
    case 'CreateTrigStmt':
      return [onTable('trigger', partsOf(node.relation), node.trigname)];
    case 'AlterTableStmt':
      return commandsOf(node)
        .filter(({ subtype }) => subtype === 'AT_AddColumn')
        .map(({ def }) => onTable('column', partsOf(node.relation), def?.ColumnDef?.colname ?? ''));
    default:
      return [];
  }
}

function droppedBy({ kind, node }: Statement): readonly FileObject[] {
  if (kind === 'AlterTableStmt')
    return commandsOf(node)
      .filter(({ subtype }) => subtype === 'AT_DropColumn')
      .map(({ name }) => onTable('column', partsOf(node.relation), name));
  const dropped = kind === 'DropStmt' ? droppedKinds[node.removeType] : undefined;
  if (dropped === undefined) return [];
  return (node.objects ?? []).map((each: SyntaxNode) => {
    const parts = namesOf(each);
    return dropped === 'policy' || dropped === 'trigger'
      ? onTable(dropped, parts.slice(0, -1), parts.at(-1)!)
      : object(dropped, parts);
  });
}

const droppedKinds: Readonly<Record<string, Kind>> = {
  OBJECT_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'view',
  OBJECT_FUNCTION: 'routine',
  OBJECT_PROCEDURE: 'routine',
  OBJECT_ROUTINE: 'routine',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_SCHEMA: 'schema',
  OBJECT_INDEX: 'index',
  OBJECT_POLICY: 'policy',
  OBJECT_TRIGGER: 'trigger',
};

/** A relation, unless it goes with the session. */
const standing = (kind: Kind, relation: SyntaxNode) =>
  relation.relpersistence === 't' ? [] : [object(kind, partsOf(relation))];

const object = (kind: Kind, parts: readonly string[]): FileObject => ({
  kind,
  key: `${kind} ${keyOfParts(parts)}`,
  name: parts.at(-1)!,
  label: labelOf(parts),
  table: null,
});

/** An index has a name of its own in its schema; what else hangs on a table is named there. */
function onTable(kind: Kind, table: readonly string[], name: string): FileObject {
  const key = keyOfParts(kind === 'index' ? [...table.slice(0, -1), name] : table);
  return {
    kind,
    key: kind === 'index' ? `index ${key}` : `${kind} ${key} ${name}`,
    name,
    label: kind === 'column' ? `${labelOf(table)}.${name}` : name,
    table: `table ${keyOfParts(table)}`,
  };
}

const partsOf = ({ schemaname, relname }: SyntaxNode): readonly string[] =>
  schemaname === undefined ? [relname] : [schemaname, relname];

const labelOf = (parts: readonly string[]) => (parts[0] === 'public' ? parts.slice(1) : parts).join('.');

const keysOf = (objects: readonly FileObject[]): ReadonlySet<string> =>
  new Set(objects.map(({ key }) => key));

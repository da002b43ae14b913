/** Files of one version in the order in which a new database takes them: who makes something runs before who needs it. */
import type { Facts } from '../../../model/facts.ts';
import type { Migration } from '../../../model/migration.ts';
import type { SchemaState } from '../../../model/schema.ts';
import type { SourceFile, Statement, SyntaxNode } from '../../../model/sql.ts';
import { doBody, walkDo } from '../../../sql/do.ts';
import { strings } from '../../../sql/names.ts';
import { parseStatements } from '../../../sql/parse.ts';
import { readPlpgsql } from '../../../sql/plpgsql-queries.ts';
import { namesOf } from '../statements/statements.ts';
import { keyOfParts, keyOfRangeVar } from '../syntax/names.ts';
import { remembered } from '../syntax/tree.ts';
import { type FileObject, objectsOf } from './file-objects.ts';

export interface Turns {
  readonly files: readonly Migration[];
  /** Why this is not the order of their names, with a space before it; empty where it is. */
  readonly told: string;
}

interface Need {
  readonly file: Migration;
  readonly maker: Migration;
  readonly object: FileObject;
  /** `makes`: the other makes what it uses. `asks`: it makes the same where it is missing, which the other does not ask. */
  readonly kind: 'makes' | 'asks';
}

/** `inTurn` stays where nothing is known, or where each needs the other. */
export function turnsOf(inTurn: readonly Migration[], facts: Facts): Turns {
  const needs = needsAmong(inTurn, facts);
  const files: Migration[] = [];
  const under = new Set<Migration>();
  const place = (file: Migration): boolean => {
    if (files.includes(file)) return true;
    if (under.has(file)) return false;
    under.add(file);
    const makers = inTurn.filter((maker) => needs.some((need) => need.file === file && need.maker === maker));
    if (!makers.every(place)) return false;
    files.push(file);
    return true;
  };
  if (!inTurn.every(place)) return { files: inTurn, told: '' };
  const against = needs.filter(({ file, maker }) => file.fileName < maker.fileName);
  return { files, told: toldOf(against) };
}

const shownAtMost = 4;

/** Once for each two files. */
function toldOf(needs: readonly Need[]): string {
  const pairs = needs.filter(
    ({ file, maker }, at) => needs.findIndex((need) => need.file === file && need.maker === maker) === at,
  );
  const more = pairs.length - shownAtMost;
  return [
    ...pairs
      .slice(0, shownAtMost)
      .map(
        ({ file, maker, object: { kind, label }, kind: how }) =>
          ` "${file.fileName}" ${how === 'makes' ? `needs the ${words[kind] ?? kind} "${label}", which "${maker.fileName}" makes` : `makes the ${words[kind] ?? kind} "${label}" where it is missing, and "${maker.fileName}" fails where it is there`}: it comes behind that.`,
      ),
    ...(more > 0 ? [` So ${more === 1 ? 'does one more' : `do ${more} more`}.`] : []),
  ].join('');
}

const words: Readonly<Record<string, string>> = { routine: 'function' };

function needsAmong(files: readonly Migration[], facts: Facts): readonly Need[] {
  const before = stateBefore(files, facts);
  const sourceOf = ({ path }: Migration) => facts.sources.get(path);
  return files.flatMap((file) => {
    const source = sourceOf(file);
    if (source === undefined) return [];
    const own = objectsOf(source);
    return files.flatMap((maker): readonly Need[] => {
      const theirs = maker === file ? undefined : sourceOf(maker);
      if (theirs === undefined) return [];
      const { made } = objectsOf(theirs);
      const isOnlyMaker = ({ key }: FileObject) =>
        files.every((other) => other === maker || !objectsOf(sourceOf(other)!).makes.has(key));
      const needed = made.find(
        (object) => isOnlyMaker(object) && !isThere(object, before) && namedIn(source, object),
      );
      if (needed !== undefined) return [{ file, maker, object: needed, kind: 'makes' }];
      const asked = made.find(
        ({ key }) => plainlyMade(theirs).has(key) && own.makes.has(key) && !plainlyMade(source).has(key),
      );
      return asked === undefined ? [] : [{ file, maker, object: asked, kind: 'asks' }];
    });
  });
}

function stateBefore(files: readonly Migration[], { changeSets, base }: Facts): SchemaState {
  const paths = new Set(files.map(({ path }) => path));
  return (
    changeSets.find(({ migrations }) => migrations.some(({ migration }) => paths.has(migration.path)))
      ?.before ?? base
  );
}

/** What stood before all of them is nobody's to make. */
function isThere({ kind, key, name, table }: FileObject, before: SchemaState): boolean {
  const own = key.slice(kind.length + 1);
  switch (kind) {
    case 'table':
    case 'view':
      return before.tables.has(own) || before.views.has(own);
    case 'type':
      return before.types.has(own);
    case 'sequence':
      return before.sequences.has(own);
    case 'schema':
      return before.schemas.has(name);
    case 'routine':
      return [...before.routines.keys()].some((each) => each.startsWith(`${own}(`));
    case 'column':
      return (
        before.tables.get(table!.slice('table '.length))?.columns.some((column) => column.name === name) ===
        true
      );
    default:
      // Nobody fails for want of an index, a policy or a trigger.
      return true;
  }
}

/** What one statement names. */
interface Names {
  readonly relations: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  readonly routines: ReadonlySet<string>;
  readonly schemas: ReadonlySet<string>;
  readonly columns: ReadonlySet<string>;
  /** Columns that it writes, with the key of the table. */
  readonly written: ReadonlySet<string>;
}

function namedIn(source: SourceFile, { kind, key, name, table }: FileObject): boolean {
  const own = key.slice(kind.length + 1);
  return namesIn(source).some(({ relations, types, routines, schemas, columns, written }) => {
    switch (kind) {
      case 'table':
      case 'view':
        return relations.has(own) || types.has(own);
      case 'sequence':
        return relations.has(own);
      case 'type':
        return types.has(own);
      case 'routine':
        return routines.has(own);
      case 'schema':
        return schemas.has(name);
      case 'column':
        // Beside another table nobody knows whose column of that name it is, unless it is written.
        return (
          (relations.size === 1 && relations.has(table!.slice('table '.length)) && columns.has(name)) ||
          written.has(own)
        );
      default:
        return false;
    }
  });
}

/** Of each statement that fails where a name is missing. */
const namesIn = remembered((source: SourceFile): readonly Names[] =>
  source.statements.flatMap((statement) =>
    (statement.kind === 'DoStmt' ? alwaysRun(source, statement) : [statement]).flatMap(namesOfStatement),
  ),
);

/** Of a DO block: what it makes and changes, and what it asks before anything lets it leave. */
const alwaysRun = (source: SourceFile, statement: Statement): readonly Statement[] => {
  const body = doBody(source, statement);
  const queries = body === null ? null : readPlpgsql(body.text.slice(body.start, body.end))?.queries;
  return [
    ...walkDo(source, statement)
      .filter(({ when, caught }) => when === 'always' && !caught)
      .map((inner) => inner.statement),
    ...(queries ?? [])
      .filter(({ always, caught }) => always && caught.length === 0)
      .flatMap(({ sql }) => parseStatements(sql) ?? []),
  ];
};

function namesOfStatement({ kind, node }: Pick<Statement, 'kind' | 'node'>): readonly Names[] {
  if (node.missing_ok === true) return [];
  const found = {
    relations: new Set<string>(),
    types: new Set<string>(),
    routines: new Set<string>(),
    schemas: new Set<string>(),
    columns: new Set<string>(),
    written: new Set<string>(),
  };
  const tables = new Set<string>();
  const qualified = (into: Set<string>, list: unknown) => {
    const parts = partsOf(list);
    if (parts.length === 0) return;
    into.add(keyOfParts(parts));
    if (parts.length > 1) found.schemas.add(parts.at(-2)!);
  };
  const all = (list: unknown) => {
    for (const column of partsOf(list)) found.columns.add(column);
  };
  const visit = (value: unknown, at: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) visit(item, at);
      return;
    }
    const tree = value as SyntaxNode;
    if (typeof tree.relname === 'string') {
      found.relations.add(
        keyOfParts(tree.schemaname === undefined ? [tree.relname] : [tree.schemaname, tree.relname]),
      );
      if (tree.schemaname !== undefined) found.schemas.add(tree.schemaname);
    }
    if (typeof tree.ctename === 'string') tables.add(keyOfParts([tree.ctename]));
    if (tree.names !== undefined) qualified(found.types, tree.names);
    if (tree.funcname !== undefined) qualified(found.routines, tree.funcname);
    if (tree.objname !== undefined) qualified(found.routines, tree.objname);
    for (const list of [tree.fields, tree.keys, tree.fk_attrs]) all(list);
    if (typeof tree.name === 'string' && tree.missing_ok !== true && isColumnIn(at, kind))
      found.columns.add(tree.name);
    for (const key in tree) visit(tree[key], /^[A-Z]/.test(key) ? key : at);
  };
  visit(node, kind);
  if (kind === 'DropStmt')
    for (const object of node.objects ?? []) {
      const parts = namesOf(object);
      if (/^OBJECT_(POLICY|TRIGGER|RULE)$/.test(node.removeType))
        found.relations.add(keyOfParts(parts.slice(0, -1)));
      else if (/^OBJECT_(TABLE|VIEW|MATVIEW|SEQUENCE)$/.test(node.removeType))
        found.relations.add(keyOfParts(parts));
    }
  for (const { ResTarget: target } of (kind === 'InsertStmt'
    ? node.cols
    : kind === 'UpdateStmt'
      ? node.targetList
      : null) ?? [])
    found.written.add(`${keyOfRangeVar(node.relation)} ${target?.name}`);
  for (const table of tables) found.relations.delete(table);
  return [found, ...(kind === 'CreateFunctionStmt' ? bodyInSql(node) : [])];
}

const partsOf = (list: unknown) => (Array.isArray(list) ? strings(list) : []);

/** A target of SELECT bears an alias. */
const isColumnIn = (at: string, statement: string) =>
  /^(IndexElem|AlterTableCmd)$/.test(at) || (at === 'ResTarget' && /^(Insert|Update)Stmt$/.test(statement));

/** Postgres looks into a body in SQL when it makes the function, into one in PL/pgSQL when somebody calls it. */
function bodyInSql(node: SyntaxNode): readonly Names[] {
  const option = (name: string): SyntaxNode | undefined =>
    (node.options ?? []).find((each: SyntaxNode) => each.DefElem?.defname === name)?.DefElem?.arg;
  if (option('language')?.String?.sval?.toLowerCase() !== 'sql') return [];
  const [body] = strings(option('as')?.List?.items);
  return (body === undefined ? null : parseStatements(body))?.flatMap(namesOfStatement) ?? [];
}

/** Keys of what it makes without asking whether it is there: it fails behind another that makes it. */
const plainlyMade = remembered((source: SourceFile): ReadonlySet<string> => {
  const top = source.statements.filter(
    ({ kind, node }) =>
      /^(Create(Stmt|SeqStmt|EnumStmt|RangeStmt|DomainStmt)|CompositeTypeStmt)$/.test(kind) &&
      node.if_not_exists !== true,
  );
  const { drops } = objectsOf(source);
  return new Set([...objectsOf({ ...source, statements: top }).makes].filter((key) => !drops.has(key)));
});

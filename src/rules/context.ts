/** What the hooks get: places, edits, and what is new, for one changed file or one state. */
import type { ChangedMigration, ChangeSet, Facts } from '../model/facts.ts';
import type { Place } from '../model/finding.ts';
import type { SchemaState } from '../model/schema.ts';
import type { SourceFile, Statement, SyntaxNode } from '../model/sql.ts';
import { walkDo } from '../sql/do.ts';
import { keyOf } from '../sql/names.ts';
import type { FileContext, Problem, StateContext } from './rule.ts';
import { replaceRange } from './support/statements/sites.ts';
import { keyOfRangeVar } from './support/syntax/names.ts';
import { emptiness } from './support/tables/emptiness.ts';

/**
 * The rule that runs. Rules are synchronous and many: those that look at one file or one state share a context, and
 * what is theirs alone is asked here.
 */
export interface Speaker {
  readonly options: Readonly<Record<string, unknown>>;
  readonly report: (problem: Problem) => void;
}

export function fileContext(
  facts: Facts,
  set: ChangeSet,
  changed: ChangedMigration,
  speaker: Speaker,
): FileContext {
  const { source } = changed;
  const statements = allStatements(changed);
  const placeOfRange = (start: number, end: number): Place => {
    const from = source.position(start);
    const to = source.position(end);
    return {
      file: source.path,
      line: from.line,
      column: from.column,
      endLine: to.line,
      endColumn: to.column,
    };
  };
  return {
    get options() {
      return speaker.options;
    },
    report: speaker.report,
    facts,
    changed,
    source,
    set,
    statements,
    placeOf: (statement) => ({ file: source.path, ...statement.span }),
    placeOfByte: (byte) => {
      const start = source.offsetOfByte(byte);
      return placeOfRange(start, endOfToken(source, start));
    },
    placeOfRange,
    textOf: ({ start, end }) => source.text.slice(start, end),
    edit: (start, end, text) => replaceRange(source, start, end, text),
    isNew: (kind, key) =>
      set.created.has(`${kind} ${key}`) ||
      madeHere(set).has(`${kind} ${key}`) ||
      (kind === 'table' && makesAnew(source, key)),
    isEmpty: emptiness(statements, set.before),
    isDropped: (table) => droppedHere(set).has(table),
    keyOf: keyOfRangeVar,
  };
}

/** CREATE TABLE without IF NOT EXISTS: behind it the table is this file's, or the file has failed. */
const makesAnew = ({ statements }: SourceFile, key: string) =>
  statements.some(
    ({ kind, node }) =>
      kind === 'CreateStmt' && node.if_not_exists !== true && keyOfRangeVar(node.relation) === key,
  );

/** Those written out in a DO block stand behind it; what only runs after a failure, or not at all, is left out. */
function allStatements({ source, step }: ChangedMigration): readonly Statement[] {
  const runs = ({ start }: Statement) => !step.idle.some((idle) => idle.start <= start && start < idle.end);
  return source.statements.flatMap((statement) =>
    statement.kind === 'DoStmt'
      ? [
          statement,
          ...walkDo(source, statement)
            .filter((inner) => inner.when !== 'handler' && runs(inner.statement))
            .map((inner) => inner.statement),
        ]
      : [statement],
  );
}

export function stateContext(
  facts: Facts,
  set: ChangeSet,
  state: SchemaState,
  speaker: Speaker,
): StateContext {
  return {
    get options() {
      return speaker.options;
    },
    report: speaker.report,
    facts,
    set,
    state,
    home: (origin) => origin,
    exposed: (schema) => facts.project.exposedSchemas.includes(schema),
  };
}

const made = new WeakMap<ChangeSet, ReadonlySet<string>>();

/**
 * What the change makes and then renames or drops is not there at its end; what it drops and then makes existed before.
 * Both are as empty as a new one when a lock is taken.
 */
function madeHere(set: ChangeSet): ReadonlySet<string> {
  let found = made.get(set);
  if (found === undefined) {
    const dropped = new Set<string>();
    const keys = new Set<string>();
    for (const { kind, node } of set.migrations.flatMap(allStatements)) {
      if (kind === 'DropStmt' && node.removeType === 'OBJECT_TABLE') {
        for (const object of node.objects ?? []) dropped.add(keyOfRangeVar(object.List?.items ?? []));
      } else if (kind === 'CreateStmt' || kind === 'CreateTableAsStmt') {
        const key = keyOfRangeVar(node.relation ?? node.into?.rel);
        if (dropped.has(key) || !set.before.tables.has(key)) keys.add(`table ${key}`);
      } else if (kind === 'DoStmt') {
        for (const key of tablesExecuted(node)) if (!set.before.tables.has(key)) keys.add(`table ${key}`);
      } else if (kind === 'CreateSchemaStmt' && !set.before.schemas.has(node.schemaname)) {
        keys.add(`schema ${node.schemaname}`);
      }
    }
    found = keys;
    made.set(set, found);
  }
  return found;
}

/** Tables that a DO block makes in text it executes, where their names are written out in it. */
function tablesExecuted({ args }: SyntaxNode): string[] {
  const body: string = (args ?? []).find((arg: SyntaxNode) => arg.DefElem?.defname === 'as')?.DefElem?.arg
    ?.String?.sval;
  return [...(body ?? '').matchAll(createTable)].map(([, schema, name]) =>
    keyOf(plain(schema ?? 'public'), plain(name!)),
  );
}

const createTable =
  /\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?(?:([a-z_][\w$]*|"[^"%]+")\s*\.\s*)?([a-z_][\w$]*|"[^"%]+")\s*\(/gi;
const plain = (name: string) => (name.startsWith('"') ? name.slice(1, -1) : name.toLowerCase());

const dropped = new WeakMap<ChangeSet, ReadonlySet<string>>();

function droppedHere(set: ChangeSet): ReadonlySet<string> {
  let found = dropped.get(set);
  if (found === undefined) {
    const drops = set.migrations
      .flatMap(({ source }) => source.statements)
      .filter(({ kind, node }) => kind === 'DropStmt' && node.removeType === 'OBJECT_TABLE')
      .flatMap(({ node }) => node.objects ?? [])
      .map((object) => keyOfRangeVar(object.List?.items ?? []));
    found = new Set(drops.filter((key) => !set.after.tables.has(key)));
    dropped.set(set, found);
  }
  return found;
}

const token = /"(?:[^"]|"")*"|'(?:[^']|'')*'|[\p{L}_][\p{L}\p{N}_$]*|\d[\d.]*|\S/uy;

function endOfToken(source: SourceFile, start: number): number {
  token.lastIndex = start;
  return token.exec(source.text) === null ? start : token.lastIndex;
}

/**
 * Whose fault a failure is. A main that does not apply lacks objects; a statement that fails for want of one of them is
 * not wrong, it can't be checked. Names are compared without schema and quotes: too coarse to accuse, enough to excuse.
 */
import type { SqlError } from '../model/replay.ts';
import type { SourceFile, Statement, SyntaxNode } from '../model/sql.ts';

/** What an error says is not there. */
export interface Missing {
  readonly name: string;
  /** Of a column whose table is named; the type of an enum's value. */
  readonly table: string | null;
  /** A column, or a value of an enum. */
  readonly column: boolean;
}

/** SQLSTATEs of "does not exist" (manual, appendix A). */
const missingStates = new Set(['42P01', '42703', '42883', '42704', '3F000', '26000', '3D000']);
/** And of "already exists". */
const presentStates = new Set(['42P07', '42710', '42701', '42723', '42P06']);

export function missingIn(error: SqlError): Missing | null {
  const { message } = error;
  const label = /^invalid input value for enum ([^:]+): "([^"]+)"/.exec(message);
  if (label) return { name: bare(label[2]!), table: bare(label[1]!), column: true };
  if (!missingStates.has(error.sqlstate)) return null;
  // A name the statement itself got wrong (OLD in a policy, an alias that is not there): nobody has to make that.
  if (/FROM-clause entry for table/.test(message)) return null;
  const ofTable =
    /^column "([^"]+)" (?:of|named in key|referenced in).*?(?:relation|table) "([^"]+)" does not exist/.exec(
      message,
    ) ??
    /^(?:constraint|trigger|policy|rule) "([^"]+)" (?:of relation|for table|for relation) "([^"]+)" does not exist/.exec(
      message,
    );
  if (ofTable)
    return { name: bare(ofTable[1]!), table: bare(ofTable[2]!), column: message.startsWith('column') };
  const column =
    /^column "?([^"\s]+)"? does not exist/.exec(message) ??
    /^record "\w+" has no field "([^"]+)"/.exec(message);
  if (column) {
    const parts = column[1]!.split('.');
    return { name: bare(parts.at(-1)!), table: null, column: true };
  }
  if (error.sqlstate === '42703') {
    const quoted = /column "([^"]+)"/.exec(message);
    return quoted ? { name: bare(quoted[1]!), table: null, column: true } : null;
  }
  // The types of a function's parameters and result stand there without quotes.
  const routine =
    /^(?:function|procedure|aggregate|routine|operator class|operator|type) "?([^\s("]+)"?\(?/.exec(message);
  if (routine) return { name: bare(routine[1]!), table: null, column: false };
  const named = /"([^"]+)"/.exec(message);
  return named ? { name: bare(named[1]!), table: null, column: false } : null;
}

/** What an error says is there already. */
export function presentIn(error: SqlError): string | null {
  if (!presentStates.has(error.sqlstate)) return null;
  const named = /"([^"]+)"/.exec(error.message);
  return named ? bare(named[1]!) : null;
}

/** Last part of a name, in lower case. */
const bare = (name: string): string => name.replaceAll('"', '').split('.').at(-1)!.toLowerCase();

/** The last part of what ALTER TYPE, ALTER FUNCTION … RENAME is about. */
const nameIn = (object: SyntaxNode | undefined): string =>
  bare((object?.List?.items ?? object?.ObjectWithArgs?.objname ?? []).at(-1)?.String?.sval ?? '');

/** Names a statement makes and names it does away with. Columns as `table.column`, values of an enum as `type.value`. */
export interface NameChange {
  readonly makes: ReadonlySet<string>;
  readonly drops: ReadonlySet<string>;
  /** Those of `drops` that must be there: no IF EXISTS. */
  readonly needs: ReadonlySet<string>;
}

const createWords =
  /\bcreate\s+(?:or\s+replace\s+)?(?:(?:global|local|temp|temporary|unlogged|unique|foreign|materialized|recursive|constraint|trusted|event)\s+)*(?:table|view|index|function|procedure|type|domain|schema|sequence|role|user|policy|trigger|publication|aggregate|server|collation|operator\s+class)\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))*)/gi;
const dropWords =
  /\bdrop\s+(?:materialized\s+|event\s+)?(?:table|view|index|function|procedure|type|domain|schema|sequence|role|policy|trigger|extension|publication|constraint|column)\s+(?:concurrently\s+)?(if\s+exists\s+)?((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))*)/gi;

export function namesOf(statement: Statement): NameChange {
  const makes = new Set<string>();
  const drops = new Set<string>();
  const needs = new Set<string>();
  const drop = (name: string, mustStand: boolean) => {
    drops.add(name);
    if (mustStand) needs.add(name);
  };
  // The text finds what stands in DO blocks and EXECUTE too.
  for (const match of statement.sql.matchAll(createWords)) makes.add(bare(match[1]!));
  for (const [, ifExists, name] of statement.sql.matchAll(dropWords))
    drop(bare(name!), ifExists === undefined);
  const { kind, node } = statement;
  const table = bare(node.relation?.relname ?? '');
  const column = (def: SyntaxNode | undefined) => {
    if (def?.ColumnDef?.colname) makes.add(`${table}.${bare(def.ColumnDef.colname)}`);
    if (def?.Constraint?.conname) makes.add(bare(def.Constraint.conname));
  };
  if (kind === 'CreateStmt') for (const element of node.tableElts ?? []) column(element);
  if (kind === 'AlterTableStmt') {
    for (const cmd of node.cmds ?? []) {
      column(cmd.AlterTableCmd?.def);
      if (cmd.AlterTableCmd?.subtype === 'AT_DropColumn')
        drop(`${table}.${bare(cmd.AlterTableCmd.name)}`, cmd.AlterTableCmd.missing_ok !== true);
    }
  }
  if (kind === 'CreateEnumStmt' || kind === 'AlterEnumStmt') {
    const type = bare(node.typeName?.at(-1)?.String?.sval ?? '');
    const values = [
      ...(node.vals ?? []).map((value: SyntaxNode) => value.String?.sval ?? ''),
      node.newVal ?? '',
    ];
    for (const value of values) if (value !== '') makes.add(`${type}.${bare(value)}`);
  }
  if (kind === 'RenameStmt') {
    const isColumn = node.renameType === 'OBJECT_COLUMN';
    makes.add(isColumn ? `${table}.${bare(node.newname)}` : bare(node.newname));
    const old = isColumn
      ? `${table}.${bare(node.subname)}`
      : bare(node.subname ?? node.relation?.relname ?? nameIn(node.object));
    if (old !== '') drop(old, node.missing_ok !== true);
  }
  return { makes, drops, needs };
}

/**
 * Everything that any of these files makes, in the order they run: not what the first of them to name it does away with
 * (`drop type mood; alter type mood_new rename to mood`), for that stood there before any file made it.
 */
export function everMade(sources: Iterable<SourceFile>): ReadonlySet<string> {
  const made = new Set<string>();
  const before = new Set<string>();
  for (const source of sources) {
    for (const statement of source.statements) {
      const { makes, needs } = namesOf(statement);
      for (const name of needs) if (!made.has(name)) before.add(name);
      for (const name of makes) if (!before.has(name)) made.add(name);
    }
    // Of a file that Postgres can't parse, what its text promises.
    if (source.issue) for (const match of source.text.matchAll(createWords)) made.add(bare(match[1]!));
  }
  return made;
}

/** A DO block that looks whether all is as it should be, and raises where it is not (P0001, ASSERT's P0004). */
const isOwnCheck = ({ sqlstate }: SqlError, statement: Statement | null): boolean =>
  statement?.kind === 'DoStmt' && (sqlstate === 'P0001' || sqlstate === 'P0004');

/** The one table that a definition is about. */
function tableOf(statement: Statement | null): string | null {
  if (statement === null || !/^(?:Index|Rename|AlterTable|CreatePolicy)Stmt$/.test(statement.kind))
    return null;
  const name = (statement.node.relation ?? statement.node.table)?.relname;
  // A policy's own subqueries read other tables.
  if (statement.kind === 'CreatePolicyStmt' && /\bselect\b/i.test(statement.sql)) return null;
  return name === undefined ? null : bare(name);
}

export interface Excuse {
  readonly because: 'main' | 'extension';
  readonly reason: string;
}
const main = (reason: string): Excuse => ({ because: 'main', reason });

/** Failed, passed-over and left-out statements: what they would have made, and what they would have removed. */
export class Shortfall {
  /** Name to where it should have been made. */
  readonly #lost = new Map<string, string>();
  readonly #stays = new Map<string, string>();
  /** Extensions that were passed over: anything unknown may be theirs. */
  readonly #extensions = new Set<string>();

  get empty(): boolean {
    return this.#lost.size === 0 && this.#stays.size === 0 && this.#extensions.size === 0;
  }

  add(statement: Statement, where: string): void {
    const { makes, drops } = namesOf(statement);
    for (const name of makes) this.#lost.set(name, where);
    for (const name of drops) this.#stays.set(name, where);
  }

  addFile(source: SourceFile, where: string): void {
    for (const statement of source.statements) this.add(statement, where);
    for (const name of everMade([source])) this.#lost.set(name, where);
  }

  /** Whether that name stands only because what drops it did not run. */
  keeps(name: string): boolean {
    return this.#stays.has(bare(name));
  }

  addExtension(name: string): void {
    this.#extensions.add(name);
  }

  /**
   * Why a failure is not the statement's own; null where it is. `made`: everything the history makes; `whole`: whether
   * everything before this change applied.
   */
  excuse(
    error: SqlError,
    made: () => ReadonlySet<string>,
    whole: boolean,
    statement: Statement | null = null,
  ): Excuse | null {
    const outside = /^(?:permission denied for function|foreign-data wrapper) "?(dblink|postgres_fdw)/.exec(
      error.message,
    )?.[1];
    if (outside !== undefined) {
      return { because: 'extension', reason: `The extension "${outside}" connects to nothing from here.` };
    }
    if (!whole && isOwnCheck(error, statement)) {
      return main(
        'It raises this itself, after a look at what is there, and main does not apply from zero: that may differ there.',
      );
    }
    const present = presentIn(error);
    if (present !== null) {
      const where = this.#stays.get(present);
      return where === undefined
        ? null
        : main(`"${present}" is still there because ${where} could not be applied.`);
    }
    const missing = missingIn(error);
    if (missing === null) return null;
    const { name, column } = missing;
    // CREATE INDEX, CREATE POLICY, RENAME COLUMN: Postgres names the column alone, and the statement has one table.
    const table = missing.table ?? (column ? tableOf(statement) : null);
    const keys = column
      ? table === null
        ? [name]
        : [`${table}.${name}`, table]
      : table === null
        ? [name]
        : [name, table];
    for (const key of keys) {
      const where = this.#lost.get(key);
      if (where !== undefined) return main(`It needs "${key}", which ${where} would have made.`);
    }
    if (column && table === null) {
      for (const [key, where] of this.#lost) {
        if (key.endsWith(`.${name}`))
          return main(`It needs column "${name}", which ${where} would have made.`);
      }
    }
    const known = column
      ? table === null
        ? [...made()].some((key) => key.endsWith(`.${name}`))
        : made().has(`${table}.${name}`)
      : made().has(name);
    if (known) return null;
    if (this.#extensions.size > 0 && !column) {
      const names = [...this.#extensions].map((extension) => `"${extension}"`).join(', ');
      return {
        because: 'extension',
        reason: `It may need the extension ${names}, which is not available on this engine.`,
      };
    }
    return whole
      ? null
      : main(`No migration makes "${name}", and main does not apply from zero: it may be there already.`);
  }
}

/** The state of the schema as the catalog has it: the truth, where migrations were run. */
import type {
  Check,
  Column,
  DefaultPrivilege,
  ForeignKey,
  FunctionArgument,
  Grant,
  Index,
  Key,
  Policy,
  Privilege,
  Routine,
  SchemaState,
  Sequence,
  Table,
  Trigger,
  View,
} from '../../model/schema.ts';
import { referentialActions } from '../../sql/fold/constraints.ts';
import { functionKey, keyOf, quoteIdent } from '../../sql/names.ts';
import { printedExpression, printedQuery } from '../../sql/printed.ts';
import { eventsOf, timingOf } from '../../sql/trigger-type.ts';
import type { Session } from '../engine.ts';
import { bucketsSql, stateSql } from './state-sql.ts';

/** Settings to read under: every name is printed with its schema, and the long query is not compiled (JIT) for one run. */
const settings = { search_path: '', jit: 'off' };

/** Two queries. The parser must have been loaded. Leaves settings and an open transaction as they are. */
export async function readState(session: Session): Promise<SchemaState> {
  const names = Object.keys(settings);
  const columns = (value: (name: string) => string) =>
    names.map((name) => `${value(name)} as ${name}`).join(', ');
  const [before] = await session.query(`select ${columns((name) => `current_setting('${name}')`)}`);
  const set = (values: Readonly<Record<string, string | null | undefined>>) =>
    session.query(
      `select ${names.map((name, at) => `set_config('${name}', $${at + 1}, false)`).join(', ')}`,
      names.map((name) => values[name] ?? ''),
    );
  await set(settings);
  try {
    const [row] = await session.query(stateSql);
    const catalog = JSON.parse(row?.state ?? '{}') as Catalog;
    const buckets = catalog.buckets ? await session.query(bucketsSql) : [];
    return toState(catalog, buckets);
  } finally {
    await set(before ?? {});
  }
}

type Acl = readonly (readonly [grantee: string, privilege: Privilege, grantable: boolean])[] | null;
type Name = readonly [schema: string, name: string];

interface CatalogColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly expression: string | null;
  readonly identity: '' | 'a' | 'd';
  readonly generated: '' | 's';
  readonly comment: string | null;
  readonly acl: Acl;
}

interface CatalogConstraint {
  readonly name: string;
  readonly kind: 'p' | 'u' | 'x' | 'f' | 'c';
  readonly columns: readonly (string | null)[] | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly references: readonly string[] | null;
  readonly onDelete: string;
  readonly onUpdate: string;
  readonly validated: boolean;
  readonly expression: string | null;
}

interface CatalogIndex {
  readonly name: string;
  readonly columns: readonly (string | null)[];
  readonly keys: number;
  readonly expressions: readonly string[] | null;
  readonly unique: boolean;
  readonly method: string;
  readonly predicate: string | null;
  readonly valid: boolean;
  readonly definition: string;
  readonly constraint: boolean;
}

interface CatalogPolicy {
  readonly name: string;
  readonly command: string;
  readonly permissive: boolean;
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
  readonly comment: string | null;
}

interface CatalogTrigger {
  readonly name: string;
  readonly type: number;
  readonly schema: string;
  readonly function: string;
  readonly enabled: boolean;
}

interface CatalogRelation {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly owner: string;
  readonly comment: string | null;
  readonly acl: Acl;
  readonly columns: readonly CatalogColumn[] | null;
  readonly indexes: readonly CatalogIndex[] | null;
  readonly triggers: readonly CatalogTrigger[] | null;
}

interface CatalogTable extends CatalogRelation {
  readonly partition: boolean;
  readonly rls: boolean;
  readonly force: boolean;
  readonly parent: Name | null;
  readonly constraints: readonly CatalogConstraint[] | null;
  readonly policies: readonly CatalogPolicy[] | null;
}

interface CatalogView extends CatalogRelation {
  readonly options: readonly string[] | null;
  readonly definition: string;
  readonly reads: readonly Name[] | null;
}

interface CatalogRoutine {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'f' | 'p' | 'a' | 'w';
  readonly owner: string;
  readonly names: readonly string[] | null;
  readonly modes: readonly string[] | null;
  readonly defaults: number;
  readonly defaulttext: string | null;
  readonly types: readonly string[] | null;
  readonly returns: string | null;
  readonly language: string;
  readonly body: string;
  readonly definer: boolean;
  readonly config: readonly string[] | null;
  readonly volatility: 'i' | 's' | 'v';
  readonly strict: boolean;
  readonly comment: string | null;
  readonly acl: Acl;
}

interface Catalog {
  readonly schemas: readonly { name: string; owner: string; acl: Acl }[] | null;
  readonly tables: readonly CatalogTable[] | null;
  readonly views: readonly CatalogView[] | null;
  readonly sequences:
    | readonly {
        schema: string;
        name: string;
        owner: string;
        acl: Acl;
        ownedBy: readonly [schema: string, table: string, column: string, kind: 'a' | 'i'] | null;
      }[]
    | null;
  readonly routines: readonly CatalogRoutine[] | null;
  readonly types: readonly { schema: string; name: string; kind: string; values: string[] | null }[] | null;
  readonly extensions: readonly { name: string; schema: string }[] | null;
  readonly publications:
    | readonly { name: string; all: boolean; tables: readonly Name[] | null; schemas: string[] | null }[]
    | null;
  readonly defaults:
    | readonly (readonly [
        role: string,
        schema: string | null,
        objects: string,
        grantee: string,
        privilege: Privilege,
      ])[]
    | null;
  readonly buckets: boolean;
}

function toState(catalog: Catalog, buckets: readonly Readonly<Record<string, string | null>>[]): SchemaState {
  const sequences = (catalog.sequences ?? []).map(toSequence);
  // A sequence that is a column's own (serial): an identity's hangs on it by another kind of dependency.
  const serials = new Map(
    (catalog.sequences ?? [])
      .filter(({ ownedBy }) => ownedBy?.[3] === 'a')
      .map(({ schema, name, ownedBy }) => [columnKey(ownedBy!), keyOf(schema, name)]),
  );
  return {
    source: 'catalog',
    schemas: byKey(
      (catalog.schemas ?? []).map(({ name, owner, acl }) => ({
        name,
        owner,
        grants: grants(acl),
        origin: null,
      })),
      ({ name }) => name,
    ),
    tables: byKey((catalog.tables ?? []).map((table) => toTable(table, serials))),
    views: byKey((catalog.views ?? []).map(toView)),
    routines: byKey((catalog.routines ?? []).map(toRoutine)),
    types: byKey(
      (catalog.types ?? []).map(({ schema, name, kind, values }) => ({
        kind: typeKinds[kind] ?? 'composite',
        key: keyOf(schema, name),
        schema,
        name,
        values: values ?? [],
        origin: null,
      })),
    ),
    sequences: byKey(sequences),
    extensions: byKey(
      (catalog.extensions ?? []).map((extension) => ({ ...extension, origin: null })),
      ({ name }) => name,
    ),
    publications: byKey(
      (catalog.publications ?? []).map(({ name, all, tables, schemas }) => ({
        name,
        allTables: all,
        schemas: schemas ?? [],
        tables: (tables ?? []).map((table) => ({ table: keyOf(...table), origin: null })),
      })),
      ({ name }) => name,
    ),
    buckets: new Map(
      buckets.map(({ id, public: isPublic }) => [
        id!,
        { id: id!, public: /^t/.test(isPublic ?? ''), origin: null },
      ]),
    ),
    defaultPrivileges: (catalog.defaults ?? []).map(
      ([role, schema, objects, grantee, privilege]): DefaultPrivilege => ({
        role,
        schema,
        objects: defaultObjects[objects] ?? 'tables',
        grantee,
        privilege,
      }),
    ),
    unknown: [],
    era: null,
  };
}

function byKey<T>(
  objects: readonly T[],
  key: (object: T) => string = (object) => (object as { key: string }).key,
): Map<string, T> {
  return new Map(objects.map((object) => [key(object), object]));
}

const columnKey = ([schema, table, column]: readonly [string, string, string, string]) =>
  `${keyOf(schema, table)}.${quoteIdent(column)}`;

const typeKinds: Readonly<Record<string, 'enum' | 'domain' | 'range'>> = {
  e: 'enum',
  d: 'domain',
  r: 'range',
};
const defaultObjects: Readonly<Record<string, DefaultPrivilege['objects']>> = {
  r: 'tables',
  S: 'sequences',
  f: 'functions',
  T: 'types',
  n: 'schemas',
};

function grants(acl: Acl): Grant[] {
  const merged = new Map<string, Grant>();
  // Granted by two, it stands there twice.
  for (const [grantee, privilege, grantable] of acl ?? []) {
    const key = `${grantee} ${privilege}`;
    if (merged.has(key) && !grantable) continue;
    merged.set(key, { grantee, privilege, columns: null, origin: null, ...(grantable ? { grantable } : {}) });
  }
  return [...merged.values()];
}

function columnGrants(columns: readonly CatalogColumn[] | null): Grant[] {
  const merged = new Map<
    string,
    { grantee: string; privilege: Privilege; columns: string[]; origin: null }
  >();
  for (const column of columns ?? []) {
    for (const [grantee, privilege] of column.acl ?? []) {
      const grant = merged.get(`${grantee} ${privilege}`);
      if (grant !== undefined) grant.columns.push(column.name);
      else
        merged.set(`${grantee} ${privilege}`, { grantee, privilege, columns: [column.name], origin: null });
    }
  }
  return [...merged.values()];
}

const expressionOrNull = (text: string | null) => (text === null ? null : printedExpression(text));

/** By `relkind`. */
const tableKinds: Readonly<Record<string, Table['kind']>> = { p: 'partitioned', f: 'foreign' };

function toTable(table: CatalogTable, serials: ReadonlyMap<string, string>): Table {
  const key = keyOf(table.schema, table.name);
  const constraints = table.constraints ?? [];
  const keys = (kind: CatalogConstraint['kind']) =>
    constraints.filter((entry) => entry.kind === kind).map(toKey);
  return {
    kind: table.partition ? 'partition' : (tableKinds[table.kind] ?? 'table'),
    key,
    schema: table.schema,
    name: table.name,
    parent: table.parent === null ? null : keyOf(...table.parent),
    columns: (table.columns ?? []).map((column) => toColumn(column, key, serials)),
    primaryKey: keys('p')[0] ?? null,
    uniques: keys('u'),
    exclusions: keys('x'),
    foreignKeys: constraints.filter((entry) => entry.kind === 'f').map(toForeignKey),
    checks: constraints.filter((entry) => entry.kind === 'c').map(toCheck),
    indexes: (table.indexes ?? []).map(toIndex),
    policies: (table.policies ?? []).map(toPolicy),
    triggers: (table.triggers ?? []).map(toTrigger),
    grants: [...grants(table.acl), ...columnGrants(table.columns)],
    rls: table.rls,
    forceRls: table.force,
    comment: table.comment,
    owner: table.owner,
    origin: null,
    rlsOrigin: null,
    unknown: [],
  };
}

function toColumn(column: CatalogColumn, table: string, serials: ReadonlyMap<string, string>): Column {
  return {
    name: column.name,
    type: column.type,
    notNull: column.notNull,
    default:
      column.generated === '' && !isNull(column.expression) ? expressionOrNull(column.expression) : null,
    identity: column.identity === 'a' ? 'always' : column.identity === 'd' ? 'by default' : null,
    generated: column.generated === '' ? null : expressionOrNull(column.expression),
    sequence: serials.get(`${table}.${quoteIdent(column.name)}`) ?? null,
    comment: column.comment,
    origin: null,
  };
}

function toKey({ name, columns }: CatalogConstraint): Key {
  return { name, columns: (columns ?? []).filter((column) => column !== null), origin: null };
}

/** DEFAULT NULL, kept where it had to be made to fit a length: `NULL::numeric`. */
const isNull = (text: string | null) => text !== null && /^NULL(::[^()]*(\([\d,]*\))?)?$/.test(text);

function toForeignKey(constraint: CatalogConstraint): ForeignKey {
  const onDelete = referentialActions[constraint.onDelete] ?? 'no action';
  return {
    ...toKey(constraint),
    references: keyOf(constraint.schema ?? '', constraint.table ?? ''),
    referencedColumns: constraint.references ?? [],
    onDelete,
    onUpdate: referentialActions[constraint.onUpdate] ?? 'no action',
    onDeleteStated: onDelete !== 'no action',
    validated: constraint.validated,
  };
}

function toCheck({ name, expression: text, validated }: CatalogConstraint): Check {
  return { name, expression: printedExpression(text ?? ''), validated, origin: null };
}

function toIndex(index: CatalogIndex): Index {
  return {
    name: index.name,
    columns: index.columns.slice(0, index.keys),
    expressions: (index.expressions ?? []).map(printedExpression),
    unique: index.unique,
    method: index.method,
    predicate: expressionOrNull(index.predicate),
    include: index.columns.slice(index.keys).filter((column) => column !== null),
    constraint: index.constraint,
    valid: index.valid,
    definition: `${index.unique ? 'UNIQUE ' : ''}${index.definition.replace(/^.*? USING /s, '')}`,
    origin: null,
  };
}

const commands: Readonly<Record<string, Policy['command']>> = {
  r: 'select',
  a: 'insert',
  w: 'update',
  d: 'delete',
};

function toPolicy(policy: CatalogPolicy): Policy {
  return {
    name: policy.name,
    command: commands[policy.command] ?? 'all',
    permissive: policy.permissive,
    roles: policy.roles,
    // The catalog has PUBLIC for no TO at all.
    rolesStated: !policy.roles.includes('public'),
    using: expressionOrNull(policy.using),
    check: expressionOrNull(policy.check),
    comment: policy.comment,
    origin: null,
  };
}

function toTrigger(trigger: CatalogTrigger): Trigger {
  const { type } = trigger;
  return {
    name: trigger.name,
    timing: timingOf(type),
    events: eventsOf(type),
    level: (type & 1) !== 0 ? 'row' : 'statement',
    function: keyOf(trigger.schema, trigger.function),
    enabled: trigger.enabled,
    origin: null,
  };
}

function toView(view: CatalogView): View {
  return {
    kind: view.kind === 'm' ? 'materialized view' : 'view',
    key: keyOf(view.schema, view.name),
    schema: view.schema,
    name: view.name,
    securityInvoker: isOn(view.options, 'security_invoker'),
    securityBarrier: isOn(view.options, 'security_barrier'),
    definition: printedQuery(view.definition),
    columns: (view.columns ?? []).map((column) => column.name),
    reads: (view.reads ?? []).map((name) => keyOf(...name)).sort(),
    indexes: (view.indexes ?? []).map(toIndex),
    triggers: (view.triggers ?? []).map(toTrigger),
    grants: [...grants(view.acl), ...columnGrants(view.columns)],
    owner: view.owner,
    comment: view.comment,
    origin: null,
    unknown: [],
  };
}

/** A boolean option is kept as it was written: true, on, yes, 1 and their beginnings. */
function isOn(options: readonly string[] | null, name: string): boolean {
  const value = options?.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  return value !== undefined && /^(t|tr|tru|true|on|y|ye|yes|1)$/i.test(value);
}

const argumentModes: Readonly<Record<string, FunctionArgument['mode']>> = {
  o: 'out',
  b: 'inout',
  v: 'variadic',
  t: 'table',
};

function toRoutine(routine: CatalogRoutine): Routine {
  const types = routine.types ?? [];
  const modes = types.map((_, at) => argumentModes[routine.modes?.[at] ?? 'i'] ?? 'in');
  const isInput = (at: number) => modes[at] !== 'out' && modes[at] !== 'table';
  const inputs = types.map((_, at) => at).filter(isInput);
  // Defaults belong to the last of the input arguments.
  const withDefault = new Set(inputs.slice(inputs.length - routine.defaults));
  return {
    kind: routine.kind === 'p' ? 'procedure' : routine.kind === 'a' ? 'aggregate' : 'function',
    key: functionKey(
      routine.schema,
      routine.name,
      inputs.map((at) => types[at]!),
    ),
    schema: routine.schema,
    name: routine.name,
    arguments: types.map((type, at) => ({
      name: routine.names?.[at] || null,
      type,
      mode: modes[at]!,
      hasDefault: withDefault.has(at),
    })),
    defaultCalls: [...(routine.defaulttext ?? '').matchAll(/([\w.]+)\s*\(/g)].map(([, name]) => name!),
    returns: routine.returns ?? '',
    language: routine.language,
    body: routine.body,
    securityDefiner: routine.definer,
    config: Object.fromEntries(
      (routine.config ?? []).map((setting) => {
        const at = setting.indexOf('=');
        return [setting.slice(0, at), setting.slice(at + 1)];
      }),
    ),
    volatility: routine.volatility === 'i' ? 'immutable' : routine.volatility === 's' ? 'stable' : 'volatile',
    strict: routine.strict,
    grants: grants(routine.acl),
    owner: routine.owner,
    comment: routine.comment,
    origin: null,
  };
}

function toSequence(sequence: NonNullable<Catalog['sequences']>[number]): Sequence {
  return {
    key: keyOf(sequence.schema, sequence.name),
    schema: sequence.schema,
    name: sequence.name,
    ownedBy: sequence.ownedBy === null ? null : columnKey(sequence.ownedBy),
    owner: sequence.owner,
    grants: grants(sequence.acl),
    origin: null,
  };
}

/**
 * Differences between two states, modulo what only one source can know: the wording of expressions, origins, whether
 * ON DELETE or TO was written. One line each.
 */
import type {
  Expression,
  Grant,
  ObjectKind,
  Routine,
  SchemaState,
  Sequence,
  Table,
  Unknown,
  View,
} from '../../model/schema.ts';

export interface Difference {
  readonly kind: ObjectKind | 'default privileges';
  readonly key: string;
  readonly what: string;
  readonly left: string | null;
  readonly right: string | null;
}

type Shape = Readonly<Record<string, unknown>>;

export function compareStates(left: SchemaState, right: SchemaState): Difference[] {
  const differences: Difference[] = [];
  const maps = <T>(
    kind: ObjectKind,
    a: ReadonlyMap<string, T>,
    b: ReadonlyMap<string, T>,
    shape: (object: T) => Shape,
  ) => {
    for (const key of [...new Set([...a.keys(), ...b.keys()])].sort()) {
      const [one, other] = [a.get(key), b.get(key)];
      if (one === undefined || other === undefined) {
        const there = (object: T | undefined) => (object === undefined ? null : 'there');
        differences.push({ kind, key, what: 'existence', left: there(one), right: there(other) });
        continue;
      }
      const [shape1, shape2] = [shape(one), shape(other)];
      for (const what of new Set([...Object.keys(shape1), ...Object.keys(shape2)])) {
        const [text1, text2] = [JSON.stringify(shape1[what]), JSON.stringify(shape2[what])];
        if (text1 !== text2) differences.push({ kind, key, what, left: text1 ?? null, right: text2 ?? null });
      }
    }
  };
  maps('schema', left.schemas, right.schemas, ({ owner, grants }) => ({ owner, grants: grantLines(grants) }));
  maps('table', left.tables, right.tables, tableShape);
  maps('view', left.views, right.views, viewShape);
  maps('routine', left.routines, right.routines, routineShape);
  maps('type', left.types, right.types, ({ kind, values }) => ({ kind, values }));
  maps('sequence', left.sequences, right.sequences, sequenceShape);
  maps('extension', left.extensions, right.extensions, ({ schema }) => ({ schema }));
  maps('publication', left.publications, right.publications, (publication) => ({
    all: publication.allTables,
    schemas: [...publication.schemas].sort(),
    tables: publication.tables.map((member) => member.table).sort(),
  }));
  maps('bucket', left.buckets, right.buckets, (bucket) => ({ public: bucket.public }));
  const defaults = (state: SchemaState) =>
    state.defaultPrivileges
      .map(
        (entry) =>
          `${entry.role} in ${entry.schema ?? '*'}: ${entry.privilege} on ${entry.objects} to ${entry.grantee}`,
      )
      .sort();
  const [mine, theirs] = [defaults(left), defaults(right)];
  for (const line of mine.filter((entry) => !theirs.includes(entry))) {
    differences.push({
      kind: 'default privileges',
      key: line,
      what: 'existence',
      left: 'there',
      right: null,
    });
  }
  for (const line of theirs.filter((entry) => !mine.includes(entry))) {
    differences.push({
      kind: 'default privileges',
      key: line,
      what: 'existence',
      left: null,
      right: 'there',
    });
  }
  return differences;
}

/** Those that no `unknown` of the fold accounts for. */
export function unexplained(differences: readonly Difference[], unknown: readonly Unknown[]): Difference[] {
  if (unknown.some(({ object }) => object === null)) return [];
  const known = new Set(unknown.map(({ object }) => `${object?.kind} ${object?.key}`));
  return differences.filter(({ kind, key }) => !known.has(`${kind} ${key}`));
}

const there = (expression: Expression | null) => expression !== null;

function tableShape(table: Table): Shape {
  const named = <T extends { readonly name: string }>(
    what: string,
    list: readonly T[],
    shape: (entry: T) => unknown,
  ): Shape => Object.fromEntries(list.map((entry) => [`${what} ${entry.name}`, shape(entry)]));
  return {
    kind: table.kind,
    parent: table.parent,
    owner: table.owner,
    rls: table.rls,
    forceRls: table.forceRls,
    comment: table.comment,
    order: table.columns.map((column) => column.name),
    ...named('column', table.columns, (column) => ({
      type: column.type,
      notNull: column.notNull,
      default: there(column.default),
      identity: column.identity,
      generated: there(column.generated),
      sequence: column.sequence,
      comment: column.comment,
    })),
    primaryKey: table.primaryKey && { name: table.primaryKey.name, columns: table.primaryKey.columns },
    ...named('unique', table.uniques, (key) => key.columns),
    ...named('exclusion', table.exclusions, (key) => key.columns),
    ...named('foreign key', table.foreignKeys, (key) => ({
      columns: key.columns,
      references: key.references,
      referencedColumns: key.referencedColumns,
      onDelete: key.onDelete,
      onUpdate: key.onUpdate,
      validated: key.validated,
    })),
    ...named('check', table.checks, (check) => ({ validated: check.validated })),
    ...indexShapes(table.indexes),
    ...named('policy', table.policies, (policy) => ({
      command: policy.command,
      permissive: policy.permissive,
      roles: [...policy.roles].sort(),
      using: there(policy.using),
      check: there(policy.check),
      comment: policy.comment,
    })),
    ...triggerShapes(table.triggers),
    grants: grantLines(
      table.grants,
      table.columns.map((column) => column.name),
    ),
  };
}

function indexShapes(indexes: Table['indexes']): Shape {
  return Object.fromEntries(
    indexes.map((index) => [
      `index ${index.name}`,
      {
        columns: index.columns,
        unique: index.unique,
        method: index.method,
        predicate: there(index.predicate),
        include: index.include,
        constraint: index.constraint,
      },
    ]),
  );
}

function triggerShapes(triggers: Table['triggers']): Shape {
  return Object.fromEntries(
    triggers.map(({ name, timing, events, level, function: called, enabled }) => [
      `trigger ${name}`,
      { timing, events, level, function: called, enabled },
    ]),
  );
}

function viewShape(view: View): Shape {
  return {
    kind: view.kind,
    securityInvoker: view.securityInvoker,
    securityBarrier: view.securityBarrier,
    columns: view.columns,
    reads: view.reads,
    owner: view.owner,
    comment: view.comment,
    ...indexShapes(view.indexes),
    ...triggerShapes(view.triggers),
    grants: grantLines(view.grants, view.columns),
  };
}

function routineShape(routine: Routine): Shape {
  return {
    kind: routine.kind,
    arguments: routine.arguments,
    returns: routine.returns,
    language: routine.language,
    // A body in SQL's own syntax is kept as a tree, not as text.
    body:
      /^\s*(begin\s+atomic|return)\b/i.test(routine.body) && routine.language === 'sql'
        ? 'sql'
        : routine.body,
    securityDefiner: routine.securityDefiner,
    config: Object.fromEntries(Object.entries(routine.config).sort()),
    volatility: routine.volatility,
    strict: routine.strict,
    owner: routine.owner,
    comment: routine.comment,
    grants: grantLines(routine.grants),
  };
}

function sequenceShape({ ownedBy, owner, grants }: Sequence): Shape {
  return { ownedBy, owner, grants: grantLines(grants) };
}

function grantLines(grants: readonly Grant[], columns: readonly string[] = []): string[] {
  return grants
    .map(({ grantee, privilege, columns: granted }) => {
      const sorted = [...(granted ?? [])].sort((a, b) => columns.indexOf(a) - columns.indexOf(b));
      return `${privilege}${granted === null ? '' : ` (${sorted.join(', ')})`} to ${grantee}`;
    })
    .sort();
}

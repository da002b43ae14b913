/** What the files beside this one put objects into: one a kind of object, none knowing the others. */
import type { CatalogKind, CatalogObject, Snapshot } from '../../../model/catalog.ts';
import { changePrivileges, parseAcl, privilegeWords } from '../privileges.ts';
import type { queries, rowQueries } from '../queries.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows are what `queries.ts` selects.
export type CatalogRow = Record<string, any>;
export type CatalogRows = Readonly<
  Record<keyof typeof queries | keyof typeof rowQueries, readonly CatalogRow[]>
>;

export interface Draft {
  readonly kind: CatalogKind;
  readonly identity: string;
  readonly parent?: string | null;
  readonly definition: string;
  readonly properties?: Record<string, unknown>;
  /** Grants are many and seldom made anew: their statements are written when asked for. */
  readonly create?: readonly string[] | (() => readonly string[]);
  readonly drop?: readonly string[] | null | (() => readonly string[]);
  readonly needs?: readonly (string | null | undefined)[];
  readonly address?: string | null;
}

export type Assembly = ReturnType<typeof openAssembly>;

export function openAssembly(rows: CatalogRows) {
  const objects = new Map<string, CatalogObject>();
  const dependencies = new Map<string, Set<string>>();
  /** `pg_class 16385 0` to the id of the object that stands for it. Oids come as text: JSON has no type for them. */
  const byAddress = new Map<string, string>();
  /** How COMMENT ON names an object, by id. */
  const commentName = new Map<string, string>();
  const server = rows.server[0]!;
  const relations = new Map(rows.relations.map((row) => [row.oid as string, row]));
  const composite = new Set(rows.relations.filter((row) => row.kind === 'c').map((row) => row.oid as string));

  const idOf = (address: string) => byAddress.get(address) ?? null;
  const point = (id: string, ...addresses: string[]) => {
    for (const address of addresses) byAddress.set(address, id);
  };
  const add = (draft: Draft): string => {
    const id = `${draft.kind} ${draft.identity}`;
    const needs = new Set<string>();
    for (const need of [draft.parent, ...(draft.needs ?? [])]) if (need) needs.add(need);
    dependencies.set(id, needs);
    const { create = [], drop = null } = draft;
    objects.set(id, {
      id,
      kind: draft.kind,
      identity: draft.identity,
      parent: draft.parent ?? null,
      definition: draft.definition,
      properties: draft.properties ?? {},
      get create() {
        return typeof create === 'function' ? create() : create;
      },
      get drop() {
        return typeof drop === 'function' ? drop() : drop;
      },
      dependencies: [],
      address: draft.address ?? null,
    });
    if (draft.address) point(id, draft.address);
    return id;
  };

  const grants = (
    on: string,
    acl: readonly string[] | null,
    owner: string,
    parent: string | null,
    column: string | null = null,
  ) => {
    for (const entry of parseAcl(acl)) {
      const by = entry.grantor === owner ? '' : ` by ${entry.grantor}`;
      const where = column === null ? on : `column ${on.replace(/^TABLE /, '')}.${column}`;
      const shown = where.replace(/^[A-Z ]+(?= )/, (word) => word.toLowerCase());
      const target = { on, grantee: entry.grantee, column };
      add({
        kind: 'grant',
        identity: `${shown} to ${entry.grantee}${by}`,
        parent,
        definition: privilegeWords(entry.privileges),
        properties: { ...target, privileges: entry.privileges, owner: entry.grantee === owner },
        create: () => changePrivileges('', entry.privileges, target),
        drop: () => changePrivileges(entry.privileges, '', target),
        needs: objects.has(`role ${entry.grantee}`) ? [`role ${entry.grantee}`] : [],
      });
    }
  };

  return {
    rows,
    server,
    objects,
    dependencies,
    byAddress,
    commentName,
    relations,
    columnsOf: groupBy(rows.columns, 'relation'),
    /** Sequences behind identity columns, by `relation number`. */
    identities: new Map(
      rows.sequences.flatMap((row) =>
        row.owned?.internal ? [[`${row.owned.relation} ${row.owned.number}`, row] as const] : [],
      ),
    ),
    idOf,
    point,
    add,
    grants,
    schemaId: (schema: string) => (objects.has(`schema ${schema}`) ? `schema ${schema}` : null),
    /** `OWNER TO`, left out where it is who runs migrations. */
    ownerTo: (type: string, name: string, owner: string) =>
      owner === 'postgres' ? [] : [`ALTER ${type} ${name} OWNER TO ${owner}`],
    /** The extension that an object is a member of. */
    extensionOf: (address: string) => {
      const id = idOf(address);
      return id?.startsWith('extension ') ? id : null;
    },
    /** Name of a relation that is no extension's. */
    relationName: (oid: string): string | null =>
      relations.get(oid)?.member ? null : (relations.get(oid)?.name ?? null),
    /** Whether a composite type is one by itself, and not the row of a table. */
    standsAlone: (type: CatalogRow): boolean => type.type !== 'c' || composite.has(type.relation),
    /** Puts another object in the place of one that is there. */
    replace: (id: string, change: Partial<CatalogObject>) => {
      objects.set(id, { ...objects.get(id)!, ...change });
    },
  };
}

/** The whole, once everything is in it. */
export function finish({ rows, objects, dependencies, idOf, server }: Assembly): Snapshot {
  for (const line of String(rows.dependencies[0]?.text ?? '').split('\n')) {
    const parts = line.split(' ');
    const resolve = (at: number) => {
      const [catalog, oid, sub] = parts.slice(at, at + 3);
      const name = classes[catalog!];
      return idOf(`${name} ${oid} ${sub}`) ?? (sub === '0' ? null : idOf(`${name} ${oid} 0`));
    };
    const [from, to] = [resolve(0), resolve(3)];
    if (from === null || to === null || from === to) continue;
    // A sequence goes with its column, but is made before it: "sequence owner" stands for that bond.
    if (from.startsWith('sequence ') && to.startsWith('column ')) continue;
    dependencies.get(from)?.add(to);
  }
  for (const [id, object] of objects) {
    const needs = [...dependencies.get(id)!].filter((need) => need !== id && objects.has(need));
    (object.dependencies as string[]).push(...needs.sort());
  }
  const own = (key: string) =>
    parseAcl(server[key]).find((entry) => entry.grantee !== 'PUBLIC')?.privileges ?? '';
  return {
    objects: new Map([...objects].sort(([a], [b]) => (a < b ? -1 : 1))),
    major: Number(server.major),
    ownerPrivileges: {
      table: own('table'),
      sequence: own('sequence'),
      function: own('function'),
      type: own('type'),
      schema: own('schema'),
      wrapper: own('wrapper'),
      server: own('server'),
    },
  };
}

/** Oids of the catalogs themselves, fixed since Postgres 8 to 15: `pg_depend` names classes by them. */
export const classes: Readonly<Record<string, string>> = {
  1247: 'pg_type',
  1255: 'pg_proc',
  1259: 'pg_class',
  1260: 'pg_authid',
  1417: 'pg_foreign_server',
  1418: 'pg_user_mapping',
  2328: 'pg_foreign_data_wrapper',
  2604: 'pg_attrdef',
  2605: 'pg_cast',
  2606: 'pg_constraint',
  2607: 'pg_conversion',
  2612: 'pg_language',
  2615: 'pg_namespace',
  2616: 'pg_opclass',
  2617: 'pg_operator',
  2618: 'pg_rewrite',
  2620: 'pg_trigger',
  2753: 'pg_opfamily',
  3079: 'pg_extension',
  3256: 'pg_policy',
  3381: 'pg_statistic_ext',
  3456: 'pg_collation',
  3466: 'pg_event_trigger',
  3576: 'pg_transform',
  3600: 'pg_ts_dict',
  3602: 'pg_ts_config',
  6104: 'pg_publication',
  6106: 'pg_publication_rel',
  6237: 'pg_publication_namespace',
};

export function groupBy(rows: readonly CatalogRow[], key: string): Map<string, CatalogRow[]> {
  const groups = new Map<string, CatalogRow[]>();
  for (const row of rows) {
    const group = groups.get(row[key]);
    if (group) group.push(row);
    else groups.set(row[key], [row]);
  }
  return groups;
}

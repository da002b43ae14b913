/** Whose a folder is that the code files by: of a tenant, or of a row that others than the uploader may change. */
import type { StorageCall } from '../../../model/client.ts';
import type { Facts } from '../../../model/facts.ts';
import type { ForeignKey, Policy, SchemaState, Table } from '../../../model/schema.ts';
import { quoteIdent } from '../../../sql/names.ts';
import { escapeRegExp } from '../../../sql/text.ts';
import { isOwnFolder, type Named, namedFolder, putsInto } from '../application/storage-calls.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { appliesTo, covers } from '../callers/roles.ts';
import { unwrapped } from '../conditions/branches.ts';
import { readPredicate } from '../conditions/scope.ts';
import { byUploader } from '../policies/storage.ts';
import { onOneLine } from '../syntax/bodies.ts';
import { membershipsOf } from './members.ts';
import { tableNamed } from './named-table.ts';
import { isPersonTable } from './owners.ts';
import { talksIn, tenantColumns, tenantOf } from './tenants.ts';
import { isOwn, ownerOf } from './whose.ts';

export interface SharedFolder {
  /** That the folder is one of the caller's; with `…` where nothing of the project tells it. */
  readonly folder: string;
  /** The same, or that the caller uploaded the file, where the code does not file all of them that way. */
  readonly condition: string;
  /** As the code writes it: `user.tenantId`. */
  readonly name: string;
  readonly calls: readonly StorageCall[];
}

/** Null where the code files by whoever uploads, or does not show by what, or nobody shares what it names. */
export function sharedFolder(
  buckets: readonly string[],
  facts: Facts,
  state: SchemaState,
): SharedFolder | null {
  const [bucket, ...others] = new Set(buckets);
  const objects = state.tables.get('storage.objects');
  if (bucket === undefined || others.length > 0 || objects === undefined) return null;
  const found = new Map<string, { asked: Asked; named: Named; calls: StorageCall[] }>();
  let all = true;
  for (const call of putsInto(bucket, facts)) {
    const named = namedFolder(call);
    const asked = named === null || isOwnFolder(named) ? null : askedOf(named, objects, state);
    if (asked === null) all = false;
    else {
      const known = found.get(asked.condition);
      if (known === undefined) found.set(asked.condition, { asked, named: named!, calls: [call] });
      else known.calls.push(call);
    }
  }
  const each = [...found.values()];
  if (each.length === 0) return null;
  const conditions = each.map(({ asked }) => asked.condition);
  const folder = conditions.length > 1 ? `(${conditions.join(' or ')})` : conditions[0]!;
  return {
    folder,
    condition:
      all && each.every(({ asked }) => asked.ofTenant)
        ? folder
        : `(${byUploader} or ${conditions.join(' or ')})`,
    name: each[0]!.named.name,
    calls: each.flatMap(({ calls }) => calls),
  };
}

interface Asked {
  readonly condition: string;
  /** Its people have the files in common, whoever of them uploaded one. */
  readonly ofTenant: boolean;
}

/** A gap is better than the uploader alone where a tenant's people share what is there. */
function askedOf({ stem, at }: Named, objects: Table, state: SchemaState): Asked | null {
  const path = `(storage.foldername(name))[${at}]`;
  const table = tableNamed(stem, state);
  if (table !== undefined && isPersonTable(table.key, state)) return null;
  const file = filedBy(stem, table, objects);
  const ofTenant =
    tenantColumns(file).length > 0 ||
    (table !== undefined && membershipsOf(table.key, state).length > 0 && talksIn(file).length === 0);
  const tenancy = ofTenant ? tenantOf(file, state) : null;
  const condition =
    (tenancy === null ? null : movedToPath(tenancy.condition, tenancy.column, path, table)) ??
    (table === undefined ? null : byWhoChanges(path, table, state)) ??
    (ofTenant ? `${path} = …` : null);
  return condition === null ? null : { condition, ofTenant };
}

const idOf = ({ primaryKey }: Table) => primaryKey!.columns[0]!;

/** A table of files with a column for what they are filed by: whose its rows are can be asked as of any other. */
function filedBy(stem: string, table: Table | undefined, objects: Table): Table {
  const name = `${stem}_id`;
  const type = table?.columns.find((column) => column.name === idOf(table))?.type ?? 'uuid';
  const { origin } = objects;
  const key: ForeignKey | null =
    table === undefined
      ? null
      : {
          name: '',
          columns: [name],
          origin,
          references: table.key,
          referencedColumns: [idOf(table)],
          onDelete: 'no action',
          onUpdate: 'no action',
          onDeleteStated: false,
          validated: true,
        };
  return {
    ...objects,
    columns: [
      {
        name,
        type,
        notNull: true,
        default: null,
        identity: null,
        generated: null,
        sequence: null,
        comment: null,
        origin,
      },
    ],
    foreignKeys: key === null ? [] : [key],
    primaryKey: null,
    uniques: [],
    policies: [],
    triggers: [],
    checks: [],
  };
}

/** What is asked of a column, asked of the folder: as text, for a folder that is no id is no error. */
function movedToPath(
  condition: string,
  column: string,
  path: string,
  table: Table | undefined,
): string | null {
  const asked = unwrapped(condition.replaceAll('storage.objects.', ''));
  const word = `"?\\b${escapeRegExp(column)}\\b"?`;
  const value = new RegExp(`^${word}\\s*=\\s*([\\s\\S]+)$`).exec(asked)?.[1]?.trim();
  if (value !== undefined && (isWrapped(value) || /^[\w."]+\(\)$/.test(value)))
    return `${path} = ${value}::text`;
  // `in (select team_id from …)`, `in (select my_teams())`
  const listed = new RegExp(
    `^${word}\\s+in\\s*\\(\\s*select\\s+([\\w."]+(?:\\((?:[\\w.", ]|\\(\\))*\\))?)(\\s+from\\b[\\s\\S]*)?\\)$`,
    'i',
  ).exec(asked);
  if (listed !== null && isWrapped(asked.slice(asked.indexOf('('))))
    return `${path} in (select ${listed[1]}::text${listed[2] ?? ''})`;
  if (table === undefined) return null;
  const id = quoteIdent(idOf(table));
  const isOnce = asked.match(new RegExp(word, 'g'))?.length === 1;
  const leads = new RegExp(`^${word}(?=\\s*(?:=|in\\b))`, 'i');
  return isOnce || (leads.test(asked) && !/\bor\b/i.test(asked))
    ? `${path} in (select ${id}::text from ${table.key} where ${asked.replace(isOnce ? new RegExp(word) : leads, () => id)})`
    : `${path} in (select own.${quoteIdent(column)}::text from (select ${id} as ${quoteIdent(column)} from ${table.key}) own where ${asked})`;
}

const isWrapped = (text: string) => unwrapped(text) !== text;

/** Whoever may change the row that the folder is called after: by its own policy, or its owner. */
function byWhoChanges(path: string, table: Table, state: SchemaState): string | null {
  const changing = table.policies.filter(
    (policy) => policy.permissive && covers(policy, 'update') && appliesTo(policy, 'authenticated'),
  );
  // Who runs the place changes all rows: that says of no folder whose it is.
  const asksOfRow = ({ using }: Policy) =>
    looksAtCaller(using?.node, state) &&
    readPredicate(using?.node ?? null, table, state).columns.some(
      ({ depth, source }) => depth === 0 && source.key === table.key,
    );
  if (!changing.every(asksOfRow)) return null;
  const owner = ownerOf(table, state);
  const text = changing.length === 1 ? onOneLine(changing[0]!.using?.text ?? '') : '';
  const asked =
    text !== '' && text.length <= 200
      ? unwrapped(text)
      : owner === undefined
        ? '…'
        : isOwn(owner, table, state);
  return asked.includes('…')
    ? null
    : `${path} in (select ${quoteIdent(idOf(table))}::text from ${table.key} where ${asked})`;
}

/** A line of SQL comment on what is left open; empty where nothing is. */
export const saidOfGap = (sql: string, shared: SharedFolder | null): string =>
  shared !== null && sql.includes('…')
    ? `-- for …: the id of what the caller belongs to, as text (the code files by "${shared.name}")\n`
    : '';

/** How an object that stands on both sides is brought from one state to the other without dropping it. */
import { changeOptions } from '../database/catalog/assemble/options.ts';
import { mapping } from '../database/catalog/assemble/text-search.ts';
import { changePrivileges } from '../database/catalog/privileges.ts';
import { literal } from '../database/catalog/quote.ts';
import type { CatalogObject } from '../model/catalog.ts';
import { converted } from './converted.ts';

/** Statements that turn `from` into `to`, two states of one object; null where it has to be dropped and made again. */
export function alter(from: CatalogObject, to: CatalogObject): string[] | null {
  const handler = handlers[to.kind];
  return handler === undefined ? null : handler(from, to);
}

// biome-ignore lint/suspicious/noExplicitAny: properties are those that catalog/assemble/ puts there, kind by kind.
type Properties = Readonly<Record<string, any>>;
type Handler = (from: CatalogObject, to: CatalogObject) => string[] | null;

const different = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);

/** Whether two states agree in all properties but these. */
function onlyDiffers(from: CatalogObject, to: CatalogObject, keys: readonly string[]): boolean {
  const names = new Set([...Object.keys(from.properties), ...Object.keys(to.properties)]);
  for (const name of names) {
    if (!keys.includes(name) && different(from.properties[name], to.properties[name])) return false;
  }
  return true;
}

const owner = (word: string, from: CatalogObject, to: CatalogObject) =>
  from.properties.owner === to.properties.owner
    ? []
    : [`ALTER ${word} ${to.identity} OWNER TO ${to.properties.owner}`];

const upper = (word: string) => word.toUpperCase();

function alterOptions(word: string, from: CatalogObject, to: CatalogObject): string[] {
  const change = changeOptions(
    from.properties.foreignOptions as string[],
    to.properties.foreignOptions as string[],
  );
  return change === '' ? [] : [`ALTER ${word} ${to.identity} ${change}`];
}

const recreate: Handler = (_, to) => [...to.create];

const handlers: Partial<Record<CatalogObject['kind'], Handler>> = {
  database: () => [],
  default: recreate,
  comment: recreate,
  'security label': recreate,
  setting: recreate,
  'sequence owner': recreate,
  role: (from, to) => {
    const words = ['superuser', 'inherit', 'createrole', 'createdb', 'login', 'replication', 'bypassrls']
      .filter((word) => from.properties[word] !== to.properties[word])
      .map((word) => (to.properties[word] ? word : `no${word}`).toUpperCase());
    if (from.properties.connection_limit !== to.properties.connection_limit) {
      words.push(`CONNECTION LIMIT ${to.properties.connection_limit}`);
    }
    if (from.properties.valid_until !== to.properties.valid_until) {
      words.push(`VALID UNTIL ${literal(String(to.properties.valid_until ?? 'infinity'))}`);
    }
    return [`ALTER ROLE ${to.identity} WITH ${words.join(' ')}`];
  },
  schema: (from, to) => owner('SCHEMA', from, to),
  extension: (from, to) => [
    ...(from.properties.schema === to.properties.schema
      ? []
      : [`ALTER EXTENSION ${to.identity} SET SCHEMA ${to.properties.schema}`]),
    ...(from.properties.version === to.properties.version
      ? []
      : [`ALTER EXTENSION ${to.identity} UPDATE TO ${literal(String(to.properties.version))}`]),
  ],
  grant: (from, to) => {
    const { privileges, on, grantee, column } = to.properties as Properties;
    return changePrivileges(String(from.properties.privileges), privileges, { on, grantee, column });
  },
  'default privilege': (from, to) => {
    const { on, prefix } = to.properties as Properties;
    return changeDefaults(from.properties.to as Acl, to.properties.to as Acl, on, prefix);
  },
  rls: (from, to) => {
    const [was, is] = [from.properties as Properties, to.properties as Properties];
    const table = `ALTER TABLE ${to.identity}`;
    return [
      ...(was.enabled === is.enabled
        ? []
        : [`${table} ${is.enabled ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`]),
      ...(was.forced === is.forced
        ? []
        : [`${table} ${is.forced ? 'FORCE' : 'NO FORCE'} ROW LEVEL SECURITY`]),
    ];
  },
  type: alterType,
  function: alterRoutine,
  procedure: alterRoutine,
  sequence: (from, to) => {
    const statements = owner('SEQUENCE', from, to);
    if (from.properties.options !== to.properties.options) {
      const options = String(to.properties.options);
      statements.push(
        `ALTER SEQUENCE ${to.identity} ${/^AS /.test(options) ? options : `AS bigint ${options}`}`,
      );
    }
    if (from.properties.persistence !== to.properties.persistence) {
      statements.push(
        `ALTER SEQUENCE ${to.identity} SET ${to.properties.persistence === 'u' ? 'UNLOGGED' : 'LOGGED'}`,
      );
    }
    return statements;
  },
  table: alterTable,
  'foreign table': (from, to) =>
    onlyDiffers(from, to, ['owner', 'columns', 'foreignOptions', 'parents', 'bound'])
      ? [...alterOptions('FOREIGN TABLE', from, to), ...attach(from, to), ...owner('FOREIGN TABLE', from, to)]
      : null,
  'foreign data wrapper': (from, to) => {
    const [was, is] = [from.properties as Properties, to.properties as Properties];
    const words = (['handler', 'validator'] as const)
      .filter((word) => was[word] !== is[word])
      .map((word) => (is[word] === null ? `NO ${word}` : `${word} ${is[word]}`).replace(/^(NO )?\w+/, upper));
    const options = changeOptions(was.options, is.options);
    const change = [...words, options].filter(Boolean).join(' ');
    return [
      ...(change === '' ? [] : [`ALTER FOREIGN DATA WRAPPER ${to.identity} ${change}`]),
      ...owner('FOREIGN DATA WRAPPER', from, to),
    ];
  },
  server: (from, to) => {
    const [was, is] = [from.properties as Properties, to.properties as Properties];
    if (was.wrapper !== is.wrapper || was.type !== is.type) return null;
    const options = changeOptions(was.options, is.options);
    const version = was.version === is.version ? '' : `VERSION ${is.version ?? 'NULL'}`;
    const change = [version, options].filter(Boolean).join(' ');
    return [
      ...(change === '' ? [] : [`ALTER SERVER ${to.identity} ${change}`]),
      ...owner('SERVER', from, to),
    ];
  },
  'user mapping': (from, to) => {
    const { user, server, options, hidden } = to.properties as Properties;
    if (hidden || from.properties.hidden) return null;
    return [
      `ALTER USER MAPPING FOR ${user} SERVER ${server} ${changeOptions(from.properties.options as string[], options)}`,
    ];
  },
  'text search configuration': (from, to) => {
    const [was, is] = [from.properties as Properties, to.properties as Properties];
    if (was.parser !== is.parser) return null;
    const tokens = [...new Set([...Object.keys(was.map), ...Object.keys(is.map)])].sort();
    return [
      ...tokens.flatMap((token) => {
        const [had, has] = [was.map[token], is.map[token]];
        if (had === has) return [];
        return [
          mapping(
            to.identity,
            has === undefined ? 'DROP' : had === undefined ? 'ADD' : 'ALTER',
            token,
            has ?? null,
          ),
        ];
      }),
      ...owner('TEXT SEARCH CONFIGURATION', from, to),
    ];
  },
  operator: (from, to) => {
    const [was, is] = [from.properties as Properties, to.properties as Properties];
    const set = (['restrict', 'join'] as const).filter((key) => was[key] !== is[key]);
    if (was.rest !== is.rest) return null;
    return [
      ...(set.length === 0
        ? []
        : [
            `ALTER OPERATOR ${to.identity} SET (${set.map((key) => `${key.toUpperCase()} = ${is[key] ?? 'NONE'}`).join(', ')})`,
          ]),
      ...owner('OPERATOR', from, to),
    ];
  },
  collation: (from, to) => (onlyDiffers(from, to, ['owner']) ? owner('COLLATION', from, to) : null),
  conversion: (from, to) => (onlyDiffers(from, to, ['owner']) ? owner('CONVERSION', from, to) : null),
  view: (from, to) => {
    const [was, is] = [from.properties.columns as string[], to.properties.columns as string[]];
    // CREATE OR REPLACE VIEW can add columns at the end, and nothing else.
    if (was.length > is.length || was.some((column, i) => column !== is[i])) return null;
    const replace = to.create[0]!.replace(/^CREATE VIEW/, 'CREATE OR REPLACE VIEW');
    return [...(from.create[0] === to.create[0] ? [] : [replace]), ...owner('VIEW', from, to)];
  },
  'materialized view': (from, to) =>
    from.create[0] === to.create[0] && onlyDiffers(from, to, ['owner'])
      ? owner('MATERIALIZED VIEW', from, to)
      : null,
  column: alterColumn,
  constraint: (from, to) => {
    const [was, is] = [from.properties as Properties, to.properties as Properties];
    if (from.definition === `${to.definition} NOT VALID`) {
      return [`ALTER TABLE ${is.table} VALIDATE CONSTRAINT ${is.name}`];
    }
    const bare = (object: CatalogObject) => object.definition.replace(/ -- [a-z, ]+$/, '');
    // What comes with a partition's place follows ATTACH and DETACH.
    const followed = ['clustered', 'replicaIdentity', 'inherited'];
    if (bare(from) !== bare(to) || !onlyDiffers(from, to, followed)) return null;
    return indexMarks(was, is, is.name);
  },
  index: (from, to) => {
    const [was, is] = [from.properties as Properties, to.properties as Properties];
    if (!onlyDiffers(from, to, ['clustered', 'replicaIdentity', 'attached'])) return null;
    return indexMarks(was, is, is.bare);
  },
  trigger: (from, to) => {
    const { sql, table, name, enabled } = to.properties as Properties;
    if (from.properties.sql !== sql) return null;
    const states: Readonly<Record<string, string>> = {
      O: 'ENABLE',
      D: 'DISABLE',
      R: 'ENABLE REPLICA',
      A: 'ENABLE ALWAYS',
    };
    return [`ALTER TABLE ${table} ${states[enabled]} TRIGGER ${name}`];
  },
  publication: (from, to) => {
    if (from.properties.allTables !== to.properties.allTables) return null;
    return [
      ...(from.properties.options === to.properties.options
        ? []
        : [`ALTER PUBLICATION ${to.identity} SET (${to.properties.options})`]),
      ...owner('PUBLICATION', from, to),
    ];
  },
  bucket: (from, to) => {
    const changes = Object.entries(to.properties)
      .filter(([key, value]) => different(value, from.properties[key]))
      .map(([key, value]) => `${key} = ${jsonLiteral(value)}`);
    return [`UPDATE storage.buckets SET ${changes.join(', ')} WHERE id = ${literal(to.identity)}`];
  },
};

function jsonLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'string') return literal(value);
  if (Array.isArray(value))
    return `array[${value.map((element) => literal(String(element))).join(', ')}]::text[]`;
  return typeof value === 'object' ? literal(JSON.stringify(value)) : String(value);
}

type Acl = Readonly<Record<string, string>>;

export function changeDefaults(from: Acl, to: Acl, on: string, prefix: string): string[] {
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .sort()
    .flatMap((grantee) => changePrivileges(from[grantee] ?? '', to[grantee] ?? '', { on, grantee, prefix }));
}

function indexMarks(was: Properties, is: Properties, name: string): string[] {
  const table = `ALTER TABLE ${is.table}`;
  return [
    ...(was.clustered === is.clustered
      ? []
      : [is.clustered ? `${table} CLUSTER ON ${name}` : `${table} SET WITHOUT CLUSTER`]),
    ...(!was.replicaIdentity && is.replicaIdentity ? [`${table} REPLICA IDENTITY USING INDEX ${name}`] : []),
  ];
}

function alterRoutine(from: CatalogObject, to: CatalogObject): string[] | null {
  if (from.properties.result !== to.properties.result) return null;
  // Names of arguments can't change, defaults can't go.
  if (from.properties.arguments !== to.properties.arguments) return null;
  return [
    ...(from.create[0] === to.create[0] ? [] : [to.create[0]!]),
    ...owner(to.kind.toUpperCase(), from, to),
  ];
}

function alterType(from: CatalogObject, to: CatalogObject): string[] | null {
  const [was, is] = [from.properties as Properties, to.properties as Properties];
  if (was.type !== is.type) return null;
  const statements = owner('TYPE', from, to);
  if (is.type === 'enum') {
    const [old, wanted] = [was.labels as string[], is.labels as string[]];
    const renamed = old.filter((label) => !wanted.includes(label));
    const lost = wanted.filter((label) => !old.includes(label));
    // As many as before, in the same places: renamed. A value that was added can't be dropped.
    if (old.length !== wanted.length || renamed.length !== lost.length) return null;
    if (old.some((label, i) => label !== wanted[i] && (wanted.includes(label) || old.includes(wanted[i]!))))
      return null;
    for (const [i, label] of old.entries()) {
      if (label !== wanted[i]) {
        statements.push(`ALTER TYPE ${to.identity} RENAME VALUE ${literal(label)} TO ${literal(wanted[i]!)}`);
      }
    }
    return statements;
  }
  if (is.type === 'domain') {
    if (was.base !== is.base || was.collation !== is.collation) return null;
    const domain = `ALTER DOMAIN ${to.identity}`;
    if (was.default !== is.default) {
      statements.push(is.default === null ? `${domain} DROP DEFAULT` : `${domain} SET DEFAULT ${is.default}`);
    }
    if (was.notNull !== is.notNull) statements.push(`${domain} ${is.notNull ? 'SET' : 'DROP'} NOT NULL`);
    const has = (list: Properties[], check: Properties) => list.some((other) => !different(other, check));
    for (const check of was.checks)
      if (!has(is.checks, check)) statements.push(`${domain} DROP CONSTRAINT ${check.name}`);
    for (const check of is.checks) {
      if (!has(was.checks, check))
        statements.push(`${domain} ADD CONSTRAINT ${check.name} ${check.definition}`);
    }
    return statements;
  }
  if (is.type === 'composite') {
    const [old, wanted] = [was.attributes as string[], is.attributes as string[]];
    const shorter = Math.min(old.length, wanted.length);
    if (old.slice(0, shorter).some((attribute, i) => attribute !== wanted[i])) return null;
    const name = (attribute: string) => /^("(?:[^"]|"")+"|\S+)/.exec(attribute)![0];
    return [
      ...statements,
      ...old.slice(shorter).map((attribute) => `ALTER TYPE ${to.identity} DROP ATTRIBUTE ${name(attribute)}`),
      ...wanted.slice(shorter).map((attribute) => `ALTER TYPE ${to.identity} ADD ATTRIBUTE ${attribute}`),
    ];
  }
  return different({ ...was, owner: '' }, { ...is, owner: '' }) ? null : statements;
}

function alterTable(from: CatalogObject, to: CatalogObject): string[] | null {
  const [was, is] = [from.properties as Properties, to.properties as Properties];
  const table = `ALTER TABLE ${to.identity}`;
  const statements: string[] = [];
  if (was.persistence !== is.persistence)
    statements.push(`${table} SET ${is.persistence === 'u' ? 'UNLOGGED' : 'LOGGED'}`);
  for (const [key, prefix] of [
    ['options', ''],
    ['toastOptions', 'toast.'],
  ] as const) {
    const name = (option: string) => prefix + option.split('=')[0];
    const names = new Set((is[key] as string[]).map(name));
    const gone = (was[key] as string[]).map(name).filter((option) => !names.has(option));
    const set = (is[key] as string[]).filter((option) => !(was[key] as string[]).includes(option));
    if (gone.length > 0) statements.push(`${table} RESET (${gone.join(', ')})`);
    if (set.length > 0) statements.push(`${table} SET (${set.map((option) => prefix + option).join(', ')})`);
  }
  if (was.replicaIdentity !== is.replicaIdentity) {
    const words: Readonly<Record<string, string>> = { d: 'DEFAULT', n: 'NOTHING', f: 'FULL' };
    // "i" is set where the index is.
    if (words[is.replicaIdentity]) statements.push(`${table} REPLICA IDENTITY ${words[is.replicaIdentity]}`);
  }
  if (was.accessMethod !== is.accessMethod)
    statements.push(`${table} SET ACCESS METHOD ${is.accessMethod ?? 'heap'}`);
  if (was.tablespace !== is.tablespace)
    statements.push(`${table} SET TABLESPACE ${is.tablespace ?? 'pg_default'}`);
  if (was.ofType !== is.ofType)
    statements.push(is.ofType === null ? `${table} NOT OF` : `${table} OF ${is.ofType}`);
  return [...statements, ...attach(from, to), ...owner('TABLE', from, to)];
}

/** In and out of partitioned tables, and of those it inherits from. */
function attach(from: CatalogObject, to: CatalogObject): string[] {
  const [was, is] = [from.properties as Properties, to.properties as Properties];
  if (!different(was.parents, is.parents) && was.bound === is.bound) return [];
  const table = `ALTER TABLE ${to.identity}`;
  return [
    ...was.parents.map((parent: string) =>
      was.bound ? `ALTER TABLE ${parent} DETACH PARTITION ${to.identity}` : `${table} NO INHERIT ${parent}`,
    ),
    ...is.parents.map((parent: string) =>
      is.bound
        ? `ALTER TABLE ${parent} ATTACH PARTITION ${to.identity} ${is.bound}`
        : `${table} INHERIT ${parent}`,
    ),
  ];
}

function alterColumn(from: CatalogObject, to: CatalogObject): string[] | null {
  const [was, is] = [from.properties as Properties, to.properties as Properties];
  const alterSql = `ALTER TABLE ${is.table} ALTER COLUMN ${is.name}`;
  const statements: string[] = [];
  if (was.generated === null && is.generated !== null) return null;
  if (was.generated !== null && is.generated === null) statements.push(`${alterSql} DROP EXPRESSION`);
  if (was.identity && !is.identity) statements.push(`${alterSql} DROP IDENTITY`);
  // A column that is inherited takes its type from the table above.
  const isOwn = !(was.inherited && is.inherited);
  if (isOwn && (was.type !== is.type || was.collation !== is.collation)) {
    const collate = is.collation ? ` COLLATE ${is.collation}` : '';
    const using =
      was.type === is.type || is.generated !== null ? '' : ` USING ${converted(is.name, was.type, is.type)}`;
    statements.push(`${alterSql} TYPE ${is.type}${collate}${using}`);
  }
  if (was.generated !== null && is.generated !== null && was.generated !== is.generated) {
    statements.push(`${alterSql} SET EXPRESSION AS (${is.generated})`);
  }
  if (was.notNull !== is.notNull) statements.push(`${alterSql} ${is.notNull ? 'SET' : 'DROP'} NOT NULL`);
  if (is.identity) {
    const when = is.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT';
    const options = String(is.sequence).replace(/^AS \S+ /, '');
    if (!was.identity) {
      statements.push(
        `${alterSql} ADD GENERATED ${when} AS IDENTITY (SEQUENCE NAME ${is.sequenceName} ${options})`,
      );
    } else {
      if (was.identity !== is.identity) statements.push(`${alterSql} SET GENERATED ${when}`);
      if (was.sequence !== is.sequence) {
        const set = options
          .replace(/^START/, 'SET START')
          .replace(/ (INCREMENT|MINVALUE|MAXVALUE|CACHE|CYCLE|NO CYCLE)\b/g, ' SET $1');
        statements.push(`${alterSql} ${set.replace('NO SET CYCLE', 'NO CYCLE')}`);
      }
      if (was.sequenceName !== is.sequenceName) {
        statements.push(
          `ALTER SEQUENCE ${was.sequenceName} RENAME TO ${String(is.sequenceName).replace(/^.*\./, '')}`,
        );
      }
    }
  }
  const storage: Readonly<Record<string, string>> = { p: 'PLAIN', e: 'EXTERNAL', m: 'MAIN', x: 'EXTENDED' };
  const compression: Readonly<Record<string, string>> = { l: 'lz4', p: 'pglz' };
  if (was.storage !== is.storage)
    statements.push(`${alterSql} SET STORAGE ${storage[is.storage] ?? 'DEFAULT'}`);
  if (was.compression !== is.compression) {
    statements.push(`${alterSql} SET COMPRESSION ${compression[is.compression] ?? 'DEFAULT'}`);
  }
  if (was.statistics !== is.statistics) statements.push(`${alterSql} SET STATISTICS ${is.statistics ?? -1}`);
  const foreign = changeOptions(was.foreignOptions, is.foreignOptions);
  if (foreign !== '') statements.push(`ALTER FOREIGN TABLE ${is.table} ALTER COLUMN ${is.name} ${foreign}`);
  const gone = (was.options as string[]).filter((option) => !is.options.includes(option));
  if (gone.length > 0)
    statements.push(`${alterSql} RESET (${gone.map((option) => option.split('=')[0]).join(', ')})`);
  const set = (is.options as string[]).filter((option) => !was.options.includes(option));
  if (set.length > 0) statements.push(`${alterSql} SET (${set.join(', ')})`);
  return statements;
}

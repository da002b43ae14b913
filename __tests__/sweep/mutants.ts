/** Mutants of a correct schema, made from its catalog: one per operator and target, each a migration of a few statements. */
import { loadModule, parseSync } from 'libpg-query';
import { deparse } from 'pgsql-deparser';
import type { Engine, Row } from '../../src/database/engine.ts';

export interface Mutant {
  /** `operator: target`. */
  readonly name: string;
  readonly operator: string;
  /** Object it is about: `public.invoices`, `private.is_member(uuid)`, `storage.objects`. */
  readonly object: string;
  readonly sql: readonly string[];
}

interface Policy {
  readonly name: string;
  readonly table: string;
  readonly permissive: boolean;
  readonly command: string;
  readonly roles: string;
  readonly using: string | null;
  readonly check: string | null;
}

type Tree = Record<string, unknown>;

export async function mutantsOf(engine: Engine): Promise<Mutant[]> {
  await loadModule();
  const columns = await columnsOf(engine);
  const found: Mutant[] = [];
  for (const policy of await policiesOf(engine)) {
    for await (const [operator, ...sql] of policyMutants(policy, columns)) {
      found.push({
        name: `${operator}: ${policy.table} "${policy.name}"`,
        operator,
        object: policy.table,
        sql,
      });
    }
  }
  found.push(...(await tableMutants(engine, columns)));
  found.push(...(await grantMutants(engine)));
  found.push(...(await viewMutants(engine)));
  found.push(...(await functionMutants(engine)));
  found.push(...(await bucketMutants(engine)));
  return found;
}

const own = `n.nspname in ('public', 'private')`;

async function policiesOf({ admin }: Engine): Promise<Policy[]> {
  // Without a search path every name is printed with its schema.
  const outcomes = await admin.batch([
    'begin',
    'set local search_path to pg_catalog',
    `select format('%I.%I', schemaname, tablename) as table, policyname as name, permissive, lower(cmd) as command,
       array_to_string(roles, ', ') as roles, qual as using, with_check as check
     from pg_policies where schemaname in ('public', 'storage') order by 1, 2`,
    'rollback',
  ]);
  const answer = outcomes[2]!;
  if (!answer.ok) throw answer.error;
  return answer.rows.map((row) => ({
    name: row.name!,
    table: row.table!,
    permissive: row.permissive === 'PERMISSIVE',
    command: row.command!,
    roles: row.roles!,
    using: row.using!,
    check: row.check!,
  }));
}

type Columns = ReadonlyMap<string, readonly { name: string; type: string; required: boolean }[]>;

async function columnsOf({ admin }: Engine): Promise<Columns> {
  const rows = await admin.query(
    `select format('%I.%I', n.nspname, c.relname) as table, a.attname as name, a.atttypid::regtype::text as type, a.attnotnull as required
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where a.attnum > 0 and not a.attisdropped and c.relkind = 'r' and (${own} or n.nspname = 'storage') order by 1, a.attnum`,
  );
  const found = new Map<string, { name: string; type: string; required: boolean }[]>();
  for (const { table, name, type, required } of rows) {
    found.set(table!, [
      ...(found.get(table!) ?? []),
      { name: name!, type: type!, required: required === 't' },
    ]);
  }
  return found;
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

async function* policyMutants(
  policy: Policy,
  columns: Columns,
): AsyncGenerator<[operator: string, ...sql: string[]]> {
  const { name, table, permissive, command, using, check } = policy;
  const alter = `alter policy ${quoted(name)} on ${table}`;
  const drop = `drop policy ${quoted(name)} on ${table}`;
  const create = (over: Partial<Policy>) => {
    const made = { ...policy, ...over };
    return [
      `create policy ${quoted(name)} on ${table} as ${made.permissive ? 'permissive' : 'restrictive'} for ${made.command} to ${made.roles}`,
      made.using === null ? '' : ` using (${made.using})`,
      made.check === null ? '' : ` with check (${made.check})`,
    ].join('');
  };
  yield [permissive ? 'drop policy' : 'drop restrictive policy', drop];
  yield ['remove TO', `${alter} to public`];
  yield ['anon in TO', `${alter} to anon, authenticated`];
  if (!permissive) yield ['restrictive to permissive', drop, create({ permissive: true })];
  if (using !== null && command === 'select') yield ['SELECT to ALL', drop, create({ command: 'all' })];
  if (using !== null && check !== null) {
    yield ['remove WITH CHECK', drop, create({ check: null })];
  }
  for (const [part, text] of [
    ['using', using],
    ['check', check],
  ] as const) {
    if (text === null) continue;
    const clause = (sql: string) => `${alter} ${part === 'using' ? 'using' : 'with check'} (${sql})`;
    const label = part === 'using' ? 'USING' : 'WITH CHECK';
    if (text !== 'true') {
      yield [`${label} true`, clause('true')];
      yield [`${label} or true`, clause(`(${text}) or true`)];
      yield [`${label} for no user`, clause(`auth.uid() is null or (${text})`), `${alter} to public`];
      yield [`${label} for any user`, clause('auth.uid() is not null')];
    }
    yield [`${label} false`, clause('false')];
    for (const { name: column, required } of columns.get(table) ?? []) {
      if (!new RegExp(`\\b${column}\\b`).test(text)) continue;
      yield [
        `${label} ${column} is null branch${required ? ', never null' : ''}`,
        clause(`${column} is null or (${text})`),
      ];
    }
    for (const [what, sql] of await edits(`select 1 from ${table} where ${text}`, table, columns)) {
      yield [`${label} ${what}`, clause(sql)];
    }
  }
}

/** The condition with one thing forgotten or mistaken, each way it can be. */
async function edits(
  sql: string,
  table: string,
  columns: Columns,
): Promise<[what: string, condition: string][]> {
  const found: [string, string][] = [];
  const sites = editSites(parseSync(sql) as Tree, table, columns);
  for (const [at, { what }] of sites.entries()) {
    const tree = parseSync(sql) as Tree;
    editSites(tree, table, columns)[at]!.edit();
    found.push([what, await conditionOf(tree)]);
  }
  return found;
}

async function conditionOf(tree: Tree): Promise<string> {
  const text = (await deparse(tree as never)).replace(/;\s*$/, '');
  return text.slice(text.search(/\bWHERE\b/i) + 'where'.length).trim();
}

interface Site {
  readonly what: string;
  edit(): void;
}

function editSites(tree: Tree, table: string, columns: Columns): Site[] {
  const sites: Site[] = [];
  const relations = new Map<string, string>();
  walk(tree, (kind, node) => {
    if (kind !== 'RangeVar') return;
    const { relname, schemaname, alias } = node as {
      relname: string;
      schemaname?: string;
      alias?: { aliasname: string };
    };
    relations.set(alias?.aliasname ?? relname, schemaname === undefined ? table : `${schemaname}.${relname}`);
  });
  walk(tree, (kind, node) => {
    if (kind === 'BoolExpr' && node.boolop === 'AND_EXPR') {
      const args = node.args as Tree[];
      for (const at of args.keys()) {
        sites.push({
          what: `forgets part ${at + 1} of ${args.length}`,
          edit: () => args.splice(at, 1),
        });
        sites.push({
          what: `or for and, at ${at + 1}`,
          edit: () => Object.assign(node, { boolop: 'OR_EXPR' }),
        });
        if (at > 0) sites.pop();
      }
    }
    if (kind !== 'ColumnRef') return;
    const fields = node.fields as { String?: { sval: string } }[];
    const names = fields.map((field) => field.String?.sval ?? '');
    const column = names.at(-1)!;
    const relation = names.length > 1 ? relations.get(names.at(-2)!) : table;
    const all = columns.get(relation ?? '') ?? [];
    const type = all.find((each) => each.name === column)?.type;
    for (const other of all) {
      if (other.name === column || other.type !== type) continue;
      sites.push({
        what: `swaps ${names.join('.')} for ${other.name}`,
        edit: () => fields.splice(-1, 1, { String: { sval: other.name } }),
      });
    }
    // A column of the outer table, without its name, binds to the inner one.
    if (names.length > 1 && relation === table && relations.size > 1) {
      for (const [alias, inner] of relations) {
        if (inner === table || !columns.get(inner)?.some((each) => each.name === column)) continue;
        sites.push({
          what: `captures ${names.join('.')} as ${alias}.${column}`,
          edit: () =>
            fields.splice(0, fields.length, { String: { sval: alias } }, { String: { sval: column } }),
        });
      }
    }
  });
  return sites;
}

function walk(value: unknown, visit: (kind: string, node: Tree) => void): void {
  if (Array.isArray(value)) {
    for (const each of value) walk(each, visit);
  } else if (value !== null && typeof value === 'object') {
    for (const [kind, inner] of Object.entries(value)) {
      if (inner !== null && typeof inner === 'object' && !Array.isArray(inner)) visit(kind, inner as Tree);
      walk(inner, visit);
    }
  }
}

async function tableMutants({ admin }: Engine, columns: Columns): Promise<Mutant[]> {
  const tables = await admin.query(
    `select format('%I.%I', n.nspname, c.relname) as table from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.relrowsecurity and n.nspname = 'public' order by 1`,
  );
  return tables.flatMap(({ table }) => {
    const mutant = (operator: string, ...sql: string[]): Mutant => ({
      name: `${operator}: ${table}`,
      operator,
      object: table!,
      sql,
    });
    const uuid = columns.get(table!)?.find(({ type }) => type === 'uuid')?.name;
    return [
      mutant('disable RLS', `alter table ${table} disable row level security`),
      mutant(
        'open SELECT policy',
        `create policy "all" on ${table} for select to authenticated using (true)`,
      ),
      mutant(
        'open ALL policy',
        `create policy "all" on ${table} for all to public using (true) with check (true)`,
      ),
      mutant(
        'public SELECT',
        `create policy "all" on ${table} for select to anon using (true)`,
        `grant select on ${table} to anon`,
      ),
      mutant('misnamed policy', `create policy "Service role manages" on ${table} for all using (true)`),
      ...(uuid === undefined
        ? []
        : [
            mutant(
              'definer view beside',
              `create view public.sweep_view as select ${uuid} from ${table}`,
              'grant select on public.sweep_view to authenticated',
            ),
            mutant(
              'definer function beside',
              `create function public.sweep_function() returns setof ${table} language sql stable security definer set search_path = '' as $$ select * from ${table} $$`,
            ),
            mutant(
              'definer delete beside',
              `create function public.sweep_delete() returns bigint language sql security definer set search_path = '' as $$ with gone as (delete from ${table} where true returning 1) select count(*) from gone $$`,
            ),
          ]),
    ];
  });
}

async function grantMutants({ admin }: Engine): Promise<Mutant[]> {
  const tables = await admin.query(
    `select format('%I.%I', n.nspname, c.relname) as table, c.relkind as kind from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'v') and n.nspname = 'public' order by 1`,
  );
  const commands = ['select', 'insert', 'update', 'delete'];
  return tables.flatMap(({ table, kind }) =>
    ['anon', 'authenticated'].flatMap((role) => [
      ...(kind === 'v' ? ['select'] : [...commands, 'all']).map((command) => ({
        name: `grant ${command} to ${role}: ${table}`,
        operator: `grant to ${role}`,
        object: table!,
        sql: [`grant ${command} on ${table} to ${role}`],
      })),
      {
        name: `revoke all from ${role}: ${table}`,
        operator: `revoke from ${role}`,
        object: table!,
        sql: [`revoke all on ${table} from ${role}`],
      },
    ]),
  );
}

async function viewMutants({ admin }: Engine): Promise<Mutant[]> {
  const views = await admin.query(
    `select format('%I.%I', n.nspname, c.relname) as view from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'v' and n.nspname = 'public' order by 1`,
  );
  return views.map(({ view }) => ({
    name: `drop security_invoker: ${view}`,
    operator: 'drop security_invoker',
    object: view!,
    sql: [`alter view ${view} reset (security_invoker)`],
  }));
}

async function functionMutants({ admin }: Engine): Promise<Mutant[]> {
  const routines = await admin.query(
    `select format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as signature,
       format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as key,
       p.prosrc as body, pg_get_functiondef(p.oid) as definition, p.prosecdef as definer, p.prorettype::regtype::text as returns, l.lanname as language
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang where ${own} order by 1`,
  );
  return routines.flatMap((row) => functionMutantsOf(row));
}

function functionMutantsOf({ key, body, definition, definer, returns, language }: Row): Mutant[] {
  const mutant = (operator: string, ...sql: string[]): Mutant => ({
    name: `${operator}: ${key}`,
    operator,
    object: key!,
    sql,
  });
  const withBody = (text: string) => definition!.replace(body!, () => text);
  const found = [
    mutant(
      'grant execute to anon',
      `grant execute on function ${key} to anon`,
      `grant usage on schema ${key!.split('.')[0]} to anon`,
    ),
    mutant('revoke execute', `revoke execute on function ${key} from public, authenticated`),
    mutant('change security', `alter function ${key} security ${definer === 't' ? 'invoker' : 'definer'}`),
  ];
  if (language === 'sql' && returns === 'boolean') {
    found.push(mutant('helper always true', withBody('select true')));
    found.push(mutant('helper never true', withBody('select false')));
    const parts = [...body!.matchAll(/\bwhere ([^;]*?)\);?\s*$/g)].at(-1)?.[1]?.split(/ and /) ?? [];
    for (const part of parts.length > 1 ? parts : []) {
      const kept = parts.filter((each) => each !== part).join(' and ');
      found.push(
        mutant(`helper forgets "${part}"`, withBody(body!.replace(parts.join(' and '), () => kept))),
      );
    }
  }
  for (const [guard] of body!.matchAll(/^ *if [\s\S]*?end if;\n/gm)) {
    found.push(mutant('definer without check', withBody(body!.replace(guard, ''))));
  }
  return found;
}

async function bucketMutants({ admin }: Engine): Promise<Mutant[]> {
  const buckets = await admin.query('select id from storage.buckets order by 1');
  return buckets.map(({ id }) => ({
    name: `public bucket: ${id}`,
    operator: 'public bucket',
    object: 'storage.buckets',
    sql: [`update storage.buckets set public = true where id = '${id}'`],
  }));
}

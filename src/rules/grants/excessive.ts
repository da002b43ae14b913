import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { strings } from '../../sql/names.ts';
import { type FileContext, rule } from '../rule.ts';
import { apiRoles, commands } from '../support/callers/roles.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'grants/excessive',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'GRANT ALL, grants on all tables of a schema, or default privileges for the API roles',
  why: 'What is granted wholesale is granted to tables that nobody thought of, those of tomorrow included. GRANT ALL also gives TRUNCATE, which row level security does not ask about, and REFERENCES and TRIGGER, which no client needs. Explicit grants are what the platform asks for since October 2026. A note where the grant only reads, or gives what the platform’s own defaults give anyway.',
  remedy:
    'Name the commands and the tables.\n\n```sql\ngrant select, insert, update, delete on public.note to authenticated;\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/ddl-priv.html',
    'https://supabase.com/docs/guides/api/securing-your-api',
  ],
  fixable: false,
  file: tellAllPrivileges,
  statement: {
    GrantStmt(node, statement, context) {
      const what = node.targtype === 'ACL_TARGET_ALL_IN_SCHEMA' ? wholeSchema(node) : null;
      if (what !== null) tell(what, node, statement, context);
      else if (everything(node, context).length === 0) tellUndone(node, statement, context);
    },
    AlterDefaultPrivilegesStmt(node, statement, context) {
      tell('default privileges', node.action, statement, context);
    },
  },
});

function tell(what: string, grant: SyntaxNode, statement: Statement, context: FileContext) {
  const roles = grant.is_grant ? granted(grant) : [];
  if (roles.length === 0) return;
  const defaults = what === 'default privileges';
  context.report({
    message: `This gives ${what} to ${named(roles)}. ${defaults ? (later[grant.objtype] ?? later.OBJECT_TABLE) : 'It reaches what nobody thought of, TRUNCATE included, and only policies stand before it. Name the tables and the commands'}.`,
    at: context.placeOf(statement),
    key: `${what} ${roles.join(' ')} ${grant.objtype}`,
    // Where the platform's own defaults give the same, the statement changes nothing.
    severity: isOldEra(context) || onlyReads(grant) || isSmall(defaults, grant) ? 'info' : undefined,
  });
}

/** GRANT ALL on tables: one finding a file and list of roles. A dump or a diff grants table by table. */
function tellAllPrivileges(context: FileContext) {
  const byRoles = new Map<string, { roles: readonly string[]; tables: string[]; first: Statement }>();
  for (const statement of context.statements) {
    const { kind, node } = statement;
    if (kind !== 'GrantStmt' || node.targtype !== 'ACL_TARGET_OBJECT' || !node.is_grant) continue;
    const roles = granted(node);
    for (const table of everything(node, context)) {
      const gaining = roles.filter((role) => !hadAll(context, table, role));
      if (gaining.length === 0) continue;
      const key = gaining.join(' ');
      const group = byRoles.get(key);
      if (group === undefined) byRoles.set(key, { roles: gaining, tables: [table], first: statement });
      else group.tables.push(table);
    }
  }
  for (const { roles, tables, first } of byRoles.values()) {
    const rest = tables.length - 5;
    const list =
      rest > 1
        ? `${tables
            .slice(0, 5)
            .map((table) => `"${table}"`)
            .join(', ')} and ${rest} more`
        : named(tables);
    context.report({
      message: `This gives all privileges on ${list} to ${named(roles)}. That includes what no client needs, TRUNCATE, REFERENCES and TRIGGER, and only policies stand before the rest. Name the commands.`,
      at: context.placeOf(first),
      key: `all ${roles.join(' ')} ${tables.join(' ')}`,
      severity: isOldEra(context) ? 'info' : undefined,
      help: sqlFence(`grant select, insert, update, delete on ${tables.join(', ')} to ${roles.join(', ')};`),
    });
  }
}

/** The base gave the role all of it already: a dump repeats it, and nothing changes. */
const hadAll = ({ set }: FileContext, table: string, role: string) => {
  const before = set.before.tables.get(table) ?? set.before.views.get(table);
  return (
    before !== undefined &&
    [...commands, 'truncate' as const].every((privilege) =>
      before.grants.some(
        (grant) => grant.grantee === role && grant.privilege === privilege && grant.columns === null,
      ),
    )
  );
};

/** What default privileges open, by the kind of object. */
const later: Readonly<Record<string, string>> = {
  OBJECT_TABLE:
    'Every table made later is open to them, and only policies stand before it. Name the tables and the commands',
  OBJECT_SEQUENCE: 'They may draw from every sequence made later. Grant it sequence by sequence',
  OBJECT_FUNCTION:
    'Every function made later is an endpoint that they can call. Grant EXECUTE function by function',
  OBJECT_TYPE: 'They may use every type made later. Grant it type by type',
  OBJECT_SCHEMA: 'They may enter every schema made later. Grant it schema by schema',
};

/** Who may draw a number, or use a type, reaches no row by it. */
const isSmall = (defaults: boolean, { objtype }: SyntaxNode) =>
  defaults && /^OBJECT_(SEQUENCE|TYPE)$/.test(objtype);

/** A grant on the whole table, where the base gave the role some of its columns only. */
function tellUndone(node: SyntaxNode, statement: Statement, context: FileContext) {
  if (node.objtype !== 'OBJECT_TABLE' || !node.is_grant) return;
  const { set, keyOf, placeOf, report, facts } = context;
  const whole: string[] = (node.privileges ?? [])
    .filter((entry: SyntaxNode) => entry.AccessPriv?.cols === undefined)
    .map((entry: SyntaxNode) => entry.AccessPriv?.priv_name ?? '');
  for (const object of node.objects ?? []) {
    const key = keyOf(object.RangeVar);
    const before = set.before.tables.get(key);
    if (before === undefined || !facts.project.exposedSchemas.includes(before.schema)) continue;
    for (const role of granted(node)) {
      const held = before.grants.filter(
        ({ grantee, privilege }) => grantee === role && whole.includes(privilege),
      );
      const undone = whole.filter((privilege) => {
        const those = held.filter((grant) => grant.privilege === privilege);
        return those.length > 0 && those.every(({ columns }) => columns !== null);
      });
      if (undone.length === 0) continue;
      const columns = [...new Set(held.flatMap((grant) => grant.columns ?? []))];
      const rest = before.columns.map(({ name }) => name).filter((name) => !columns.includes(name));
      report({
        message: `This lets "${role}" ${undone.join(', ').toUpperCase()} every column of "${key}", where it had ${named(columns.slice(0, 4))} only. ${rest.length === 0 ? 'Columns to come' : named(rest.slice(0, 4))} ${rest.length === 1 ? 'was' : 'were'} kept from it. Grant the columns that are meant.`,
        at: placeOf(statement),
        object: key,
        key: `columns ${role} ${undone.join(' ')}`,
      });
    }
  }
}

function granted(node: SyntaxNode): string[] {
  const roles = (node.grantees ?? []).map((grantee: SyntaxNode) =>
    grantee.RoleSpec?.roletype === 'ROLESPEC_PUBLIC' ? 'public' : (grantee.RoleSpec?.rolename ?? ''),
  );
  return roles.filter((role: string) => role === 'public' || apiRoles.some((each) => each === role));
}

const isOldEra = ({ facts, changed }: FileContext) => facts.eraOf(changed.migration.version) === 'automatic';

const onlyReads = (node: SyntaxNode) =>
  node.privileges?.length > 0 &&
  node.privileges.every((entry: SyntaxNode) => /^(select|usage)$/.test(entry.AccessPriv?.priv_name ?? ''));

function wholeSchema(node: SyntaxNode): string | null {
  const kinds: Readonly<Record<string, string>> = {
    OBJECT_TABLE: 'tables',
    OBJECT_FUNCTION: 'functions',
    OBJECT_ROUTINE: 'routines',
  };
  const kind = kinds[node.objtype];
  return kind === undefined
    ? null
    : `privileges on all ${kind} of schema "${strings(node.objects).join('", "')}"`;
}

/** Tables of exposed schemas that GRANT ALL names. */
function everything(node: SyntaxNode, { keyOf, facts, set }: FileContext): readonly string[] {
  if (node.objtype !== 'OBJECT_TABLE' || node.privileges !== undefined) return [];
  const keys: string[] = (node.objects ?? []).map((object: SyntaxNode) => keyOf(object.RangeVar));
  return keys.filter((key) => {
    const relation = set.after.tables.get(key) ?? set.after.views.get(key);
    return relation === undefined || facts.project.exposedSchemas.includes(relation.schema);
  });
}

import type { Severity } from '../../model/finding.ts';
import type { Expression, Policy, SchemaState, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { asksForCaller, looksAtCaller } from '../support/callers/caller.ts';
import {
  apiRolesOf,
  entrantsOf,
  grantedColumns,
  holds,
  isForVisitorsAlone,
} from '../support/callers/roles.ts';
import { type Branch, branchesOf, withoutBranches } from '../support/conditions/branches.ts';
import { type Predicate, predicatesOf } from '../support/conditions/predicates.ts';
import { ownComparisons, readPredicate } from '../support/conditions/scope.ts';
import { isPlainTrue, opensTo, truthOf } from '../support/conditions/truth.ts';
import { isCaller, isToken, ownerColumns, setByTrigger } from '../support/owners/owners.ts';
import { captureSaid, capturesIn, uncaptured, uncapturedEdits } from '../support/policies/captured.ts';
import { meansServer, nameSaysRole } from '../support/policies/misnamed.ts';
import { isDeclaredPublic } from '../support/policies/openness.ts';
import { alterPolicy, policyStatement } from '../support/policies/policy-edits.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { alternatives, bare, columnParts, conjuncts } from '../support/syntax/tree.ts';
import { policyKey, policyTable } from '../support/tables/tables.ts';
import { isAlwaysOpen } from '../support/views/views.ts';
import { people, sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'rls/tautology',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['static', 'catalog'],
  summary: 'a policy whose condition looks like a limit and is none',
  why: 'A comparison of constants, OR true, IS NOT NULL on a column that is never null: such a condition holds for every row. So does a column compared with itself, which is what an unqualified name in a sub-select becomes when the inner table has a column of that name: Postgres takes the innermost. And "owner IS NULL OR …" opens every row without an owner.',
  remedy:
    'Compare the row with the caller, and qualify the outer column in sub-selects.\n\n```sql\nusing (exists (\n  select 1 from public.members m\n  where m.org_id = note.org_id and m.user_id = (select auth.uid())\n))\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-createpolicy.html',
    'https://www.postgresql.org/docs/17/sql-expressions.html#SQL-SYNTAX-SCALAR-SUBQUERIES',
  ],
  fixable: true,
  table(declared, context) {
    const table = policyTable(declared, context);
    if (table === null) return;
    for (const policy of table.policies) {
      const roles = entrantsOf(policy, table, context.state);
      if (!policy.permissive || roles.length === 0) continue;
      const found = policyStatement(policy, context.set);
      const edits = found === null ? [] : uncapturedEdits(found, table, context.state);
      for (const predicate of predicatesOf(policy)) {
        const was = context.set.before.tables.get(table.key) ?? null;
        const reads = predicate.commands.every((command) => command === 'select');
        const openBefore = reads && roles.every((role) => isDeclaredPublic(was, role) || wasOpen(was, role));
        // `true or …` says openly what it does; it is worse where the rows had been limited.
        const forServer = !openBefore && meansServer(nameSaysRole(policy, table, context.state));
        const openly = reads && (was === null || !was.rls) && alternatives(predicate.node).some(isPlainTrue);
        for (const { what, way, severity, instead, advice } of judge(
          predicate,
          policy,
          table,
          context.state,
        )) {
          const isCaptured = capturesIn(predicate.node, table, context.state).length > 0;
          context.report({
            message: `Policy "${policy.name}" on "${table.key}": ${what}. ${openBefore || openly ? 'If that is meant, write "true" alone. Else compare the row with the caller.' : forServer ? 'By its name it is for the server, which needs no policy: drop it.' : way}`,
            at: context.home(policy.origin ?? table.origin),
            object: table.key,
            key: `${policyKey(policy)} ${predicate.clause}`,
            // What was public on purpose is clumsily written now, and opens nothing.
            severity: openBefore ? 'info' : openly ? 'warning' : severity,
            causes: ['access/widened'],
            evidence: evidenceOf(context.state),
            help: forServer
              ? sqlFence(
                  `-- service_role bypasses row level security\ndrop policy ${quoteIdent(policy.name)} on ${table.key};`,
                )
              : instead === undefined
                ? advice
                : sqlFence(
                    alterPolicy(
                      policy,
                      clausesMended(policy, predicate, instead, table, context.state),
                      table,
                    ),
                  ) +
                  (instead.includes('request.headers')
                    ? '\n\nClients then send the value in that header.'
                    : ''),
            fix:
              isCaptured && instead !== undefined && edits.length > 0
                ? { title: "Name the row's column by its table", edits }
                : undefined,
          });
        }
      }
    }
  },
});

/** A policy of the base was as clumsily open. */
const wasOpen = (table: Table | null, role: string) => table?.rls === true && isAlwaysOpen(table, role);

interface Judgement {
  /** What is wrong and what it opens. */
  readonly what: string;
  readonly way: string;
  readonly severity?: Severity;
  /** The condition to write instead, where there is no doubt about it. */
  readonly instead?: string;
  /** In words, where the rule's own remedy speaks of more than this. */
  readonly advice?: string;
}

/** USING and WITH CHECK that have the same mistake are mended together: one alone goes on letting everybody through. */
function clausesMended(
  policy: Policy,
  predicate: Predicate,
  instead: string,
  table: Table,
  state: SchemaState,
) {
  const token = presence(predicate.node, table, state);
  return predicatesOf(policy).flatMap((each) => {
    if (each.clause === predicate.clause) return [{ clause: each.clause, condition: instead }];
    const condition =
      token !== null && presence(each.node, table, state) === token
        ? branchReplaced(each.expression, token, isKnownToCaller(token, table))
        : (uncaptured(each.expression, table, state) ?? undefined);
    return condition === undefined ? [] : [{ clause: each.clause, condition }];
  });
}

/** PostgREST hands the request's headers on, their names in lower case. */
function isKnownToCaller(token: string, table: Table): string {
  const type = table.columns.find(({ name }) => name === token)?.type ?? 'text';
  const header = `(select current_setting('request.headers', true)::json ->> 'x-${token.replaceAll('_', '-').toLowerCase()}')`;
  return `${quoteIdent(token)} = ${header}${/^(text|character varying)/.test(type) ? '' : `::${type}`}`;
}

/** Only the branch that asks for the column's presence is written anew; null where the branches can't be told apart. */
function branchReplaced(expression: Expression, column: string, condition: string): string | undefined {
  const branches = branchesOf(expression);
  const asks = ({ node }: Branch) => presenceTested(node) === column;
  return branches?.some(asks)
    ? branches.map((branch) => (asks(branch) ? condition : branch.text)).join(' or ')
    : undefined;
}

function judge(predicate: Predicate, policy: Policy, table: Table, state: SchemaState): Judgement[] {
  const { node, clause, commands, expression } = predicate;
  // `using (true)` says openly what it does: rls/always-true.
  if (opensTo(node) !== null || namesNoColumn(node, table)) return [];
  const opens = `${people(entrantsOf(policy, table, state))} may ${upper(commands)} all of them`;
  if (truthOf(node, { table, who: 'anyone' }) === 'true') {
    const [owner] = ownerColumns(table, state);
    return [
      {
        what: `${clause} holds for every row, so ${opens}`,
        way: 'A condition that is always true limits nothing. Compare the row with the caller.',
        // What stands beside `or true` was asked once; a lone condition that is always true asked nothing.
        instead:
          alternatives(node).length > 1
            ? (withoutBranches(
                expression,
                (branch) => truthOf(branch, { table, who: 'anyone' }) === 'true',
              ) ?? undefined)
            : owner === undefined || isForVisitorsAlone(policy)
              ? undefined
              : isCaller(owner, table, state),
      },
    ];
  }
  const captured = captures(predicate, table, state);
  if (captured.length > 0) return captured.slice(0, 1);
  const present = presence(node, table, state);
  if (present !== null) {
    const token = isToken(present);
    return [
      {
        what: `${alternatives(node).length > 1 ? 'a branch of ' : ''}${clause} only asks whether "${present}" is set, so ${opens.replace('all of them', 'every such row')}`,
        way: `Having a ${token ? 'token is not the same as knowing it' : 'value says nothing about the caller'}. Compare it with what the caller brings.`,
        severity: token ? 'error' : 'warning',
        instead: token ? branchReplaced(expression, present, isKnownToCaller(present, table)) : undefined,
      },
    ];
  }
  const nobodys = unowned(predicate, policy, table, state);
  return nobodys.length > 0 ? nobodys : rowOnly(predicate, policy, table, state);
}

/** Postgres refuses the policy: a name outside of any sub-select that is no column of the table (42703). */
function namesNoColumn(value: unknown, table: Table): boolean {
  if (typeof value !== 'object' || value === null || table.unknown.length > 0) return false;
  if (Array.isArray(value)) return value.some((item) => namesNoColumn(item, table));
  return Object.entries(value).some(([kind, inner]) => {
    if (kind === 'SubLink') return namesNoColumn(inner.testexpr, table);
    if (kind !== 'ColumnRef') return namesNoColumn(inner, table);
    const parts = columnParts(inner);
    return (
      parts.length === 1 &&
      inner.fields?.length === 1 &&
      parts[0] !== table.name &&
      !table.columns.some(({ name }) => name === parts[0])
    );
  });
}

/** A condition on the row alone says which rows, and nothing about whose: as good as none for writing, and for secrets. */
function rowOnly(
  { node, clause, commands, expression }: Predicate,
  policy: Policy,
  table: Table,
  state: SchemaState,
): Judgement[] {
  if (asksForCaller(node, state) || truthOf(node, { table, who: 'anyone' }) !== 'unknown') return [];
  const secrets = table.columns.map(({ name }) => name).filter(isToken);
  const owners = ownerColumns(table, state);
  const open = commands.filter(
    (command) =>
      entrantsOf(policy, table, state).some((role) => holds(table.grants, role, command)) &&
      (command === 'select'
        ? secrets.length > 0 && !readsNone(table, policy, secrets)
        : command === 'insert'
          ? clause === 'WITH CHECK' && owners.length > 0 && !leavesUnowned(node, table, state)
          : clause === 'USING'),
  );
  if (open.length === 0) return [];
  const reads = open.every((command) => command === 'select');
  const filled = owners.length > 0 && owners.every((column) => setByTrigger(column, table, state));
  // A form: visitors write what is nobody's.
  const [owner] = owners;
  const isForm =
    owner !== undefined &&
    open.every((command) => command === 'insert') &&
    entrantsOf(policy, table, state).includes('anon') &&
    owners.every((column) => !table.columns.find(({ name }) => name === column)?.notNull);
  return [
    {
      what: `${clause} asks about the row and not about the caller, so ${people(entrantsOf(policy, table, state))} may ${upper(open)} every row that fits`,
      way: reads
        ? `"${secrets[0]}" is read along with it. Compare it with what the caller brings, or look it up in a function.`
        : isForm
          ? `"${owner}" can name anybody. A form for visitors may be so where it asks that the column is null or the caller's.`
          : 'Whose row it is does not matter there. Compare an owner with the caller, or let only the server write.',
      // A trigger writes the caller into the row: what the client sends of it is overwritten.
      severity: filled && open.every((command) => command === 'insert') ? 'info' : 'warning',
      instead: isForm
        ? `(${expression.text}) and ${isForVisitorsAlone(policy) ? `${quoteIdent(owner)} is null` : `(${quoteIdent(owner)} is null or ${isCaller(owner, table, state)})`}`
        : undefined,
      advice: reads
        ? `Keep "${secrets[0]}" in a table of its own, or let a \`security definer\` function that is given one look the row up.`
        : 'Ask beside it who the caller is: compare an owner with `(select auth.uid())`, or call a function that asks for a role.',
    },
  ];
}

/** `owner is null and …`: a guest's row, in nobody's name. */
const leavesUnowned = (node: SyntaxNode, table: Table, state: SchemaState) => {
  const parts: SyntaxNode[] = node.BoolExpr?.boolop === 'AND_EXPR' ? node.BoolExpr.args : [node];
  const owners = ownerColumns(table, state);
  return parts.some((part) => owners.includes(nullTested(part) ?? ''));
};

/** The column of `column is null`. */
const nullTested = (node: SyntaxNode) => columnTested(node, 'IS_NULL');

/** The column of `column is not null`. */
const presenceTested = (node: SyntaxNode) => columnTested(node, 'IS_NOT_NULL');

function columnTested(node: SyntaxNode, how: 'IS_NULL' | 'IS_NOT_NULL'): string | undefined {
  const test = bare(node)?.NullTest;
  const ref = test?.nulltesttype === how ? bare(test.arg)?.ColumnRef : undefined;
  return ref === undefined ? undefined : columnParts(ref).at(-1);
}

/** Column grants keep the secrets from those the policy lets in. */
const readsNone = (table: Table, policy: Policy, secrets: readonly string[]) =>
  apiRolesOf(policy).every((role) => {
    const readable = grantedColumns(table, role, 'select');
    return readable !== null && secrets.every((column) => !readable.includes(column));
  });

/** `auth.uid() = id and …`: another part of it leaves the caller to its own row. */
const isTiedBeside = (node: SyntaxNode, table: Table, state: SchemaState) =>
  conjuncts(node).some(
    (part) =>
      looksAtCaller(part, state) &&
      opensTo(part) === null &&
      ownComparisons(readPredicate(part, table, state)).some(
        ({ operator, other }) => operator === '=' && other.is !== 'column',
      ),
  );

/** Names that a sub-select took for its own column. */
function captures({ node, expression }: Predicate, table: Table, state: SchemaState): Judgement[] {
  return capturesIn(node, table, state).flatMap((capture) => {
    const { taken, other, outer, tied } = capture;
    const itself = taken.name === other.name;
    if (tied && !itself) return [];
    const so = tied
      ? 'so this comparison limits nothing'
      : itself || other.source !== taken.source
        ? 'so the sub-select is not tied to the row'
        : 'so hardly any row passes, and which one has nothing to do with the row that is asked for';
    const { alias, key } = taken.source;
    return [
      {
        what: captureSaid(capture),
        way:
          key === table.key
            ? `Both are of the inner "${table.name}", ${so}. ${alias === table.name ? 'Give the inner table an alias, and write' : 'Write'} "${table.name}.${taken.name}" for the row.`
            : outer
              ? `The inner table's column hides the one of "${table.key}", ${so}. Write "${table.name}.${taken.name}".`
              : `That holds for every row, ${so}. Compare it with a column of the outer table.`,
        // What asks the same table keeps a column as it was, as a rank.
        severity:
          tied || (key !== table.key && isTiedBeside(node, table, state)) ? ('warning' as const) : undefined,
        instead: uncaptured(expression, table, state) ?? undefined,
        advice: "Write the row's column with the name of its table, and the inner ones with their alias.",
      },
    ];
  });
}

/** The column whose mere presence is the whole condition: a token, or a reference. */
function presence(node: SyntaxNode, table: Table, state: SchemaState): string | null {
  for (const branch of alternatives(node)) {
    if (looksAtCaller(branch, state)) continue;
    const name = presenceTested(branch);
    if (name === undefined) continue;
    if (isToken(name)) return name;
    if (table.foreignKeys.some(({ columns }) => columns.includes(name))) return name;
  }
  return null;
}

/** `owner is null or …`: the rows that nobody owns belong to everybody. */
function unowned(
  { node, clause, commands, expression }: Predicate,
  policy: Policy,
  table: Table,
  state: SchemaState,
): Judgement[] {
  const branches = alternatives(node);
  if (branches.length < 2) return [];
  const owners = ownerColumns(table, state);
  for (const branch of branches) {
    const name = nullTested(branch);
    if (name === undefined || !owners.includes(name)) continue;
    if (table.columns.find((column) => column.name === name)?.notNull) continue;
    const writes = commands.filter((command) => command !== 'select');
    // WITH CHECK then asks for the caller: whoever comes takes the row over, and cannot leave it to another.
    const claims =
      clause === 'USING' &&
      policy.command === 'update' &&
      policy.check?.node !== undefined &&
      policy.check.node !== null &&
      looksAtCaller(policy.check.node, state) &&
      alternatives(policy.check.node).every((part) => nullTested(part) !== name);
    if (claims) return [];
    // Who may reach a row by USING is asked for: its owner may leave it to nobody.
    const reaching = clause === 'WITH CHECK' ? alternatives(policy.using?.node ?? null) : [];
    if (reaching.length > 0 && reaching.every((part) => looksAtCaller(part, state))) return [];
    // A guest's row, in nobody's name: what one may only insert, nobody takes from anybody.
    if (writes.length > 0 && writes.every((command) => command === 'insert')) return [];
    return [
      writes.length === 0
        ? {
            what: `${clause} lets ${people(entrantsOf(policy, table, state))} read the rows whose "${name}" is null`,
            way: 'That is fine for shared rows. Make the column NOT NULL if every row has an owner.',
            severity: 'info' as const,
          }
        : {
            what: `${clause} lets ${people(entrantsOf(policy, table, state))} ${upper(writes)} rows whose "${name}" is null`,
            way: `Rows without an owner belong to nobody, and here to whoever comes. Ask for the owner alone, or make "${name}" NOT NULL.`,
            instead: withoutBranches(expression, (part) => nullTested(part) === name) ?? undefined,
            severity: entrantsOf(policy, table, state).includes('anon') ? undefined : ('warning' as const),
          },
    ];
  }
  return [];
}

/** Edits of a CREATE POLICY or ALTER POLICY statement where it stands. */
import type { ChangeSet } from '../../../model/facts.ts';
import type { Edit } from '../../../model/finding.ts';
import type { Origin, Policy, Table } from '../../../model/schema.ts';
import type { SyntaxNode } from '../../../model/sql.ts';
import { quoteIdent, strings } from '../../../sql/names.ts';
import { readsRequest } from '../callers/caller.ts';
import { type Found, insertAt, replaceRange, statementAt } from '../statements/sites.ts';
import { functionName, remembered, scalarSelect, visitTree } from '../syntax/tree.ts';

/** The CREATE POLICY of a changed file that made this policy. */
export function policyStatement(policy: Policy, set: ChangeSet): Found | null {
  const found = statementAt(set, policy.origin);
  return found !== null && /^(Create|Alter)PolicyStmt$/.test(found.statement.kind) ? found : null;
}

/** `alter policy … using (…) with check (…);` */
export const alterPolicy = (
  { name }: Policy,
  clauses: readonly { readonly clause: string; readonly condition: string }[],
  { key }: Table,
): string =>
  `alter policy ${quoteIdent(name)} on ${key}\n${clauses.map(({ clause, condition }) => `  ${clause.toLowerCase()} (${condition})`).join('\n')};`;

/** Place of the change's last DROP POLICY on a table. */
export function policyDrop(table: Table, set: ChangeSet): Origin {
  for (const { source } of [...set.migrations].reverse()) {
    const drop = source.statements.findLast(
      ({ kind, node }) =>
        kind === 'DropStmt' &&
        node.removeType === 'OBJECT_POLICY' &&
        strings(node.objects?.[0]?.List?.items).at(-2) === table.name,
    );
    if (drop !== undefined) return { file: source.path, ...drop.span };
  }
  return null;
}

/** Calls of `auth.uid()` and the like that Postgres would run for each row: not wrapped in a sub-select. */
export const bareCalls = remembered((node: SyntaxNode): readonly SyntaxNode[] => {
  const found: SyntaxNode[] = [];
  visitTree(node, (kind, inner) => {
    // In the target of `(select auth.uid())` it runs once; in a sub-select with FROM once for each of its rows.
    if (kind === 'SubLink') {
      const scalar = scalarSelect({ SubLink: inner });
      if (scalar !== null) return false;
    }
    if (kind === 'FuncCall' && isRequestCall(inner)) {
      found.push(inner);
      return false;
    }
    return true;
  });
  return found;
});

const isRequestCall = (call: SyntaxNode) => {
  const { schema, name } = functionName(call);
  return readsRequest(call) && (schema === 'auth' || name === 'current_setting');
};

const callEnd = /^[\s\S]*?\(\s*\)/;

/** Wraps the bare calls of a policy's statement in sub-selects. */
export function wrapCalls({ source, statement }: Found): Edit[] {
  return ['qual', 'with_check'].flatMap((clause) =>
    bareCalls(statement.node[clause] ?? {}).flatMap((call): Edit[] => {
      const start = source.offsetOfByte(call.location ?? 0);
      const text = callEnd.exec(source.text.slice(start, statement.end))?.[0];
      // Arguments make the end of a call a matter of parsing: only `f()` is certain.
      if (text === undefined || !/^(auth|"auth")\s*\.\s*"?(uid|jwt|role|email)"?\s*\(\s*\)$/i.test(text))
        return [];
      return [replaceRange(source, start, start + text.length, `(select ${text})`)];
    }),
  );
}

/** Writes `to <roles>` where a CREATE POLICY has none. */
export function addRoles({ source, statement }: Found, roles: string): Edit | null {
  const at = clauseStart(statement.sql);
  return at === null ? null : insertAt(source, statement.start + at, `to ${roles} `);
}

const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\(|\)|\busing\b|\bwith\s+check\b/gi;

/** Offset of USING or WITH CHECK in a CREATE POLICY. */
function clauseStart(sql: string): number | null {
  let depth = 0;
  for (const match of sql.matchAll(token)) {
    if (match[0] === '(') depth += 1;
    else if (match[0] === ')') depth -= 1;
    else if (depth === 0 && /^[uw]/i.test(match[0])) return match.index;
  }
  return null;
}

import type { Facts } from '../../model/facts.ts';
import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { type FileContext, rule } from '../rule.ts';
import { isVerbatim } from '../support/statements/statements.ts';

const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;

export default rule({
  id: 'integrity/hardcoded-id',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a uuid literal in data, a policy or a function that no migration makes',
  why: 'The row that is meant exists in one environment. In every other one (staging, a preview branch, the next restore) the statement changes nothing, fails on a foreign key, or means somebody else. In a policy it hands rights to one account for ever. An UPDATE or DELETE that mends such rows and does nothing elsewhere is told as a note.',
  remedy:
    "Find the row by what it is, or give the right by a table.\n\n```sql\nupdate public.profiles set role = 'owner'\nwhere id = (select owner_id from public.settings);\n```",
  since: '0.1.0',
  sources: [],
  fixable: false,
  file(context) {
    for (const statement of context.statements) {
      if (!/^(Insert|Update|Delete|Merge|CreatePolicy|AlterPolicy|CreateFunction)/.test(statement.kind))
        continue;
      if (!statement.sql.includes('-')) continue;
      const own = new Set([...ownIds(statement.kind, statement.node), ...keysWritten(statement, context)]);
      const made = idsMadeIn(context.facts);
      const foreign = [...statement.sql.matchAll(uuid)].filter(({ 0: id, index: at }) => {
        const lower = id.toLowerCase();
        return !isConventional(lower) && !own.has(lower) && !made.has(lower) && !inAddress(statement.sql, at);
      });
      if (foreign.length === 0) continue;
      const [{ 0: id, index }] = foreign as [RegExpExecArray];
      const start = statement.start + index;
      // It mends rows of one database and touches nothing in the others.
      const mends = statement.kind === 'UpdateStmt' || statement.kind === 'DeleteStmt';
      const different = new Set(foreign.map(([found]) => found.toLowerCase())).size;
      context.report({
        message: `This names ${different === 1 ? `the id ${id}` : `${different} ids, ${id} first`}, which no migration makes. In a database without ${different === 1 ? 'that row' : 'those rows'} ${mends ? 'it changes nothing' : 'it does nothing, fails, or means somebody else'}. Find the row by what it is.`,
        at: isVerbatim(context, statement)
          ? context.placeOfRange(start, start + id.length)
          : context.placeOf(statement),
        object: objectOf(statement.node, context.keyOf),
        key: id.toLowerCase(),
        ...(mends ? { severity: 'info' as const } : {}),
      });
    }
  },
});

/** The nil and max uuid, and written ones like 11111111-1111-… or d31e1e1e-d31e-…: no database hands them out. */
const isConventional = (id: string) => new Set(id.replaceAll('-', '')).size <= 5 || /^[0-]{20,}/.test(id);

/** A part of a web address, which names something out there and no row: `https://legal.example.com/?doc=7c0a…`. */
const inAddress = (text: string, at: number) =>
  /https?:\/\/[^\s'"<>]*$/i.test(text.slice(Math.max(0, at - 500), at));

function objectOf(node: SyntaxNode, keyOf: (relation: SyntaxNode) => string): string | null {
  const relation = node.relation ?? node.table;
  if (relation !== undefined) return keyOf(relation);
  return node.funcname === undefined ? null : keyOf(node.funcname);
}

/** An INSERT may choose the id of the row it makes. */
function ownIds(kind: string, node: SyntaxNode): ReadonlySet<string> {
  const ids = new Set<string>();
  if (kind !== 'InsertStmt') return ids;
  const names: string[] = (node.cols ?? []).map((item: SyntaxNode) => item.ResTarget?.name);
  const at = names.length === 0 ? 0 : names.indexOf('id');
  const select = node.selectStmt?.SelectStmt;
  const rows: SyntaxNode[][] = (select?.valuesLists ?? []).map((row: SyntaxNode) => row.List?.items ?? []);
  if (select?.targetList !== undefined)
    rows.push(select.targetList.map((item: SyntaxNode) => item.ResTarget?.val));
  for (const row of rows) {
    for (const id of JSON.stringify(row[at] ?? null).match(uuid) ?? []) ids.add(id.toLowerCase());
  }
  return ids;
}

/**
 * Ids that an INSERT writes into a text without a foreign key, or into the column that its ON CONFLICT asks about: keys of
 * another system, and of no row.
 */
function keysWritten({ kind, node }: Statement, { keyOf, changed }: FileContext): readonly string[] {
  if (kind !== 'InsertStmt') return [];
  const key = keyOf(node.relation);
  const table = changed.step.after.tables.get(key) ?? changed.step.before.tables.get(key);
  const asked: readonly string[] = (node.onConflictClause?.infer?.indexElems ?? []).map(
    ({ IndexElem }: SyntaxNode) => IndexElem?.name,
  );
  const names: readonly string[] = (node.cols ?? []).map((item: SyntaxNode) => item.ResTarget?.name);
  const isKey = (name: string) => {
    if (table?.foreignKeys.some(({ columns }) => columns.includes(name)) === true) return false;
    const type = table?.columns.find((column) => column.name === name)?.type ?? '';
    return asked.includes(name) || /^(text|character varying)/.test(type);
  };
  const select = node.selectStmt?.SelectStmt;
  const rows: SyntaxNode[][] = (select?.valuesLists ?? []).map((row: SyntaxNode) => row.List?.items ?? []);
  return rows.flatMap((row) =>
    row.flatMap((value, at) =>
      names[at] !== undefined && isKey(names[at])
        ? (JSON.stringify(value ?? null).match(uuid) ?? []).map((id) => id.toLowerCase())
        : [],
    ),
  );
}

const made = new WeakMap<Facts['sources'], ReadonlySet<string>>();

/** Ids of rows that some migration inserts. */
function idsMadeIn({ sources }: Facts): ReadonlySet<string> {
  let ids = made.get(sources);
  if (ids === undefined) {
    const all = new Set<string>();
    for (const source of sources.values()) {
      for (const { kind, node } of source.statements) for (const id of ownIds(kind, node)) all.add(id);
    }
    ids = all;
    made.set(sources, ids);
  }
  return ids;
}

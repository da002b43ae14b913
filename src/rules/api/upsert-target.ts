import type { ClientCall } from '../../model/client.ts';
import type { Facts } from '../../model/facts.ts';
import type { Index, Table } from '../../model/schema.ts';
import type { SyntaxNode } from '../../model/sql.ts';
import { wholeKeys } from '../../sql/fold/constraints.ts';
import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { allCallsOn, placesOf } from '../support/application/client-calls.ts';
import { isPlatform } from '../support/callers/roles.ts';
import { evidenceOf } from '../support/statements/sites.ts';
import { alternatives, bare, columnParts, visitTree } from '../support/syntax/tree.ts';
import { hasKnownKeys } from '../support/tables/tables.ts';
import { named, sqlFence } from '../support/words/words.ts';

export default rule({
  id: 'api/upsert-target',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'an upsert without a plain unique key on the columns that it names',
  why: 'ON CONFLICT (column), which is what upsert() of the clients sends, needs a unique index on just these columns. A partial index does not count unless the statement repeats its condition, which the Data API can’t: the upsert fails with 42P10. For NULLs no condition is needed, they are all different to a unique index anyway. A warning where the migrations upsert by it, or its one column holds an id of another system, which syncs write by; else a note.',
  remedy:
    'Leave the condition out.\n\n```sql\ncreate unique index idx_offers_source_uid on public.offers (source_uid);\n```',
  since: '0.1.0',
  sources: [
    'https://www.postgresql.org/docs/17/sql-insert.html#SQL-ON-CONFLICT',
    'https://www.postgresql.org/docs/17/indexes-unique.html',
  ],
  fixable: false,
  table(table, { state, facts, home, report }) {
    if (!hasKnownKeys(table) || isPlatform(table.schema)) return;
    const atEnd = facts.head.tables.get(table.key);
    for (const [key, calls] of upsertsOf(table, facts)) {
      const columns = calls[0]!.conflict!;
      // The code is that of the head, whatever the state.
      if (hasPlainKey(table, columns) || atEnd === undefined || hasPlainKey(atEnd, columns)) continue;
      const strange = strangeColumns(calls, [table, atEnd]);
      if (strange.length > 0) {
        report({
          message: `The code upserts into "${table.key}" with ${named(strange.slice(0, 4))} (${placesOf(calls)}), and the table has no such ${strange.length === 1 ? 'column' : 'columns'}: the call fails with PGRST204. It is written for another table than this one. Bring both together before a key is made for it.`,
          at: home(table.origin),
          object: table.key,
          key: `code ${key}`,
          evidence: evidenceOf(state),
          help: 'Name the columns that the table has, or add those that are missing in a migration.',
        });
        continue;
      }
      const fails = `The code upserts into "${table.key}" by ${named(columns)} (${placesOf(calls)}), and no unique key or index is on just ${columns.length === 1 ? 'that column' : 'these columns'}. ON CONFLICT needs one, so the call fails with 42P10.`;
      const wider = keyAround(columns, atEnd) ?? keyAround(columns, table);
      const others = wider?.columns.filter((name) => !columns.includes(name)) ?? [];
      report({
        message:
          wider === null
            ? `${fails} Make it, or name the columns of one that is there.`
            : `${fails} "${wider.name}" is on ${named(wider.columns)}: name all of these, and give ${named(others)} with each row. A key on ${named(columns)} alone would refuse rows that differ in ${named(others)}.`,
        at: home(table.origin),
        object: table.key,
        key: `code ${key}`,
        evidence: evidenceOf(state),
        help:
          wider === null
            ? sqlFence(`create unique index on ${table.key} (${columns.map(quoteIdent).join(', ')});`)
            : wider.columns.every((name) => /^\w+$/.test(name))
              ? `In the call:\n\n\`\`\`ts\n{ onConflict: '${wider.columns.join(',')}' }\n\`\`\``
              : 'Name them in the call as its conflict target.',
      });
    }
    for (const index of table.indexes) {
      if (!index.unique || index.constraint) continue;
      const columns = index.columns.filter((column) => column !== null);
      const plain = index.predicate === null && columns.length === index.columns.length;
      if (plain || columns.length === 0 || hasPlainKey(table, columns)) continue;
      const idle = columns.length === index.columns.length && onlyNotNull(index);
      const used = upsertTargets(facts).has(`${table.name} ${[...columns].sort().join(' ')}`);
      if (!idle && !used) continue;
      const list = columns.map(quoteIdent).join(', ');
      report({
        message: `Unique index "${index.name}" on "${table.key}" ${index.predicate === null ? 'holds an expression' : 'is partial'}, so ON CONFLICT (${list}) can't use it. ${used ? 'An upsert in these migrations fails' : 'An upsert by it through the API, which can’t repeat the condition, would fail'} with 42P10. ${idle ? 'The condition only leaves out NULLs, which never collide: leave it out' : 'Make a plain unique index'}.`,
        at: home(index.origin ?? table.origin),
        object: table.key,
        key: columns.join(', '),
        // Nobody has seen an upsert on it: a warning only where the id is another system's, which is what syncs write by.
        severity: used || (columns.length === 1 && foreignId.test(columns[0]!)) ? undefined : 'info',
        evidence: evidenceOf(state),
        help: sqlFence(`create unique index ${quoteIdent(index.name)} on ${table.key} (${list});`),
      });
    }
  },
});

/** What the code upserts by, where the table has such columns. */
function upsertsOf(table: Table, facts: Facts): ReadonlyMap<string, readonly ClientCall[]> {
  const found = new Map<string, ClientCall[]>();
  for (const call of allCallsOn(table.key, ['insert'], facts)) {
    const { conflict } = call;
    if (conflict === null || !conflict.every((name) => table.columns.some((column) => column.name === name)))
      continue;
    const key = [...conflict].sort().join(' ');
    found.set(key, [...(found.get(key) ?? []), call]);
  }
  return found;
}

/** Columns that each of the calls writes or names, and that the table never has. */
function strangeColumns(calls: readonly ClientCall[], tables: readonly Table[]): readonly string[] {
  const isThere = (name: string) =>
    tables.some(({ columns }) => columns.some((column) => column.name === name));
  const of = (call: ClientCall) => (call.given ?? []).filter((name) => !isThere(name));
  return calls.every((call) => of(call).length > 0) ? [...new Set(calls.flatMap(of))] : [];
}

/** The id that a row has in another system. */
const foreignId = /^(source|external|remote|sync|upstream)_(\w*_)?(uid|uuid|id|ref|sku)$/;

const hasPlainKey = (table: Table, columns: readonly string[]) =>
  wholeKeys(table).some(
    (key) => key.columns.length === columns.length && columns.every((column) => key.columns.includes(column)),
  );

/** The smallest key that asks for more than these columns. What the database makes up itself, no call can give. */
function keyAround(columns: readonly string[], table: Table) {
  const isMadeUp = (name: string) => {
    const column = table.columns.find((each) => each.name === name);
    return (
      column === undefined || column.identity !== null || /uuid|nextval/i.test(column.default?.text ?? '')
    );
  };
  const [smallest] = wholeKeys(table)
    .filter(
      (key) =>
        key.columns.length > columns.length &&
        columns.every((name) => key.columns.includes(name)) &&
        !key.columns.some((name) => !columns.includes(name) && isMadeUp(name)),
    )
    .sort((a, b) => a.columns.length - b.columns.length);
  return smallest ?? null;
}

/** `where a is not null [and b is not null]`, of the index's own columns. */
function onlyNotNull({ predicate, columns }: Index): boolean {
  const node = predicate?.node ?? null;
  if (node === null || alternatives(node).length > 1) return false;
  const parts: SyntaxNode[] = node.BoolExpr?.boolop === 'AND_EXPR' ? node.BoolExpr.args : [node];
  return parts.every((part) => {
    const test = bare(part)?.NullTest;
    const ref = test?.nulltesttype === 'IS_NOT_NULL' ? bare(test.arg)?.ColumnRef : undefined;
    return ref !== undefined && columns.includes(columnParts(ref).at(-1) ?? '');
  });
}

const targets = new WeakMap<Facts, ReadonlySet<string>>();

/** Columns that upserts in the migrations name, as `table a b`; those that repeat a condition are right. */
function upsertTargets(facts: Facts): ReadonlySet<string> {
  let found = targets.get(facts);
  if (found === undefined) {
    const names = new Set<string>();
    for (const { statements } of facts.sources.values()) {
      for (const { kind, node, sql } of statements) {
        // Bodies of functions are text here.
        for (const [, table, columns] of sql.matchAll(
          /insert\s+into\s+(?:[\w"]+\.)?"?(\w+)"?[^;]*?on\s+conflict\s*\(([\w\s,"]+)\)\s*do\b/gi,
        )) {
          names.add(
            `${table!.toLowerCase()} ${columns!
              .toLowerCase()
              .split(/[\s,"]+/)
              .filter(Boolean)
              .sort()
              .join(' ')}`,
          );
        }
        visitTree({ [kind]: node }, (inner, insert) => {
          const infer = inner === 'InsertStmt' ? insert.onConflictClause?.infer : undefined;
          if (infer === undefined || infer.whereClause !== undefined) return;
          const columns = (infer.indexElems ?? []).map((element: SyntaxNode) => element.IndexElem?.name);
          names.add(`${insert.relation?.relname} ${columns.sort().join(' ')}`);
        });
      }
    }
    found = names;
    targets.set(facts, found);
  }
  return found;
}

import type { Column, Table } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { listed, sql } from '../support/statements/statements.ts';

export default rule({
  id: 'structure/timestamps',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static', 'catalog'],
  summary: 'a table without "created_at" or "updated_at"',
  why: 'When a row came and when it last changed can not be found out afterwards. Junction tables and those that are only added to (logs, events, history) need no "updated_at".',
  remedy:
    'Add the columns.\n\n```sql\nalter table public.t\n  add column created_at timestamptz not null default now(),\n  add column updated_at timestamptz not null default now();\n```',
  since: '0.1.0',
  sources: [],
  fixable: false,
  table(table, { exposed, home, report }) {
    if (table.kind === 'partition' || table.kind === 'foreign' || table.parent !== null) return;
    if (!exposed(table.schema) || table.unknown.length > 0) return;
    if (isJunction(table)) return;
    const missing = ['created_at', ...(isAppendOnly(table) ? [] : ['updated_at'])].filter(
      (name) => !table.columns.some((column) => means(column, name)),
    );
    if (missing.length === 0) return;
    report({
      message: `Table "${table.key}" has no column ${listed(missing)}. When a row came or changed can't be found out later. Add ${missing.length === 1 ? 'it' : 'them'}.`,
      at: home(table.origin),
      object: table.key,
      help: sql(
        `alter table ${table.key}`,
        `${missing.map((name) => `  add column ${name} timestamptz not null default now()`).join(',\n')};`,
      ),
    });
  },
});

const others: Readonly<Record<string, RegExp>> = {
  created_at:
    /^(created|inserted|added|joined|occurred|received|sent|logged|recorded|granted|invited|uploaded)(_?(at|on|date|time))?$|^(date|time)_?created$|^(timestamp|ts)$|^createdat$/i,
  updated_at: /^(updated|modified|changed|last_updated|last_modified)(_?(at|on|date|time))?$|^updatedat$/i,
};

const means = (column: Column, name: string) =>
  others[name]!.test(column.name) && /^(timestamp|date|bigint|integer)/.test(column.type);

/** Nothing but references and what hangs on the pair. */
function isJunction(table: Table): boolean {
  const key = table.primaryKey;
  const references = new Set(table.foreignKeys.flatMap(({ columns }) => columns));
  return (
    (key !== null && key.columns.length > 1 && key.columns.every((column) => references.has(column))) ||
    (references.size >= 2 && table.columns.length <= references.size + 2)
  );
}

function isAppendOnly(table: Table): boolean {
  if (
    /(^|_)(logs?|events?|history|audit|trail|snapshots?|archive|queue|outbox|messages|metrics)$/.test(
      table.name,
    )
  )
    return true;
  // A table whose policies let nobody change a row is added to only.
  return (
    table.policies.length > 0 &&
    !table.policies.some(({ command }) => command === 'update' || command === 'all')
  );
}

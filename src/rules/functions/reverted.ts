import type { Facts } from '../../model/facts.ts';
import type { SourceFile, SyntaxNode } from '../../model/sql.ts';
import { qualified, strings } from '../../sql/names.ts';
import { escapeRegExp, lowerBound } from '../../sql/text.ts';
import { rule } from '../rule.ts';
import { commandsOf, namesOf } from '../support/statements/statements.ts';
import { normalBody } from '../support/syntax/bodies.ts';
import { remembered } from '../support/syntax/tree.ts';

export default rule({
  id: 'functions/reverted',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'CREATE OR REPLACE FUNCTION that brings back an older body of the same function',
  why: 'CREATE OR REPLACE replaces the whole body. A file copied from an old branch, or written from an old copy, silently undoes what later migrations changed in the function, fixes of security holes included.',
  remedy:
    'Start from the newest body. Where the older one is meant, say so in the file’s name or header ("revert", "rollback", "restore").',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-createfunction.html'],
  fixable: false,
  statement: {
    CreateFunctionStmt(node, statement, { facts, changed, source, placeOf, report }) {
      const body = bodyOf(node);
      if (
        body === null ||
        /revert|rollback|restore|undo|\bback to\b/i.test(`${source.path} ${source.text.slice(0, 500)}`)
      )
        return;
      const wanted = signature(node);
      const { newest, older } = earlier(facts, wanted, changed.migration.path, body);
      if (older === null || newest === null || newest.body === body) return;
      // What the newest body reads is dropped here: it would fail.
      if (dropsIn(source).some((gone) => mentions(newest.body!, gone) && !mentions(body, gone))) return;
      const name = wanted.slice(0, wanted.indexOf('('));
      report({
        message: `This brings back the body that "${name}" had in "${older.path}". "${newest.path}" has changed it since, and that change is lost. Start from the newest body.`,
        at: placeOf(statement),
        object: name,
        key: wanted,
        // The helper that half of all projects write again and again: it stamps the time, one way or another.
        severity: stampsTime(body) && stampsTime(newest.body ?? '') ? 'info' : undefined,
      });
    },
  },
});

/** `begin new.updated_at = now(); return new; end` */
const stampsTime = (body: string) =>
  /^begin (new\.\w+ ?:?= ?(now\(\)|current_timestamp|clock_timestamp\(\)|timezone\('utc'(::text)?, ?now\(\)\)) ?; ?)+return new; ?end;?$/.test(
    body,
  );

/** Names of tables, views, functions and columns that a file drops. */
const dropsIn = remembered((source: SourceFile): readonly string[] =>
  source.statements.flatMap(({ kind, node }) => {
    if (kind === 'DropStmt')
      return (node.objects ?? []).map((each: SyntaxNode) => namesOf(each).at(-1) ?? '');
    if (kind !== 'AlterTableStmt') return [];
    return commandsOf(node)
      .filter(({ subtype }) => subtype === 'AT_DropColumn')
      .map(({ name }) => name ?? '');
  }),
);

const mentions = (body: string, name: string) =>
  name !== '' && new RegExp(`(?<![\\w$])${escapeRegExp(name.toLowerCase())}(?![\\w$])`).test(body);

/** A function as one file writes it. */
class Written {
  readonly path: string;
  /** Place of its file among the migrations. */
  readonly order: number;
  readonly #node: SyntaxNode;
  #body: string | null | undefined;

  constructor(path: string, order: number, node: SyntaxNode) {
    this.path = path;
    this.order = order;
    this.#node = node;
  }
  /** Most functions are written once: theirs is never asked for. */
  get body(): string | null {
    if (this.#body === undefined) this.#body = bodyOf(this.#node);
    return this.#body;
  }
}

interface Histories {
  readonly orders: ReadonlyMap<string, number>;
  /** By signature, in the order of the files. */
  readonly written: ReadonlyMap<string, readonly Written[]>;
}

const histories = new WeakMap<Facts, Histories>();

function historiesOf(facts: Facts): Histories {
  const known = histories.get(facts);
  if (known !== undefined) return known;
  const written = new Map<string, Written[]>();
  const orders = new Map(facts.history.head.map(({ path }, order) => [path, order]));
  for (const [path, order] of orders) {
    for (const { kind, node } of facts.sources.get(path)?.statements ?? []) {
      if (kind !== 'CreateFunctionStmt') continue;
      const key = signature(node);
      const those = written.get(key);
      if (those === undefined) written.set(key, [new Written(path, order, node)]);
      else those.push(new Written(path, order, node));
    }
  }
  const found = { orders, written };
  histories.set(facts, found);
  return found;
}

/** In the files before this one: the newest that has a body, and the newest with this body. */
function earlier(facts: Facts, wanted: string, path: string, body: string) {
  const { orders, written } = historiesOf(facts);
  const own = orders.get(path) ?? orders.size;
  let newest: Written | null = null;
  const those = written.get(wanted) ?? [];
  for (let at = lowerBound(those.length, (i) => those[i]!.order >= own) - 1; at >= 0; at -= 1) {
    const each = those[at]!;
    if (each.body === null) continue;
    newest ??= each;
    if (each.body === body) return { newest, older: each };
  }
  return { newest, older: null };
}

const signature = (node: SyntaxNode): string => {
  const { schema, name } = qualified(strings(node.funcname));
  const types = (node.parameters ?? [])
    .filter(({ FunctionParameter: parameter }: SyntaxNode) => !/OUT|TABLE/.test(parameter?.mode ?? ''))
    .map(({ FunctionParameter: parameter }: SyntaxNode) => strings(parameter?.argType?.names).at(-1));
  return `${schema ?? 'public'}.${name}(${types.join(', ')})`;
};

function bodyOf(node: SyntaxNode): string | null {
  const as = (node.options ?? []).find((option: SyntaxNode) => option.DefElem?.defname === 'as');
  const text = strings(as?.DefElem?.arg?.List?.items).join('\n');
  return text === '' ? null : normalBody(text);
}

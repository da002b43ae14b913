import type { SyntaxNode } from '../../model/sql.ts';
import { qualified, strings } from '../../sql/names.ts';
import { rule } from '../rule.ts';
import { normalBody } from '../support/bodies.ts';

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
        /revert|rollback|restore|undo/i.test(`${source.path} ${source.text.slice(0, 500)}`)
      )
        return;
      const wanted = signature(node);
      const bodies: { path: string; body: string }[] = [];
      for (const { path } of facts.history.head) {
        if (path === changed.migration.path) break;
        for (const earlier of facts.sources.get(path)?.statements ?? []) {
          if (earlier.kind !== 'CreateFunctionStmt' || signature(earlier.node) !== wanted) continue;
          const old = bodyOf(earlier.node);
          if (old !== null) bodies.push({ path, body: old });
        }
      }
      const newest = bodies.at(-1);
      const older = bodies.findLast((entry) => entry.body === body);
      if (older === undefined || newest === undefined || newest.body === body) return;
      const name = wanted.slice(0, wanted.indexOf('('));
      report({
        message: `This brings back the body that "${name}" had in "${older.path}". "${newest.path}" has changed it since, and that change is lost. Start from the newest body.`,
        at: placeOf(statement),
        object: name,
        key: wanted,
      });
    },
  },
});

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

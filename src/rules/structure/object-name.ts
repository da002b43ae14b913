import type { Statement, SyntaxNode } from '../../model/sql.ts';
import { escapeRegExp } from '../../sql/text.ts';
import { type FileContext, rule } from '../rule.ts';

/** Patterns of the house style; `{table}` stands for the table's name. */
const house = {
  index: '^(idx|uq)_{table}_.+',
  'foreign-key': '^fk_.+',
  trigger: '^[a-z][a-z0-9_]*$',
  policy: '.{4,}',
};

export default rule({
  id: 'structure/object-name',
  severity: { recommended: 'off', strict: 'warning' },
  evidence: ['static'],
  summary: 'an index, foreign key, trigger or policy named against the house pattern',
  why: 'Names are what error messages and query plans show. With one pattern a reader knows table and columns of "idx_invoices_customer_id" without looking.',
  remedy:
    'Name it after the pattern, or set the pattern in `supabase/migration-guard.yml`.\n\n```yaml\nrules:\n  structure/object-name:\n    index: "^{table}_.+_idx$"\n```',
  since: '0.1.0',
  sources: [],
  fixable: false,
  options: house,
  patterns: true,
  statement: {
    IndexStmt(node, statement, context) {
      if (node.idxname !== undefined) check('index', node.idxname, node.relation, statement, context);
    },
    CreateTrigStmt(node, statement, context) {
      check('trigger', node.trigname, node.relation, statement, context);
    },
    CreatePolicyStmt(node, statement, context) {
      check('policy', node.policy_name, node.table, statement, context);
    },
    Constraint(node, statement, context, ancestors) {
      if (node.contype !== 'CONSTR_FOREIGN' || node.conname === undefined) return;
      const relation = ancestors.find(({ kind }) => kind === 'CreateStmt' || kind === 'AlterTableStmt')?.node
        .relation;
      if (relation !== undefined) check('foreign-key', node.conname, relation, statement, context);
    },
  },
});

function check(
  kind: keyof typeof house,
  name: string,
  relation: SyntaxNode,
  statement: Statement,
  context: FileContext,
) {
  const wanted = String(context.options[kind]).replaceAll('{table}', escapeRegExp(relation.relname));
  if (new RegExp(wanted).test(name)) return;
  context.report({
    message: `The ${kind.replace('-', ' ')} "${name}" does not fit the house pattern ${wanted}. Names that fit tell table and columns at a glance. Rename it.`,
    at: context.placeOf(statement),
    object: context.keyOf(relation),
    key: `${kind} ${name}`,
  });
}

import { quoteIdent } from '../../sql/names.ts';
import { rule } from '../rule.ts';

export default rule({
  id: 'safety/rename-schema',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'a schema that is renamed',
  why: 'Every name in it changes at once: running clients, function bodies, `search_path` settings and the list of exposed schemas in the API settings still have the old one.',
  remedy:
    'Make a new schema, move the objects one by one, leave views behind.\n\n```sql\ncreate schema billing;\nalter table public.invoice set schema billing;\ncreate view public.invoice with (security_invoker = true) as select * from billing.invoice;\n```',
  since: '0.1.0',
  sources: ['https://www.postgresql.org/docs/17/sql-alterschema.html'],
  fixable: false,
  statement: {
    RenameStmt(node, statement, { isNew, placeOf, report }) {
      if (node.renameType !== 'OBJECT_SCHEMA' || isNew('schema', quoteIdent(node.subname))) return;
      report({
        message: `Schema "${node.subname}" is renamed to "${node.newname}". Clients, function bodies and the API's list of schemas still name the old one. Make a new schema and move the objects one by one.`,
        at: placeOf(statement),
        object: quoteIdent(node.subname),
      });
    },
  },
});

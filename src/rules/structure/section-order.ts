import type { SyntaxNode } from '../../model/sql.ts';
import { rule } from '../rule.ts';

const sections = [
  'tables',
  'indexes',
  'foreign keys',
  'row level security',
  'policies',
  'triggers',
  'comments',
];

export default rule({
  id: 'structure/section-order',
  severity: { recommended: 'info', strict: 'warning' },
  evidence: ['static'],
  summary: 'numbered sections out of the house order',
  why: 'The house template numbers its steps: tables, indexes, foreign keys, row level security, policies, triggers, comments. A reader who looks for the policies looks there. A file that numbers no steps is left alone.',
  remedy: 'Move the statement to its section.',
  since: '0.1.0',
  sources: [],
  fixable: false,
  file({ source, placeOf, report }) {
    const numbered = source.comments.filter(({ text }) =>
      /^--[\s=#*-]*(?:step\s*)?\d+\s*[.:)]\s*\S/i.test(text),
    );
    if (numbered.length < 2) return;
    let highest = 0;
    for (const statement of source.statements) {
      const section = sectionOf(statement.kind, statement.node);
      if (section === -1) continue;
      if (section < highest) {
        report({
          message: `This belongs to the section "${sections[section]}", and stands behind "${sections[highest]}". The file numbers its steps, and readers look for it there. Move it up.`,
          at: placeOf(statement),
          object: source.path,
        });
        return;
      }
      highest = section;
    }
  },
});

function sectionOf(kind: string, node: SyntaxNode): number {
  switch (kind) {
    case 'CreateStmt':
      return 0;
    case 'IndexStmt':
      return 1;
    case 'AlterTableStmt':
      return sectionOfAlter(node.cmds?.[0]?.AlterTableCmd ?? {});
    case 'CreatePolicyStmt':
      return 4;
    case 'CreateTrigStmt':
      return 5;
    case 'CommentStmt':
      return 6;
    default:
      return -1;
  }
}

function sectionOfAlter(command: SyntaxNode): number {
  if (command.subtype === 'AT_EnableRowSecurity') return 3;
  if (command.subtype === 'AT_AddConstraint' && command.def?.Constraint?.contype === 'CONSTR_FOREIGN')
    return 2;
  return -1;
}

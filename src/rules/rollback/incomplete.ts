import { rule } from '../rule.ts';
import { wayBack } from '../support/files/way-back.ts';
import { linesOf, startOf } from '../support/statements/places.ts';

export default rule({
  id: 'rollback/incomplete',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['rollback'],
  summary: 'the given rollback runs and leaves a difference',
  why: 'After the migration and its rollback the catalog is not what it was before. Something stays behind, or something that was there is gone: a policy, a grant, a default.',
  remedy: 'Undo what is left too.',
  since: '0.1.0',
  sources: [],
  fixable: false,
  facts({ facts, report }) {
    for (const { path, plan, planPath, planLine, status, differences, alternative } of facts.rollback ?? []) {
      if (status !== 'differs' || (plan !== 'file' && plan !== 'section')) continue;
      const file = planPath ?? path;
      // The message names the first three.
      const all = differences.length > 3 ? `\`\`\`text\n${differences.join('\n')}\n\`\`\`` : '';
      const help = [all, alternative ? wayBack(alternative) : ''].filter(Boolean).join('\n\n');
      report({
        message: `After the rollback of "${path.split('/').at(-1)}" the schema is not what it was: ${differences.slice(0, 3).join('; ')}${differences.length > 3 ? `; and ${differences.length - 3} more` : ''}. What is left is found by the next migration, or by nobody. Undo it too.`,
        at: planLine === null ? startOf(file) : linesOf(file, planLine),
        object: path,
        ...(help === '' ? {} : { help }),
      });
    }
  },
});

import { rule } from '../rule.ts';
import { wayBack } from '../support/files/way-back.ts';
import { linesOf, startOf } from '../support/statements/places.ts';

export default rule({
  id: 'rollback/fails',
  severity: { recommended: 'error', strict: 'error' },
  evidence: ['rollback'],
  summary: 'the given rollback does not run',
  why: 'The rollback was run behind the migration, on the same database. It failed. In an emergency it will fail too.',
  remedy: 'Correct the rollback.',
  since: '0.1.0',
  sources: [],
  fixable: false,
  facts({ facts, report }) {
    for (const { path, plan, planPath, planLine, status, error, alternative } of facts.rollback ?? []) {
      if (status !== 'failed' || (plan !== 'file' && plan !== 'section')) continue;
      const file = planPath ?? path;
      const line = error?.line ?? planLine;
      report({
        message: `The rollback of "${path.split('/').at(-1)}" fails: ${error === null ? 'it could not be run' : `${error.message} (SQLSTATE ${error.sqlstate})${because(error.detail)}`}. In an emergency it will fail too. Correct it.`,
        at: line === null ? startOf(file) : linesOf(file, line),
        object: path,
        ...(alternative ? { help: wayBack(alternative) } : {}),
      });
    }
  },
});

/** Postgres' DETAIL has a line for each object that depends on it. */
function because(detail: string | null | undefined): string {
  const lines = (detail ?? '').split('\n').filter(Boolean);
  const more = lines.length > 3 ? `; and ${lines.length - 3} more` : '';
  const shown = lines.slice(0, 3).map((line) => line.replace(/\.$/, ''));
  return lines.length === 0 ? '' : `: ${shown.join('; ')}${more}`;
}

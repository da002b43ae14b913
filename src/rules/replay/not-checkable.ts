import { rule } from '../rule.ts';
import { linesOf } from '../support/statements/places.ts';

export default rule({
  id: 'replay/not-checkable',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['replay'],
  summary: 'a statement that could not be run here',
  why: 'The statement needs something that this Postgres lacks (an extension, an object that the base failed to make). It was passed over. That is no fault of the migration, and no proof that it works.',
  remedy: 'Give a server that has it (`--database-url`), or a baseline.',
  since: '0.1.0',
  sources: [],
  fixable: false,
  facts({ facts, report }) {
    for (const { path, statements } of facts.replay?.runs ?? []) {
      const passed = statements.filter(({ status }) => status === 'not-checkable');
      const [first] = passed;
      if (first === undefined) continue;
      const why = first.reason ?? first.error?.message ?? 'something it needs is missing';
      const more =
        passed.length > 1 ? ` ${passed.length - 1} more statements of the file were passed over too.` : '';
      report({
        message: `This could not be run here: ${why.replace(/\.$/, '')}.${more} Run the guard on a server that has it, or give a baseline.`,
        at: linesOf(path, first.line, first.endLine),
        object: path,
      });
    }
  },
});

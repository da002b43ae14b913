/** `migration-guard rules`: what there is. */

import { UsageError } from '../project/project.ts';
import { rules as registered } from '../rules/index.ts';
import { type Command, noWords, print, readArguments } from './command.ts';

export const rules: Command = async (argv, terminal) => {
  const { values, positionals } = readArguments(argv, {
    format: { type: 'string', default: 'pretty' },
    output: { type: 'string' },
  });
  noWords('rules', positionals);
  const list = [...registered].sort((a, b) => (a.id < b.id ? -1 : 1));
  if (values.format === 'json') {
    const rows = list.map(({ id, severity, evidence, summary, fixable }) => {
      return { id, severity, evidence, summary, fixable, docs: `docs/rules/${id}.md` };
    });
    await print(terminal, values.output ?? null, JSON.stringify({ rules: rows }, null, 2));
  } else if (values.format === 'pretty') {
    const width = Math.max(...list.map(({ id }) => id.length));
    const lines = list.map(
      ({ id, severity, summary, fixable }) =>
        `${id.padEnd(width)}  ${severity.recommended.padEnd(7)}  ${fixable ? 'fix' : '   '}  ${summary}`,
    );
    await print(terminal, values.output ?? null, lines.join('\n'));
  } else throw new UsageError(`--format is pretty or json, not "${values.format}".`);
  return 0;
};

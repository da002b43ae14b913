/** `migration-guard explain RULE`: what it finds, why it matters, what to do. */
import { nearest } from '../config/load.ts';
import { UsageError } from '../project/project.ts';
import { ruleById, rules } from '../rules/index.ts';
import { type Command, print, readArguments } from './command.ts';

export const explain: Command = async (argv, terminal) => {
  const { positionals } = readArguments(argv, {});
  const [id] = positionals;
  if (id === undefined) throw new UsageError('Name a rule, as in "migration-guard explain rls/disabled".');
  const rule = ruleById.get(id) ?? rules.find((candidate) => candidate.id.split('/')[1] === id);
  if (rule === undefined) {
    const near = nearest(
      id,
      rules.map((candidate) => candidate.id),
    );
    throw new UsageError(
      `There is no rule "${id}".${near === null ? '' : ` Did you mean "${near}"?`} See "migration-guard rules".`,
    );
  }
  const severity = (['recommended', 'strict'] as const)
    .map((preset) => `${rule.severity[preset]} (${preset})`)
    .join(', ');
  const parts = [
    `${rule.id}: ${severity}${rule.fixable ? ', can be fixed' : ''}`,
    rule.summary,
    rule.why.trim(),
    rule.remedy.trim(),
    rule.sources.length > 0 ? `Sources: ${rule.sources.join(', ')}` : '',
    `Silence it with a reason: -- guard-ignore ${rule.id}: why it is right here`,
  ];
  await print(terminal, null, parts.filter(Boolean).join('\n\n'));
  return 0;
};

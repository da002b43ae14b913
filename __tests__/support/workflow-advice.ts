/**
 * What zizmor's audits (https://docs.zizmor.sh/audits/) say of a workflow, as far as that can be told without asking
 * GitHub: the program itself is not on npm. Its pedantic ones are among them.
 */
import { parse } from 'yaml';

// biome-ignore lint/suspicious/noExplicitAny: YAML that somebody wrote.
type Yaml = any;

interface Workflow {
  readonly source: string;
  readonly yaml: Yaml;
  readonly jobs: readonly Yaml[];
  readonly steps: readonly Yaml[];
  readonly triggers: readonly string[];
}

/** Actions of this repository, which its own workflows name by a release. */
const own = /^(\.\/|supabase-migration-guard\/)/;
const scripts = ({ steps }: Workflow) => steps.map(({ run, with: given }) => run ?? given?.script ?? '');
const conditions = ({ jobs, steps }: Workflow) => [...jobs, ...steps].map((each) => String(each.if ?? ''));
const uses = ({ jobs, steps }: Workflow) => [...jobs, ...steps].flatMap((each) => each.uses ?? []);
const services = ({ jobs }: Workflow) =>
  jobs.flatMap((job) => [job.container, ...Object.values<Yaml>(job.services ?? {})].filter(Boolean));

/** True where the audit would speak. */
const audits: Readonly<Record<string, (workflow: Workflow) => boolean>> = {
  'adhoc-packages': (workflow) =>
    scripts(workflow).some((run) =>
      /\bnpx |npm (i|install) \S|pip install|gem install|cargo install/.test(run),
    ),
  'anonymous-definition': ({ yaml }) => !yaml.name,
  artipacked: ({ steps }) =>
    steps.some(
      (step) => step.uses?.startsWith('actions/checkout@') && step.with?.['persist-credentials'] !== false,
    ),
  'bot-conditions': (workflow) =>
    conditions(workflow).some((text) => /github\.(actor|triggering_actor)/.test(text)),
  'cache-poisoning': ({ yaml, steps, triggers }) =>
    (triggers.includes('release') || yaml.on?.push?.tags !== undefined) &&
    steps.some((step) => step.with?.cache !== undefined || step.uses?.startsWith('actions/cache@')),
  'concurrency-limits': ({ yaml, jobs, triggers }) =>
    triggers.some((name) => name !== 'workflow_call') &&
    yaml.concurrency === undefined &&
    jobs.some((job) => job.concurrency === undefined),
  'dangerous-triggers': ({ source, triggers }) =>
    triggers.some(
      (name) =>
        /^(pull_request_target|workflow_run)$/.test(name) &&
        !new RegExp(`^ *${name}: # zizmor: ignore\\[dangerous-triggers\\] \\w.{20}`, 'm').test(source),
    ),
  'excessive-permissions': ({ yaml, jobs }) =>
    Object.keys(yaml.permissions ?? { none: '' }).length > 0 ||
    jobs.some((job) => typeof job.permissions !== 'object'),
  'github-env': (workflow) => scripts(workflow).some((run) => /GITHUB_(ENV|PATH)/.test(run)),
  'hardcoded-container-credentials': (workflow) =>
    services(workflow).some(({ credentials }) => credentials && !/^\$\{\{/.test(credentials.password)),
  'insecure-commands': ({ source }) => source.includes('ACTIONS_ALLOW_UNSECURE_COMMANDS'),
  'insecure-url-scheme': ({ source }) => /\b(http|git|ftp):\/\//.test(source),
  obfuscation: (workflow) => uses(workflow).some((name) => /\/\/|\/\.\.?\/|[^.]\/\.\//.test(name)),
  'overprovisioned-secrets': ({ source }) => /toJSON\(secrets\)|\bsecrets\[/i.test(source),
  'ref-version-mismatch': ({ source }) =>
    [...source.matchAll(/uses: \S+@[0-9a-f]{40}(.*)$/gm)].some(
      ([, rest]) => !/^ # v\d+\.\d+\.\d+$/.test(rest!),
    ),
  'secrets-inherit': ({ jobs }) => jobs.some(({ secrets }) => secrets === 'inherit'),
  'secrets-outside-env': ({ source, jobs }) =>
    /\bsecrets\.(?!GITHUB_TOKEN\b)/.test(source) && jobs.some(({ environment }) => environment === undefined),
  'self-hosted-runner': ({ jobs }) =>
    jobs.some((job) => JSON.stringify(job['runs-on'] ?? '').includes('self-hosted')),
  'template-injection': (workflow) => scripts(workflow).some((run) => run.includes('${{')),
  'undocumented-permissions': ({ source }) =>
    [...source.matchAll(/^ +[a-z-]+: (?:write|read)\b(.*)$/gm)].some(([, rest]) => !/^ # \S/.test(rest!)),
  'unpinned-images': (workflow) =>
    services(workflow).some(({ image }) => !/:(?!latest$)[\w.-]+$/.test(image ?? '')),
  'unpinned-uses': (workflow) =>
    uses(workflow).some((name) => !own.test(name) && !/@[0-9a-f]{40}$/.test(name)),
  'unredacted-secrets': ({ source }) => /fromJSON\(\s*secrets\./i.test(source),
  'unsound-condition': ({ source }) =>
    /\bif: *[|>]\+? *\n/.test(source) && /\bif: *[|>][^\n]*\n\s*\$\{\{/.test(source),
  'unsound-contains': (workflow) =>
    conditions(workflow).some((text) => /contains\(\s*'[^']*'\s*,/.test(text)),
  'use-trusted-publishing': (workflow) => scripts(workflow).some((run) => /npm publish/.test(run)),
};

export const auditNames = Object.keys(audits);

/** Audits that speak against a workflow. */
export function advice(source: string): readonly string[] {
  const yaml = parse(source);
  const jobs = Object.values<Yaml>(yaml.jobs ?? {});
  const triggers =
    typeof yaml.on === 'string' ? [yaml.on] : Array.isArray(yaml.on) ? yaml.on : Object.keys(yaml.on);
  const workflow = { source, yaml, jobs, steps: jobs.flatMap((job) => job.steps ?? []), triggers };
  return auditNames.filter((name) => audits[name]!(workflow));
}

/** Addresses that the comment leads to. */
import { target } from '../report/escape.ts';
import type { MarkdownLinks } from '../report/markdown.ts';
import { type Context, type Environment, headSha } from './context.ts';

export function linksFor(context: Context, env: Environment): MarkdownLinks {
  const { serverUrl, repository } = context;
  const tree = `${serverUrl}/${repository.owner}/${repository.repo}/blob/${headSha(context)}`;
  return {
    file: (path, line) => `${tree}/${target(path)}${line === null ? '' : `#L${line}`}`,
    docs: docsLinks(env),
    whole: context.runUrl,
  };
}

/** The rule's page at the version of this action that runs (empty where a workflow uses `./`). */
export function docsLinks(env: Environment): MarkdownLinks['docs'] {
  const { GITHUB_ACTION_REPOSITORY: repository, GITHUB_ACTION_REF: ref, GITHUB_SERVER_URL: server } = env;
  if (!repository || !ref) return () => null;
  return (page) => `${server ?? 'https://github.com'}/${repository}/blob/${target(ref)}/${target(page)}`;
}

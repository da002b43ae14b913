/** A client for one repository on github.com or on an Enterprise Server, behind a proxy where the runner has one. */
import { defaults } from '@actions/github/lib/utils';
import { Octokit } from '@octokit/rest';
import { type Patience, patience, retrying } from './retry.ts';

export type Client = Octokit;

export interface Repository {
  readonly owner: string;
  readonly repo: string;
}

export interface ClientOptions {
  readonly token: string;
  /** `GITHUB_API_URL`. */
  readonly apiUrl: string;
  readonly patience?: Patience;
  readonly log: (line: string) => void;
}

export function connect({ token, apiUrl, log, ...options }: ClientOptions): Client {
  const quiet = () => {};
  const client = new Octokit({
    auth: token,
    baseUrl: apiUrl,
    // The toolkit's: through the runner's proxy, where it has one.
    request: defaults.request,
    // Octokit's own log repeats what the retries and the publisher say in words.
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  retrying(client, options.patience ?? patience, log);
  return client;
}

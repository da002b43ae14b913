/** Faults of GitHub that pass: how often and how long to try again. */
import type { Client } from './client.ts';

export interface Patience {
  /** Tries of one request, the first included. */
  readonly tries: number;
  /** Milliseconds before the second try; doubled for each further one. */
  readonly firstWaitMs: number;
  /** A longer wait than this is not worth a runner's minutes: give up and say so. */
  readonly longestWaitMs: number;
  /** Milliseconds after which one try is given up. */
  readonly timeLimitMs: number;
  /** Milliseconds that all failed tries and waits of a run may cost: where GitHub is down, the verdict does not wait for it. */
  readonly budgetMs: number;
}

export const patience: Patience = {
  tries: 4,
  firstWaitMs: 500,
  longestWaitMs: 60_000,
  timeLimitMs: 20_000,
  budgetMs: 120_000,
};

interface Failure {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly message: string;
}

const failureOf = (error: unknown): Failure => {
  const { status, response, message } = error as {
    status?: number;
    response?: { headers?: Failure['headers'] };
    message?: string;
  };
  // Octokit gives a broken connection and a time limit the status 500, without a response.
  return {
    status: response ? (status ?? null) : null,
    headers: response?.headers ?? {},
    message: message ?? String(error),
  };
};

/** Turned away before anything was done: safe to send again, whatever the method. */
const limited = ({ status, headers, message }: Failure): boolean =>
  status === 429 ||
  (status === 403 &&
    (headers['retry-after'] !== undefined ||
      headers['x-ratelimit-remaining'] === '0' ||
      /secondary rate limit|abuse detection/i.test(message)));

/** Milliseconds that GitHub asks to wait (`retry-after` in seconds, else `x-ratelimit-reset` in seconds since 1970). */
function asked({ headers }: Failure, now: number): number | null {
  const after = Number(headers['retry-after']);
  if (Number.isFinite(after) && after >= 0 && headers['retry-after'] !== undefined) return after * 1000;
  const reset = Number(headers['x-ratelimit-reset']);
  if (headers['x-ratelimit-remaining'] === '0' && Number.isFinite(reset))
    return Math.max(0, reset * 1000 - now);
  return null;
}

/** Milliseconds to wait before the next try; null: this is final. */
export function nextWait(
  error: unknown,
  request: { readonly method: string; readonly tried: number },
  { tries, firstWaitMs, longestWaitMs }: Patience,
  now: number,
): number | null {
  if (request.tried >= tries) return null;
  const failure = failureOf(error);
  const wait = firstWaitMs * 2 ** (request.tried - 1);
  if (limited(failure)) {
    // GitHub: without a header wait at least a minute after a secondary limit; more than that is not worth it.
    const ms = asked(failure, now) ?? longestWaitMs;
    return ms > longestWaitMs ? null : Math.max(ms, firstWaitMs);
  }
  // A POST may have been done although no answer came: its caller looks before it sends it again.
  if (request.method === 'POST') return null;
  return failure.status === null || failure.status >= 500 ? wait : null;
}

/** Gives every request of a client a time limit and bounded retries. */
export function retrying(client: Client, settings: Patience, log: (line: string) => void): void {
  let lostMs = 0;
  client.hook.wrap('request', async (request, options) => {
    for (let tried = 1; ; tried += 1) {
      const began = Date.now();
      const abort = new AbortController();
      const late = new Error(`no answer within ${settings.timeLimitMs / 1000} s`);
      const timer = setTimeout(() => abort.abort(late), settings.timeLimitMs);
      try {
        // Changed in place: hooks further in (authentication, log) hold on to this very object.
        options.request = { ...options.request, signal: abort.signal };
        return await request(options);
      } catch (error) {
        lostMs += Date.now() - began;
        const wait = nextWait(error, { method: options.method, tried }, settings, Date.now());
        if (wait === null || lostMs + wait > settings.budgetMs) throw error;
        lostMs += wait;
        log(
          `${options.method} ${options.url}: ${failureOf(error).message.split('\n')[0]}. Trying again in ${(wait / 1000).toFixed(1)} s.`,
        );
        await new Promise((resolve) => setTimeout(resolve, wait));
      } finally {
        clearTimeout(timer);
      }
    }
  });
}

export const statusOf = (error: unknown): number | null => failureOf(error).status;

/** One line for the log, with what to do where that is known. */
export function advice(error: unknown, permission: string): string {
  const failure = failureOf(error);
  const first = failure.message.split('\n')[0]!.replace(/ - https:\/\/docs\.github\.com\S*$/, '');
  if (limited(failure)) return `GitHub's rate limit holds (${first})`;
  if (failure.status === 401) return `the token is not valid (${first})`;
  if (failure.status === 403) {
    return `the token may not do that (${first}); give this workflow "${permission}". A pull request from a fork has a read-only token: see docs/github.md, "Forks"`;
  }
  if (failure.status === 404)
    return `GitHub does not find it, or the token may not see it (${first}); give this workflow "${permission}"`;
  if (failure.status === null) return `GitHub did not answer (${first})`;
  return `GitHub answered ${failure.status} (${first})`;
}

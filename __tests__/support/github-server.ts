/**
 * A GitHub on 127.0.0.1: holds one repository in memory, answers the endpoints that the action uses, checks each request
 * against GitHub's own description, and can be made to fail as the real one does.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { complaint, description } from './openapi.ts';

// biome-ignore lint/suspicious/noExplicitAny: GitHub's JSON.
type Json = any;

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Json;
  readonly token: string | null;
}

export interface Fault {
  /** `PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}`; a pattern of it will do. */
  readonly on: RegExp;
  /** How often; default once. */
  times?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message?: string;
  /** Close the connection instead of answering. */
  readonly hangUp?: boolean;
  /** Do what was asked, and then fail: the answer is lost, not the work. */
  readonly afterwards?: boolean;
  /** Answer so many milliseconds late. */
  readonly delayMs?: number;
  /** Runs before the request is answered. */
  readonly meanwhile?: () => void;
}

export const bot = { login: 'github-actions[bot]', type: 'Bot', id: 41898282 };
export const person = (login: string) => ({ login, type: 'User', id: login.length });

export const repositoryName = 'acme/shop';

/** Git's name for a file's content. */
export const blobSha = (content: string): string =>
  createHash('sha1')
    .update(`blob ${Buffer.byteLength(content)}\0`)
    .update(content)
    .digest('hex');

type Handler = (
  parameters: readonly string[],
  request: SeenRequest,
) => { status?: number; body: Json } | Json;

export class GitHubServer {
  readonly requests: SeenRequest[] = [];
  /** Requests that GitHub would not have understood. A test that leaves one here has failed. */
  readonly complaints: string[] = [];
  readonly faults: Fault[] = [];

  readonly pulls = new Map<number, Json>();
  readonly files = new Map<number, Json[]>();
  readonly comments = new Map<number, Json[]>();
  readonly reviewComments: Json[] = [];
  readonly reviews: Json[] = [];
  readonly checkRuns: Json[] = [];
  readonly reactions: { comment: number; content: string }[] = [];
  readonly reruns: number[] = [];
  /** Commit to its files. */
  readonly trees = new Map<string, Readonly<Record<string, string>>>();
  readonly commits = new Map<
    string,
    { readonly tree: string; readonly parents: readonly string[]; readonly message: string }
  >();
  /** `heads/main` stands where the pull requests' base does. */
  readonly refs = new Map([['heads/main', 'b'.repeat(40)]]);
  readonly permissions = new Map<string, string>();
  mergeBase: string | null = null;
  /** What the token is: null for the job's own, which is no user. */
  user: string | null = null;
  /** True: cannot write, as the token of a pull request from a fork. */
  readOnly = false;
  /** From so many entries on, recursive listings are cut. */
  treeLimit = 100_000;

  readonly #server: Server;
  readonly #prefix: string;
  #nextId = 1000;

  private constructor(server: Server, prefix: string) {
    this.#server = server;
    this.#prefix = prefix;
  }

  /** `prefix`: `/api/v3` for an Enterprise Server. */
  static async start(prefix = ''): Promise<GitHubServer> {
    // Read before the first request, which would have to wait for it.
    description();
    const server = createServer();
    const github = new GitHubServer(server, prefix);
    server.on('request', (request, response) => {
      github.#answer(request, response).catch((error) => {
        github.complaints.push(String(error.stack));
        response.writeHead(500).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return github;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#prefix}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** A pull request of a branch of the same repository, unless told otherwise. */
  addPull(fields: {
    number: number;
    head: string;
    branch?: string;
    headRepository?: string | null;
    state?: string;
  }): Json {
    const { number, head, branch = 'feature', headRepository = repositoryName, state = 'open' } = fields;
    const pull = {
      number,
      state,
      draft: false,
      user: person('octocat'),
      head: {
        sha: head,
        ref: branch,
        label: `${headRepository?.split('/')[0]}:${branch}`,
        repo:
          headRepository === null
            ? null
            : { full_name: headRepository, owner: { login: headRepository.split('/')[0] } },
      },
      base: { sha: 'b'.repeat(40), ref: 'main', repo: { full_name: repositoryName } },
    };
    this.pulls.set(number, pull);
    return pull;
  }

  addComment(number: number, body: string, user: Json = bot, updatedAt = '2026-11-20T10:00:00Z'): Json {
    const id = this.#id();
    const comment = {
      id,
      body,
      user,
      html_url: `${this.url}/${repositoryName}/pull/${number}#issuecomment-${id}`,
      created_at: updatedAt,
      updated_at: updatedAt,
    };
    this.comments.set(number, [...(this.comments.get(number) ?? []), comment]);
    return comment;
  }

  /** Bodies of the comments on a pull request. */
  bodies(number: number): string[] {
    return (this.comments.get(number) ?? []).map((comment) => comment.body);
  }

  asked(pattern: RegExp): SeenRequest[] {
    return this.requests.filter(({ method, path }) => pattern.test(`${method} ${path}`));
  }

  #id(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString('utf8');
    const request: SeenRequest = {
      method: incoming.method ?? 'GET',
      path: decodeURIComponent(url.pathname.slice(this.#prefix.length)),
      query: url.searchParams,
      body: raw === '' ? undefined : JSON.parse(raw),
      token: incoming.headers.authorization ?? null,
    };
    this.requests.push(request);
    const send = (status: number, body: Json, headers: Readonly<Record<string, string>> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
      response.end(status === 204 ? undefined : JSON.stringify(body));
    };

    const route = this.#route(request);
    if (!url.pathname.startsWith(this.#prefix) || route === null) {
      this.complaints.push(`no endpoint here for ${request.method} ${url.pathname}`);
      return send(404, { message: 'Not Found' });
    }
    const wrong = complaint(
      request.method,
      route.template,
      url.pathname.slice(this.#prefix.length),
      url.searchParams,
      request.body,
    );
    if (wrong !== null) this.complaints.push(`${request.method} ${request.path}: ${wrong}`);

    const fault = this.#fault(`${request.method} ${route.template}`);
    fault?.meanwhile?.();
    if (fault?.delayMs !== undefined)
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
    if (fault?.afterwards === true) route.handler(route.parameters, request);
    if (fault?.hangUp === true) return void incoming.socket.destroy();
    if (fault?.status !== undefined) {
      return send(
        fault.status,
        { message: fault.message ?? 'Injected fault', documentation_url: 'https://docs.github.com/rest' },
        fault.headers,
      );
    }
    if (this.readOnly && request.method !== 'GET')
      return send(403, { message: 'Resource not accessible by integration' });
    const result = route.handler(route.parameters, request);
    const answer =
      result !== null && typeof result === 'object' && 'body' in result && 'status' in result
        ? result
        : { body: result };
    const page = Array.isArray(answer.body) ? this.#page(answer.body, url) : null;
    send(answer.status ?? 200, page?.body ?? answer.body, page?.headers);
  }

  #fault(operation: string): Fault | null {
    const fault = this.faults.find(({ on, times }) => on.test(operation) && (times ?? 1) > 0);
    if (fault === undefined) return null;
    fault.times = (fault.times ?? 1) - 1;
    return fault;
  }

  #page(entries: readonly Json[], url: URL): { body: Json; headers: Record<string, string> } {
    const size = Number(url.searchParams.get('per_page') ?? 30);
    const page = Number(url.searchParams.get('page') ?? 1);
    const next = new URL(url.pathname + url.search, this.url);
    next.searchParams.set('page', String(page + 1));
    const more = entries.length > page * size;
    return {
      body: entries.slice((page - 1) * size, page * size),
      headers: more ? { link: `<${next}>; rel="next"` } : {},
    };
  }

  #route(request: SeenRequest): { template: string; parameters: string[]; handler: Handler } | null {
    for (const [operation, handler] of Object.entries(this.#handlers)) {
      const [method, template = ''] = operation.split(' ');
      if (method !== request.method) continue;
      const pattern = template
        .replaceAll('.', '\\.')
        .replace(/\{(ref|branch)\}/, '(.+)')
        .replace(/\{\w+\}/g, '([^/]+)');
      const match = new RegExp(`^${pattern}$`).exec(request.path);
      if (match === null) continue;
      const [owner, repo, ...rest] = match.slice(1);
      if (template.startsWith('/repos/') && `${owner}/${repo}` !== repositoryName) continue;
      return { template, parameters: template.startsWith('/repos/') ? rest : match.slice(1), handler };
    }
    return null;
  }

  readonly #missing = { status: 404, body: { message: 'Not Found' } };

  readonly #handlers: Readonly<Record<string, Handler>> = {
    'GET /user': () =>
      this.user === null
        ? { status: 403, body: { message: 'Resource not accessible by integration' } }
        : person(this.user),

    'GET /repos/{owner}/{repo}/issues/{issue_number}/comments': ([number]) =>
      this.comments.get(Number(number)) ?? [],
    'POST /repos/{owner}/{repo}/issues/{issue_number}/comments': ([number], { body }) => {
      if (body.body.length > 65_536) {
        return {
          status: 422,
          body: { message: 'Validation Failed: Body is too long (maximum is 65536 characters)' },
        };
      }
      const author = this.user === null ? bot : person(this.user);
      return {
        status: 201,
        body: this.addComment(Number(number), body.body, author, new Date().toISOString()),
      };
    },
    'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}': ([id], { body }) => {
      const comment = [...this.comments.values()].flat().find((entry) => entry.id === Number(id));
      if (comment === undefined) return this.#missing;
      comment.body = body.body;
      comment.updated_at = new Date().toISOString();
      return comment;
    },
    'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}': ([id]) => {
      for (const [number, entries] of this.comments) {
        this.comments.set(
          number,
          entries.filter((entry) => entry.id !== Number(id)),
        );
      }
      return { status: 204, body: null };
    },
    'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions': ([id], { body }) => {
      this.reactions.push({ comment: Number(id), content: body.content });
      return { status: 201, body: { id: this.#id(), content: body.content } };
    },

    'GET /repos/{owner}/{repo}/pulls': (_, { query }) =>
      [...this.pulls.values()].filter(
        (pull) =>
          (query.get('state') ?? 'open') === pull.state &&
          (query.get('head') === null || query.get('head') === pull.head.label) &&
          (query.get('base') === null || query.get('base') === pull.base.ref),
      ),
    'GET /repos/{owner}/{repo}/pulls/{pull_number}': ([number]) =>
      this.pulls.get(Number(number)) ?? this.#missing,
    'GET /repos/{owner}/{repo}/pulls/{pull_number}/files': ([number]) =>
      (this.files.get(Number(number)) ?? []).slice(0, 3000),
    'GET /repos/{owner}/{repo}/pulls/{pull_number}/comments': () => this.reviewComments,
    'POST /repos/{owner}/{repo}/pulls/{pull_number}/comments': ([number], { body }) =>
      this.#reviewComment(Number(number), body),
    'PATCH /repos/{owner}/{repo}/pulls/comments/{comment_id}': ([id], { body }) => {
      const comment = this.reviewComments.find((entry) => entry.id === Number(id));
      if (comment === undefined) return this.#missing;
      comment.body = body.body;
      return comment;
    },
    'DELETE /repos/{owner}/{repo}/pulls/comments/{comment_id}': ([id]) => {
      const index = this.reviewComments.findIndex((entry) => entry.id === Number(id));
      if (index === -1) return this.#missing;
      this.reviewComments.splice(index, 1);
      return { status: 204, body: null };
    },
    'POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews': ([number], { body }) => {
      // All or nothing, as GitHub does.
      const before = this.reviewComments.length;
      for (const comment of body.comments ?? []) {
        const { status, body: answer } = this.#reviewComment(Number(number), comment);
        if (status !== 201) {
          this.reviewComments.length = before;
          return { status, body: answer };
        }
      }
      this.reviews.push(body);
      return { status: 200, body: { id: this.#id() } };
    },

    'POST /repos/{owner}/{repo}/check-runs': (_, { body }) => {
      const id = this.#id();
      const run = {
        id,
        html_url: `${this.url}/runs/${id}`,
        ...body,
        annotations: [...(body.output?.annotations ?? [])],
      };
      this.checkRuns.push(run);
      return { status: 201, body: run };
    },
    'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}': ([id], { body }) => {
      const run = this.checkRuns.find((entry) => entry.id === Number(id));
      if (run === undefined) return this.#missing;
      run.annotations.push(...(body.output?.annotations ?? []));
      return run;
    },

    'GET /repos/{owner}/{repo}/collaborators/{username}/permission': ([username = '']) => ({
      permission: this.permissions.get(username) ?? 'none',
      user: person(username),
    }),
    'POST /repos/{owner}/{repo}/actions/runs/{run_id}/rerun': ([id]) => {
      this.reruns.push(Number(id));
      return { status: 201, body: {} };
    },
    'GET /repos/{owner}/{repo}/compare/{basehead}': () =>
      this.mergeBase === null ? this.#missing : { merge_base_commit: { sha: this.mergeBase }, files: [] },

    'GET /repos/{owner}/{repo}/branches/{branch}': ([branch]) => {
      const sha = this.refs.get(`heads/${branch}`);
      return sha === undefined ? this.#missing : { name: branch, commit: { sha } };
    },
    'GET /repos/{owner}/{repo}/git/trees/{tree_sha}': ([id = ''], { query }) =>
      this.#tree(id, query.has('recursive')),
    'GET /repos/{owner}/{repo}/git/blobs/{file_sha}': ([id]) => {
      const content = [...this.trees.values()]
        .flatMap((tree) => Object.values(tree))
        .find((entry) => blobSha(entry) === id);
      return content === undefined
        ? this.#missing
        : { sha: id, encoding: 'base64', content: Buffer.from(content).toString('base64') };
    },
    'GET /repos/{owner}/{repo}/git/commits/{commit_sha}': ([id = '']) => {
      const tree = this.trees.has(id) ? `${id}` : null;
      return tree === null ? this.#missing : { sha: id, tree: { sha: tree }, parents: [] };
    },
    'POST /repos/{owner}/{repo}/git/trees': (_, { body }) => {
      const files = { ...this.trees.get(body.base_tree) } as Record<string, string>;
      for (const { path, content, sha } of body.tree) {
        if (sha === null) delete files[path];
        else files[path] = content;
      }
      const id = createHash('sha1').update(JSON.stringify(files)).digest('hex');
      this.trees.set(id, files);
      return { status: 201, body: { sha: id, tree: [] } };
    },
    'POST /repos/{owner}/{repo}/git/commits': (_, { body }) => {
      const sha = createHash('sha1').update(JSON.stringify(body)).digest('hex');
      this.commits.set(sha, body);
      this.trees.set(sha, this.trees.get(body.tree) ?? {});
      return { status: 201, body: { sha, tree: { sha: body.tree } } };
    },
    'PATCH /repos/{owner}/{repo}/git/refs/{ref}': ([ref = ''], { body }) => {
      const now = this.refs.get(ref);
      if (body.force !== true && this.commits.get(body.sha)?.parents[0] !== now) {
        return { status: 422, body: { message: 'Update is not a fast forward' } };
      }
      this.refs.set(ref, body.sha);
      return { ref: `refs/${ref}`, object: { sha: body.sha } };
    },
  };

  #tree(id: string, recursive: boolean): Json {
    const [commit = '', ...folder] = id.split(':');
    const files = this.trees.get(commit);
    if (files === undefined) return this.#missing;
    const prefix = folder.length === 0 ? '' : `${folder.join('/')}/`;
    const inside = Object.entries(files)
      .filter(([path]) => path.startsWith(prefix))
      .map(([path, content]) => [path.slice(prefix.length), content] as const);
    const blob = ([path, content]: readonly [string, string]) => ({
      path,
      type: 'blob',
      mode: '100644',
      sha: blobSha(content),
    });
    if (recursive) {
      return {
        sha: id,
        truncated: inside.length > this.treeLimit,
        tree: inside.slice(0, this.treeLimit).map(blob),
      };
    }
    const folders = new Set(
      inside.filter(([path]) => path.includes('/')).map(([path]) => path.split('/')[0]!),
    );
    return {
      sha: id,
      truncated: false,
      tree: [
        ...inside.filter(([path]) => !path.includes('/')).map(blob),
        ...[...folders].map((name) => ({
          path: name,
          type: 'tree',
          mode: '040000',
          sha: `${commit}:${`${prefix}${name}`.replaceAll('/', ':')}`,
        })),
      ],
    };
  }

  /** GitHub takes lines of the diff only. */
  #reviewComment(number: number, comment: Json): { status: number; body: Json } {
    const file = this.files.get(number)?.find((entry) => entry.filename === comment.path);
    const lines = [...(file?.patch ?? '').matchAll(/^@@ -\S+ \+(\d+)(?:,(\d+))? @@/gm)].flatMap(
      ([, start, length]) => Array.from({ length: Number(length ?? 1) }, (_, index) => Number(start) + index),
    );
    const inside = [comment.line, comment.start_line].every(
      (line) => line === undefined || lines.includes(line),
    );
    if (file === undefined || (comment.subject_type !== 'file' && (comment.line === undefined || !inside))) {
      return {
        status: 422,
        body: { message: 'Unprocessable Entity: "Pull request review thread line must be part of the diff"' },
      };
    }
    const entry = { id: this.#id(), user: this.user === null ? bot : person(this.user), ...comment };
    this.reviewComments.push(entry);
    return { status: 201, body: entry };
  }
}

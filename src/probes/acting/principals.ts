/** Who acts in the probes, and how a request of theirs reaches Postgres: as PostgREST sends it. */
import type { Principal } from '../../model/access.ts';
import { literal, name } from './quote.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** A signed-up user. Ids, addresses and numbers are fixed: the same run gives the same proofs. */
export interface User {
  readonly letter: string;
  readonly id: string;
  readonly email: string;
  readonly phone: string;
}

const user = (letter: string): User => {
  const digit = letter.toLowerCase();
  const eight = digit.repeat(8);
  const four = digit.repeat(3);
  return {
    letter,
    id: `${eight}-${digit.repeat(4)}-4${four}-8${four}-${digit.repeat(12)}`,
    // Everybody has an e-mail domain of their own: policies that compare domains must not join A and B.
    email: `user.${digit}@${digit}${digit}${digit}.example`,
    // 555 01xx is kept free for fiction.
    phone: `1202555010${letter.charCodeAt(0) - 'A'.charCodeAt(0)}`,
  };
};

export const userA = user('A');
export const userB = user('B');
/** Third parties: where a row may not name one user twice, A's names C and B's names D. */
export const userC = user('C');
export const userD = user('D');
/** Signs up before everybody else and takes what "the first user becomes admin" gives. */
export const userZ: User = {
  ...user('F'),
  letter: 'Z',
  email: 'user.z@zzz.example',
  phone: '12025550109',
};
export const companionOf = (owner: User): User => (owner === userB ? userD : userC);

/** 2026-01-01 and 2100-01-01: a token that is valid whenever the probes run, and the same in every run. */
const issuedAt = 1_767_225_600;
const expiresAt = 4_102_444_800;

/** Claims of a token as GoTrue signs them: policies test claims that "are always there". */
export function claimsOf(owner: User, extra: Claims = {}): Claims {
  return {
    iss: 'https://project.supabase.co/auth/v1',
    aud: 'authenticated',
    exp: expiresAt,
    iat: issuedAt,
    sub: owner.id,
    email: owner.email,
    phone: owner.phone,
    role: 'authenticated',
    aal: 'aal1',
    amr: [{ method: 'password', timestamp: issuedAt }],
    session_id: owner.id.replace(/^..../, '5e55'),
    is_anonymous: false,
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: { sub: owner.id, email: owner.email, email_verified: true },
    ...extra,
  };
}

/** Who runs a statement: the database role, the token's claims, and what a proof calls it. */
export interface Identity {
  readonly principal: Principal;
  readonly label: string;
  readonly role: 'anon' | 'authenticated' | 'service_role';
  readonly claims: Claims;
  /** Headers of the request, beyond those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
}

const apiKey = (role: string): Claims => ({
  iss: 'supabase',
  ref: 'project',
  role,
  iat: issuedAt,
  exp: expiresAt,
});

export const anon: Identity = { principal: 'anon', label: 'anon', role: 'anon', claims: apiKey('anon') };
export const serviceRole: Identity = {
  principal: 'service_role',
  label: 'service_role',
  role: 'service_role',
  claims: apiKey('service_role'),
};
export const signedIn = (owner: User, extra: Claims = {}): Identity => ({
  principal: 'user',
  label: `user ${owner.letter}`,
  role: 'authenticated',
  claims: claimsOf(owner, extra),
});
export const signedInAnonymously = (owner: User): Identity => ({
  principal: 'user-anonymous',
  label: `user ${owner.letter}, signed in anonymously`,
  role: 'authenticated',
  claims: claimsOf(owner, {
    is_anonymous: true,
    email: '',
    phone: '',
    amr: [{ method: 'anonymous', timestamp: issuedAt }],
    app_metadata: {},
    user_metadata: {},
  }),
});

/** One statement that turns the transaction into a request of that identity; undone by ROLLBACK TO SAVEPOINT. */
export function become(identity: Identity, searchPath: string): string {
  return `select ${[
    ['role', identity.role],
    ['request.jwt.claims', JSON.stringify(identity.claims)],
    ['request.headers', JSON.stringify(identity.headers ?? {})],
    ['search_path', searchPath],
  ]
    .map(([setting, value]) => `set_config('${setting}', ${literal(value!)}, true)`)
    .join(', ')}`;
}

/** Claims without the role: for rows laid by a superuser in somebody's name, and for the controls. */
export const withClaims = (claims: Claims): string =>
  `select set_config('role', 'none', true), set_config('request.jwt.claims', ${literal(JSON.stringify(claims))}, true), set_config('request.headers', '{}', true)`;

/** Back to the superuser of the session. SET is no query: it costs a third of `select set_config`. */
export const becomeAdmin = 'set local role none';

/** `search_path` of a request to one exposed schema: that schema and `[api].extra_search_path`. */
export const searchPathOf = (schema: string, extra: readonly string[]): string =>
  [schema, ...extra].map(name).join(', ');

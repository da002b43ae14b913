/** Whose comments are ours. A mark in a body is no proof: anybody can copy it. */
import type { Client } from './client.ts';
import { statusOf } from './retry.ts';

interface Written {
  readonly user: { readonly login: string; readonly type: string } | null;
}

/** Of marked comments those that a bot wrote, or the person whose token this is. */
export async function ours<T extends Written>(client: Client, marked: readonly T[]): Promise<readonly T[]> {
  const people = marked.some(({ user }) => user?.type !== 'Bot');
  const self = people ? await ownLogin(client) : null;
  return marked.filter(({ user }) => user !== null && (user.type === 'Bot' || user.login === self));
}

/** A person's token has a user; an installation's (the job's own) has none and writes as a bot. */
async function ownLogin(client: Client): Promise<string | null> {
  try {
    return (await client.rest.users.getAuthenticated()).data.login;
  } catch (error) {
    if ([401, 403, 404].includes(statusOf(error) ?? 0)) return null;
    throw error;
  }
}

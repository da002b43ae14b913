/** Wording: names in double quotes, lists as people write them. */

/** `"a"`, `"a" and "b"`, `"a", "b" and "c"`. */
export const named = (names: readonly string[]) => listed(names.map((name) => `"${name}"`));

export const listed = (words: readonly string[], conjunction = 'and') =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;

export const upper = (commands: readonly string[]) =>
  listed(commands.map((command) => command.toUpperCase()));

/** Who stands behind a role. */
export const people = (roles: readonly string[]) =>
  roles.includes('anon') || roles.includes('public') ? 'everyone, signed in or not,' : 'every signed-in user';

/** A rule's way out without its example: the rule's page shows that, and a finding never names tables that nobody has. */
export const withoutExample = (remedy: string) => remedy.replace(/\n*```sql\n[\s\S]*?\n```/g, '').trim();

export const sqlFence = (sql: string) => `\`\`\`sql\n${sql}\n\`\`\``;

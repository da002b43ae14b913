/** Wording: names in double quotes, lists as people write them. */

/** `"a"`, `"a" and "b"`, `"a", "b" and "c"`. */
export const named = (names: readonly string[]) => listed(names.map((name) => `"${name}"`));

export const listed = (words: readonly string[], conjunction = 'and') =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;

/** Of many the first and how many more. */
export const severalTables = (tables: readonly string[]) =>
  tables.length < 9 ? named(tables) : `${named(tables.slice(0, 1))} and ${tables.length - 1} more tables`;

export const upper = (commands: readonly string[]) =>
  listed(commands.map((command) => command.toUpperCase()));

/** Who stands behind a role. A policy for `anon` alone does not hold for who signs in, and nobody has to. */
export const people = (roles: readonly string[]) =>
  roles.includes('public') || (roles.includes('anon') && roles.includes('authenticated'))
    ? 'everyone, signed in or not,'
    : roles.includes('anon')
      ? 'everyone, without signing in,'
      : 'every signed-in user';

/** A rule's way out without its example: the rule's page shows that, and a finding never names tables that nobody has. */
export const withoutExample = (remedy: string) => remedy.replace(/\n*```sql\n[\s\S]*?\n```/g, '').trim();

export const sqlFence = (sql: string) => `\`\`\`sql\n${sql}\n\`\`\``;

/**
 * A path as a shell takes it for one word and nothing else: names of files come from the pull request. One that holds
 * control characters or backticks, which would end the example it stands in, is not repeated.
 */
export const shellWord = (path: string): string => {
  if (path.startsWith('-')) return shellWord(`./${path}`);
  if (/^[\w./+=@%:,-]+$/.test(path)) return path;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return /[\u0000-\u001f\u007f`]/.test(path) ? '<file>' : `'${path.replaceAll("'", "'\\''")}'`;
};

export const shFence = (...lines: readonly string[]) => `\`\`\`sh\n${lines.join('\n')}\n\`\`\``;

/** The command that gives a file another name. */
export const gitMove = (from: string, to: string) => `git mv ${shellWord(from)} ${shellWord(to)}`;

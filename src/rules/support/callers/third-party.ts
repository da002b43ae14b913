/** Where Clerk, Firebase or another provider signs users in, `sub` is no uuid, and `auth.uid()` fails (22P02). */
import type { Facts } from '../../../model/facts.ts';
import { remembered } from '../syntax/tree.ts';

/** The project says so in `config.toml`, or asks for `sub` itself, and nothing of its SQL asks for `auth.uid()`. */
export const hasOtherIds = remembered(({ project, sources }: Facts): boolean => {
  const texts = [...sources.values()].map(({ text }) => text);
  return (
    (project.thirdPartyAuth ||
      texts.some((text) => /auth\.jwt\(\)\s{0,40}(?:\)\s{0,40})?->>\s{0,40}'sub'/i.test(text))) &&
    !texts.some((text) => /\bauth"?\s*\.\s*"?uid\b/i.test(text))
  );
});

/** What is told with `auth.uid()`, told with the id that such a token brings. */
export const withTokenId = (text: string): string =>
  text
    .replaceAll('(select auth.uid())::text', "(select auth.jwt() ->> 'sub')")
    .replaceAll('(select auth.uid())', "(select auth.jwt() ->> 'sub')")
    .replaceAll('auth.uid()', "(auth.jwt() ->> 'sub')");

/** Whether code asks for a role of its user before it calls: `if (profile?.role !== 'admin') return`. */

// The text is hostile: every repetition below has an end.

const mostBefore = 2_000;

/** In the same function, as far as its text shows it: whoever is no administrator does not come to the call. */
export function asksForAdministrators(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - mostBefore), at);
  if (!/admin/i.test(before)) return false;
  let depth = 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    if (before[i] === '}') depth += 1;
    if (before[i] !== '{') continue;
    if (depth > 0) {
      depth -= 1;
      continue;
    }
    const head = before.slice(Math.max(0, i - 300), i);
    const inside = /\bif\s{0,4}\(([^{};]{1,200})\)\s{0,20}$/.exec(head)?.[1];
    if (inside !== undefined && isAdministrators(inside)) return true;
    if (opensFunction(head)) return turnsOthersAway(before.slice(i + 1));
  }
  return false;
}

/** `=> {`, `function remove(id) {`, `async remove(id: string) {`, and no `if (…) {`. */
const opensFunction = (head: string) =>
  /=>\s{0,20}$/.test(head) ||
  (/\)\s{0,20}(?::[^(){}]{0,80})?$/.test(head) &&
    !/\b(?:if|for|while|switch|catch|with)\s{0,4}\([^{}]{0,250}\)\s{0,20}$/.test(head));

function turnsOthersAway(body: string): boolean {
  const guards = body.matchAll(
    /\bif\s{0,4}\(([^{};]{1,200})\)\s{0,20}(?:\{[^{}]{0,200}(?:\{[^{}]{0,200}\}[^{}]{0,100})?\b)?(?:return|throw)\b/g,
  );
  for (const [, asked] of guards) if (isNoAdministrator(asked!)) return true;
  return false;
}

/** Whose the row is may be asked beside: then its owner comes through as well. */
const asksForOwner = /\bid\b|_id\b|[a-z]Id\b|owner|author|creat(?:ed|or)/i;

const isNoAdministrator = (asked: string) =>
  !asksForOwner.test(asked) &&
  /\brole\b[^&|]{0,40}!==?\s{0,4}['"`]\w{0,10}admin|!\s{0,4}\(?(?:await\s)?[\w.?]{0,60}\bis_?(?:super_?)?admin\b|!\s{0,4}\[[^\]]{0,120}admin[^\]]{0,120}\]\s{0,10}\.includes\(/i.test(
    asked,
  );

const isAdministrators = (asked: string) =>
  !asksForOwner.test(asked) &&
  !asked.includes('||') &&
  /\brole\b[^&|]{0,40}===?\s{0,4}['"`]\w{0,10}admin|(?<!!\s{0,4}\(?[\w.?]{0,60})\bis_?(?:super_?)?admin\b/i.test(
    asked,
  );

/** What GitHub makes of Markdown, as far as tests need it: CommonMark with GFM, then the filters on rendered text. */
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';

const extensions = [gfm()];
const htmlExtensions = [gfmHtml()];

export const rendered = (markdown: string): string =>
  micromark(markdown, { allowDangerousHtml: true, extensions, htmlExtensions });

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
const decoded = (value: string): string =>
  value.replace(
    /&(?:#(\d+)|(amp|lt|gt|quot));/g,
    (_, code, name) => named[name] ?? String.fromCodePoint(Number(code)),
  );

export interface Rendered {
  /** Names of the tags that were opened. */
  readonly tags: readonly string[];
  /** Text nodes outside of code, as GitHub's filters for mentions, issues, commits and emoji see them. */
  readonly filtered: readonly string[];
  readonly text: string;
}

/** A tokeniser is enough: what comes out of micromark is well formed. */
export function read(html: string): Rendered {
  const tags: string[] = [];
  const filtered: string[] = [];
  let text = '';
  let inCode = 0;
  for (const piece of html.split(/(<!--[\s\S]*?-->|<\/?[a-zA-Z][^<>]*>)/)) {
    const tag = /^<(\/?)([a-zA-Z][a-zA-Z0-9]*)/.exec(piece);
    if (piece.startsWith('<!--')) continue;
    if (tag === null) {
      const plain = decoded(piece);
      text += plain;
      if (inCode === 0) filtered.push(plain);
      continue;
    }
    const name = tag[2]!.toLowerCase();
    if (tag[1] === '') tags.push(name);
    if (name === 'code' || name === 'pre') inCode += tag[1] === '' ? 1 : -1;
  }
  return { tags, filtered, text };
}

/** What GitHub's filters would act on: mentions, issues, commits, addresses, emoji, mathematics. */
export const live = [
  /(^|[^\w])@[a-z0-9]/i,
  /#\d/,
  /\bGH-\d/i,
  /(?<![0-9a-zA-Z])[0-9a-f]{7,40}(?![0-9a-zA-Z])/,
  /:\/\//,
  /\bwww\./i,
  /:[\w+-]+:/,
  /\$.*\$/,
];

import fc from 'fast-check';
import { block, code, prose, shortened, target, text, visible } from '../../src/report/escape.ts';
import { live, read, rendered } from '../support/github-markdown.ts';

const nasty = [
  '@octocat',
  '@org/team',
  '#1',
  'GH-12',
  'owner/repo#3',
  'https://evil.example/x',
  'http://x',
  'www.evil.example',
  'a@b.example',
  'mailto:a@b.example',
  '[x](https://evil.example)',
  '![x](https://evil.example/i.png)',
  '[^1]',
  '<img src=x onerror=alert(1)>',
  '<!-- hidden',
  '-->',
  '</details>',
  '</code>',
  '<script>',
  '&lt;',
  '&#64;octocat',
  '|',
  '\\|',
  '\\',
  '`',
  '``',
  '````',
  '```mermaid',
  '\n```\n',
  '\n````\n',
  '\n~~~\n',
  '~~~',
  '\n\n# heading',
  '\r\n- item',
  '\n| --- | --- |\n',
  '\n> [!CAUTION]',
  '**',
  '__',
  '~~',
  '$x$',
  '$$',
  '`$`',
  ':tada:',
  '0123456789abcdef0123456789abcdef01234567',
  'deadbeef',
  '1. one',
  '===',
  '---',
  '\u202e',
  '\u0000',
  '\ud800',
  '"',
  '""',
  ' ',
  '    ',
  'name',
  'ä名',
  '%0A',
];
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(...nasty),
      fc.string({ maxLength: 6 }),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''));

const runs = { numRuns: 60 };
const inert = (html: string, allowed: readonly string[]) => {
  const { tags, filtered } = read(html);
  expect(tags.filter((tag) => !allowed.includes(tag))).toEqual([]);
  for (const node of filtered) for (const pattern of live) expect(node).not.toMatch(pattern);
};
const plain = (value: string) => value.replace(/\s+/g, ' ').trim();

describe.each([
  ['text', text],
  ['prose', prose],
  ['code', code],
])('%s', (_, written) => {
  test('brings no link, mention, image, HTML or block of its own into a paragraph', () => {
    fc.assert(
      fc.property(hostile, (value) => inert(rendered(written(value)), ['p', 'span', 'code'])),
      runs,
    );
  });

  test('stays in its cell of a table', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const html = rendered(`| a | b |\n| --- | --- |\n| ${written(value)} | end |\n`);
        const { tags } = read(html);
        expect(tags.filter((tag) => tag === 'td')).toHaveLength(2);
        expect(html).toContain('<td>end</td>');
        inert(html, ['table', 'thead', 'tbody', 'tr', 'th', 'td', 'span', 'code']);
      }),
      runs,
    );
  });

  test('stays in its item of a list, in its heading, in its link', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        inert(rendered(`- ${written(value)}<br>x`), ['ul', 'li', 'span', 'code', 'br']);
        inert(rendered(`#### ${written(value)}`), ['h4', 'span', 'code']);
        const html = rendered(`[${written(value)} x](y)`);
        expect(read(html).tags.filter((tag) => tag === 'a')).toHaveLength(1);
      }),
      runs,
    );
  });
});

test('text and code lose nothing but white space', () => {
  fc.assert(
    fc.property(fc.constantFrom(...nasty.filter((entry) => visible(entry) === entry)), (value) => {
      expect(plain(read(rendered(text(value))).text)).toBe(plain(value));
      expect(plain(read(rendered(`x ${code(value)}`)).text)).toBe(plain(`x ${value}`));
    }),
    { numRuns: 150 },
  );
});

test('a block cannot be left, whatever stands inside', () => {
  fc.assert(
    fc.property(hostile, (value) => {
      const { tags, text: seen } = read(rendered(`${block(value, 'sql')}\n\nend`));
      expect(tags).toEqual(['pre', 'code', 'p']);
      expect(seen.trimEnd().endsWith('end')).toBe(true);
    }),
    runs,
  );
});

test('a path cannot leave the target of a link', () => {
  fc.assert(
    fc.property(hostile, (value) => {
      const html = rendered(`[x](https://github.com/o/r/blob/main/${target(value)}#L1)`);
      const { tags } = read(html);
      expect(tags).toEqual(['p', 'a']);
      expect(html).toContain('#L1">x</a></p>');
    }),
    runs,
  );
});

test('names in double quotes and in back-ticks become code and the rest stays prose', () => {
  expect(prose('Table "public.t" of @octocat has no "key".')).toBe(
    'Table `public.t` of <span>@</span>octocat has no `key`.',
  );
  expect(prose('Set `search_path = auth` on "public.""f""()".')).toBe(
    'Set `search_path = auth` on `public."f"()`.',
  );
});

test('direction marks and control characters are shown, not obeyed', () => {
  expect(code('a\u202eb')).toBe('`aU+202Eb`');
  expect(block('\u001b[31m')).toBe('```\nU+001B[31m\n```');
});

test('a cut never splits a character', () => {
  expect(shortened('aaa😀', 5)).toBe('aaa😀');
  expect(shortened('aaa😀b', 5)).toBe('aaa…');
});

test('of a UUID the whole is code, and not the half that looks like a commit', () => {
  expect(text("row 'bbbbea2d-ddf8-4b1a-8297-892b52c8de78' of B")).toBe(
    "row '`bbbbea2d-ddf8-4b1a-8297-892b52c8de78`' of B",
  );
});

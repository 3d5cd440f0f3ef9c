// The script that holds Markdown to what it points at, tried against small repositories with one broken link each.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { root } from './workspace.ts';

const script = pathToFileURL(join(root, 'scripts/links.mjs')).href;
const { linkBreaches } = (await import(script)) as { linkBreaches: (from?: string) => string[] };

const beps = (row: string): string => `| BEP | what | package | a test |\n| --- | --- | --- | --- |\n${row}\n`;
const page = (number: string): string => `[${Number(number)}](https://www.bittorrent.org/beps/bep_${number}.html)`;
const framed = '[framed](packages/wire/test/framed.test.ts)';
const trees: string[] = [];

afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true, force: true });
});

function tree(readme: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-links-'));
  trees.push(folder);
  const all: Record<string, string> = {
    'README.md': `# All of it\n\n${readme}`,
    'docs/MORE.md':
      '# More, and *more*\n\n## `wire`: its limits\n\n## Twice\n\n## Twice\n\n[back](../README.md#all-of-it)\n',
    'packages/wire/package.json': '{"name":"@shoal/wire"}',
    'packages/wire/src/index.ts': '',
    'packages/wire/test/framed.test.ts': '',
    'packages/tracker/package.json': '{"name":"@shoal/tracker"}',
    '.gitignore': 'built/\n',
    'built/A.md': '[gone](gone.md)',
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  execFileSync('git', ['init', '-q'], { cwd: folder });
  return folder;
}

describe('no breach is', () => {
  const right: [name: string, text: string][] = [
    ['a file, a folder, an image', '[a](docs/MORE.md) [b](packages/wire) ![c](packages/wire/package.json)'],
    ['a heading', '[a](docs/MORE.md#more-and-more) [b](docs/MORE.md#wire-its-limits) [c](#all-of-it)'],
    ['a second heading of the same name', '[a](docs/MORE.md#twice) [b](docs/MORE.md#twice-1)'],
    ['the web', '[a](https://example.com/x.md) [b](mailto:a@example.com)'],
    ['code', 'Say `[a](b.md)`:\n\n```md\n[a](b.md)\n```\n\n````md\n```md\n[a](b.md)\n```\n[a](b.md)\n````\n'],
    ['a link with code for its words', '[`a`](docs/MORE.md)'],
    ['a line of a file', '[a](packages/wire/src/index.ts#L1)'],
    ['a definition', '[a][b]\n\n[b]: docs/MORE.md'],
    ['a BEP with its package and test', beps(`| ${page('0003')} | wire | wire, tracker | ${framed} |`)],
    ['another table', '| BEP | what |\n| --- | --- |\n| 99 | nothing |'],
  ];
  for (const [name, text] of right) {
    test(name, () => {
      expect(linkBreaches(tree(text))).toEqual([]);
    });
  }
});

describe('a breach is', () => {
  const wrong: [name: string, text: string, breach: RegExp][] = [
    ['a file that is gone', '[a](docs/LESS.md)', /^README\.md:3: docs\/LESS\.md: there is no such file$/],
    ['a heading that is gone', '[a](docs/MORE.md#less)', /no such heading/],
    ['a third heading of two', '[a](docs/MORE.md#twice-2)', /no such heading/],
    ['a heading only code has', '```sh\n# gone\n```\n\n[a](#gone)', /README\.md:7: #gone: there is no such heading/],
    ['an image that is gone', '![a](docs/a.png)', /no such file/],
    ['a definition of what is gone', '[a][b]\n\n[b]: docs/LESS.md', /no such file/],
    ['a path from the root', '[a](/docs/MORE.md)', /is relative/],
    ['a path out of the repository', '[a](../elsewhere)', /leaves the repository/],
    ['what stands behind a code block', '```sh\nls\n```\n[a](docs/LESS.md)', /README\.md:6/],
    [
      "another BEP's page",
      beps(`| [4](https://x/beps/bep_0003.html) | x | wire | ${framed} |`),
      /4 links to the page of/,
    ],
    ['a BEP of no package', beps(`| ${page('0003')} | x | | ${framed} |`), /no package \(none is named\)/],
    ['a BEP of a package that is not there', beps(`| ${page('0003')} | x | dht | ${framed} |`), /no package dht/],
    ['a BEP without a test', beps(`| ${page('0003')} | x | wire | – |`), /names no test/],
    ["a BEP with another package's test", beps(`| ${page('0003')} | x | tracker | ${framed} |`), /no test of tracker/],
    ['a BEP whose test is none', beps(`| ${page('0003')} | x | wire | [a](docs/MORE.md) |`), /is no test file/],
  ];
  for (const [name, text, breach] of wrong) {
    test(name, () => {
      expect(linkBreaches(tree(text)).join('\n')).toMatch(breach);
    });
  }
});

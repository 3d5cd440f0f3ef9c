// The script that holds READMEs to their examples, tried against small trees that break one rule each.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { root } from './workspace.ts';

const script = pathToFileURL(join(root, 'scripts/readme-examples.mjs')).href;
const { exampleBreaches } = (await import(script)) as { exampleBreaches: (from?: string) => string[] };

const readme = 'packages/wire/README.md';
const example = 'packages/wire/examples/a.ts';
const code = 'export const run = (): number => 1;\n\n// an empty line above\n';
const shown = `<!-- examples/a.ts -->\n\`\`\`ts\n${code}\`\`\`\n`;
const trees: string[] = [];

afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true, force: true });
});

/** A repository of one package whose README shows its example, with some files put in or replaced. */
function tree(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-examples-'));
  trees.push(folder);
  const all: Record<string, string> = {
    'packages/wire/package.json': JSON.stringify({ name: '@shoal/wire' }),
    'packages/wire/test/examples.test.ts': `import { run } from '../examples/a.ts';`,
    [example]: code,
    [readme]: `# wire\n\n${shown}`,
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe('a README that', () => {
  test('shows its example has no breach', () => {
    expect(exampleBreaches(tree({}))).toEqual([]);
  });

  test("shows another package's example, by its path, has no breach", () => {
    const files = {
      'README.md': shown.replace('examples/', 'packages/wire/examples/'),
      'apps/cli/README.md': '# cli\n',
    };
    expect(exampleBreaches(tree(files))).toEqual([]);
  });

  test('shows other languages, and fences within a longer fence, is let be', () => {
    const text = `\`\`\`console\n$ shoal\n\`\`\`\n\n\`\`\`\`md\n\`\`\`ts\nconst a = 1;\n\`\`\`\n\`\`\`\`\n\n${shown}`;
    expect(exampleBreaches(tree({ [readme]: text }))).toEqual([]);
  });

  const rules: [name: string, files: Record<string, string>, breach: RegExp][] = [
    [
      'shows another line',
      { [example]: code.replace('1', '2') },
      /README\.md:4: differs from examples\/a\.ts in its line 1$/,
    ],
    ['lacks the last line', { [example]: `${code}// more\n` }, /differs from examples\/a\.ts in its line 4$/],
    ['has a line too many', { [example]: code.replace('\n\n', '\n') }, /differs from examples\/a\.ts in its line 2$/],
    ['lacks the last line feed of the file', { [example]: code.trimEnd() }, /differs from examples\/a\.ts in its line/],
    ['never closes its fence', { [readme]: shown.replace(/```\n$/, '') }, /differs from examples\/a\.ts/],
    ['names no example', { [readme]: shown.replace(/^.*\n/, '') }, /README\.md:1: code without its example/],
    ['names it too far above', { [readme]: shown.replace('-->\n', '-->\n\n') }, /named, and no code[\s\S]*without its/],
    ['hides code under another name', { [readme]: '```typescript title="a"\n1;\n```\n' }, /code without its example/],
    ['hides code as JavaScript', { [readme]: '```js\n1;\n```\n' }, /code without its example/],
    [
      'names an example at its end',
      { [readme]: '<!-- examples/a.ts -->' },
      /README\.md:1: examples\/a\.ts is named, and/,
    ],
    ['names a file that is not there', { [readme]: shown.replace('a.ts', 'b.ts') }, /there is no examples\/b\.ts/],
    [
      'takes its code from elsewhere',
      { [readme]: shown.replace('examples/', 'src/') },
      /src\/a\.ts is not in a package's/,
    ],
    [
      'shows what no test runs',
      { 'packages/wire/test/examples.test.ts': `import { run } from '../examples/b.ts';` },
      /no test of its package imports examples\/a\.ts/,
    ],
    [
      'belongs to a package without tests',
      { 'packages/b/package.json': '{"name":"b"}', 'packages/b/README.md': shown, 'packages/b/examples/a.ts': code },
      /^packages\/b\/README\.md:2: no test of its package/,
    ],
  ];
  for (const [name, files, breach] of rules) {
    test(`${name} is told`, () => {
      expect(exampleBreaches(tree(files)).join('\n')).toMatch(breach);
    });
  }
});

// What the script that makes a package refuses, and what it writes where, in a small tree. That what it makes is green is
// a long test.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { root } from './workspace.ts';

const script = pathToFileURL(join(root, 'scripts/new.mjs')).href;
const { refusalOf, scaffold } = (await import(script)) as {
  refusalOf: (name: string | undefined, kind?: string, from?: string) => string | undefined;
  scaffold: (name: string, kind?: string, from?: string) => string[];
};
const layers = `{
  "protocols": ["wire", "lsd"],
  "extensions": ["ut-pex"],
  "imports": {
    "wire": [],
    "lsd": ["bencode"],
    "ut-pex": ["wire", "bencode"],
    "client": "*"
  }
}
`;
const trees: string[] = [];

afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true, force: true });
});

function tree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-new-'));
  trees.push(folder);
  const files = {
    'scripts/layers.json': layers,
    'packages/wire/package.json': '{"name":"@shoal/wire"}',
    'packages/compliance/package.json':
      '{"name":"@shoal/compliance","devDependencies":{"@shoal/testkit":"workspace:^"}}',
    'apps/cli/package.json': '{"name":"@shoal/cli"}',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe('refused is', () => {
  const refused: [name: string | undefined, kind: string, why: RegExp][] = [
    [undefined, 'module', /a name is missing/],
    ['', 'module', /"" is no name/],
    ['Peer', 'module', /lower-case/],
    ['peer_file', 'module', /lower-case/],
    ['peer--file', 'module', /one hyphen/],
    ['-peer', 'module', /is no name/],
    ['9p', 'module', /is no name/],
    ['../peer', 'module', /is no name/],
    ['@shoal/peer', 'module', /is no name/],
    ['x'.repeat(41), 'module', /at most 40/],
    ['peer-utils', 'module', /does not say what is in it/],
    ['common', 'module', /does not say what is in it/],
    ['wire', 'module', /taken: there is a packages\/wire/],
    ['cli', 'module', /taken: there is a apps\/cli/],
    ['peer-file', 'app', /no kind "app": it is one of module, source, extension/],
    ['ut-pex', 'module', /keeps "ut-pex" for an extension: --kind extension/],
    ['lsd', 'extension', /keeps "lsd" for what is no extension/],
  ];
  for (const [name, kind, why] of refused) {
    test(`${name} as ${kind}`, () => {
      expect(refusalOf(name, kind, tree())).toMatch(why);
    });
  }

  test('no good name, and no planned one of the right kind', () => {
    const from = tree();
    expect(refusalOf('peer-file', 'source', from)).toBeUndefined();
    expect(refusalOf('ut-pex', 'extension', from)).toBeUndefined();
    expect(refusalOf('lsd', 'source', from)).toBeUndefined();
  });
});

describe('what is written', () => {
  const read = (from: string, path: string): string => readFileSync(join(from, path), 'utf8');

  test('has no placeholder left, and only its own places', () => {
    for (const kind of ['module', 'source', 'extension']) {
      const from = tree();
      const written = scaffold('peer-file', kind, from);
      for (const path of written) {
        expect(read(from, path), path).not.toMatch(/\{(name|Name|NAME|wire|entry|shell|example)\}/);
        const isElsewhere = ['.changeset/peer-file.md', 'scripts/layers.json'].includes(path);
        expect(isElsewhere || /^packages\/(peer-file|compliance)\//.test(path), path).toBe(true);
      }
      expect(written.some((path) => path.startsWith('packages/compliance/'))).toBe(kind !== 'module');
    }
  });

  test('in the table of layers is one line each, and nothing else changes', () => {
    const from = tree();
    scaffold('peer-file', 'source', from);
    const added = layers
      .replace('"lsd"]', '"lsd", "peer-file"]')
      .replace('    "client"', '    "peer-file": ["primitives"],\n    "client"');
    expect(read(from, 'scripts/layers.json')).toBe(added);
  });

  test('in the table of layers is nothing for what is planned there', () => {
    const from = tree();
    scaffold('ut-pex', 'extension', from);
    expect(read(from, 'scripts/layers.json')).toBe(layers);
  });

  test('names the package, and its suite, to compliance', () => {
    const from = tree();
    scaffold('ut-echo', 'extension', from);
    expect(JSON.parse(read(from, 'packages/compliance/package.json')).devDependencies).toEqual({
      '@shoal/testkit': 'workspace:^',
      '@shoal/ut-echo': 'workspace:^',
      '@shoal/wire': 'workspace:^',
    });
    expect(read(from, 'packages/compliance/test/ut-echo.test.ts')).toContain(`testExtension(test, 'ut_echo'`);
  });
});

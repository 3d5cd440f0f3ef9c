// The script that holds the package graph, tried against small trees that break one rule each.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { root } from './workspace.ts';

interface Table {
  protocols: string[];
  extensions: string[];
  leaves: string[];
  imports: Record<string, string[] | '*'>;
}

const script = pathToFileURL(join(root, 'scripts/layers.mjs')).href;
const { breaches } = (await import(script)) as { breaches: (from?: string, table?: Table) => string[] };

const table: Table = {
  protocols: ['wire', 'dht'],
  extensions: ['ut-pex'],
  leaves: ['bencode'],
  imports: {
    bencode: [],
    wire: ['bencode'],
    dht: ['bencode'],
    'ut-pex': ['wire'],
    session: ['wire'],
    testkit: [],
    interop: '*',
    cli: '*',
  },
};
const trees: string[] = [];

afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true, force: true });
});

/** A repository of three packages that keep the rules, with some files put in or replaced. */
function tree(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-layers-'));
  trees.push(folder);
  const all: Record<string, string> = {
    'package.json': manifest('root', { devDependencies: { vitest: '1.0.0' } }),
    'packages/bencode/package.json': manifest('@shoal/bencode'),
    'packages/bencode/src/index.ts': 'export const x: number = 1;',
    'packages/wire/package.json': manifest('@shoal/wire', {
      dependencies: { '@shoal/bencode': 'workspace:^' },
      devDependencies: { '@shoal/testkit': 'workspace:^' },
    }),
    'packages/wire/src/index.ts': `export { x } from '@shoal/bencode';`,
    'packages/wire/test/a.test.ts': `import '@shoal/testkit'; import 'vitest'; import { it } from 'node:test';`,
    'packages/testkit/package.json': manifest('@shoal/testkit', { private: true }),
    'packages/testkit/src/index.ts': 'export const now: number = Date.now();',
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function manifest(name: string, more: object = {}): string {
  return JSON.stringify({ name, ...more });
}

const core = 'packages/bencode/src/index.ts';

describe('a tree that', () => {
  test('keeps the rules has no breach', () => {
    expect(breaches(tree({}), table)).toEqual([]);
  });

  const rules: [name: string, files: Record<string, string>, breach: RegExp][] = [
    [
      'points an arrow up',
      {
        'packages/bencode/package.json': manifest('@shoal/bencode', { dependencies: { '@shoal/wire': 'workspace:^' } }),
      },
      /bencode may not depend on wire/,
    ],
    [
      'points an arrow up in a devDependency',
      {
        'packages/bencode/package.json': manifest('@shoal/bencode', {
          devDependencies: { '@shoal/wire': 'workspace:^' },
        }),
      },
      /a circle: bencode -> wire -> bencode/,
    ],
    ['imports what is not declared', { [core]: `import type { y } from 'left-pad';` }, /left-pad is not in dep/],
    [
      'imports by a type only what is not declared',
      { [core]: `export type T = import('left-pad').T;` },
      /left-pad is not in dependencies/,
    ],
    ['imports a runner in its source', { [core]: `import 'vitest';` }, /vitest is not in dependencies/],
    ['imports testkit in its source', { 'packages/wire/src/b.ts': `import '@shoal/testkit';` }, /only tests import/],
    [
      'has an unpinned range',
      { 'packages/dht/package.json': manifest('@shoal/dht', { dependencies: { a: '^1.0.0' } }) },
      /not one exact version/,
    ],
    [
      'pins one of ours',
      { 'packages/dht/package.json': manifest('@shoal/dht', { dependencies: { '@shoal/bencode': 'workspace:*' } }) },
      /not "workspace:\^"/,
    ],
    [
      'publishes what needs a private package',
      { 'packages/dht/package.json': manifest('@shoal/dht', { dependencies: { '@shoal/testkit': 'workspace:^' } }) },
      /is private and cannot be/,
    ],
    ['is not in the table', { 'packages/new/package.json': manifest('@shoal/new') }, /not in scripts\/layers\.json/],
    ['is named otherwise', { 'packages/dht/package.json': manifest('@shoal/kad') }, /the folder says @shoal\/dht/],
    ['reaches into another package', { [core]: `export * from '../../wire/src/index.ts';` }, /leaves the package/],
    ['imports node: in a core', { [core]: `import 'node:fs';` }, /node:fs belongs under src\/node/],
    [
      'imports node: dynamically',
      { [core]: `export const f = () => import('node:fs');` },
      /index\.ts:1: node:fs belongs/,
    ],
    ['spells a builtin bare', { 'packages/bencode/src/node/a.ts': `import 'fs';` }, /is spelled node:fs/],
    ['imports its shell', { [core]: `import './node/a.ts';` }, /may not import its shell/],
    [
      'imports another shell',
      { 'packages/wire/src/b.ts': `import '@shoal/bencode/node';` },
      /core may not import @shoal\/b/,
    ],
    ['reads the clock', { [core]: '\nexport const t: number = Date.now();' }, /index\.ts:2: Date\.now belongs/],
    ['makes a date of now', { [core]: 'export const t: Date = new Date();' }, /new Date\(\) belongs/],
    ['draws at random', { [core]: 'export const t: number = Math.random();' }, /Math\.random belongs/],
    ['sets a timer', { [core]: 'setTimeout(() => {}, 1);' }, /setTimeout belongs/],
    ['sets a timer through globalThis', { [core]: 'globalThis.setTimeout(() => {}, 1);' }, /globalThis\.setTimeout/],
    ['names Buffer', { [core]: 'export const b = Buffer.alloc(1);' }, /Buffer belongs/],
    ['names process in a shorthand', { [core]: 'export const b = { process };' }, /process belongs/],
  ];
  for (const [name, files, breach] of rules) {
    test(name, () => {
      expect(breaches(tree(files), table).join('\n')).toMatch(breach);
    });
  }

  test('names an app to start it is let be; importing it is not', () => {
    const files = {
      'apps/cli/package.json': manifest('@shoal/cli'),
      'packages/interop/package.json': manifest('@shoal/interop', {
        private: true,
        devDependencies: { '@shoal/cli': 'workspace:^' },
      }),
    };
    expect(breaches(tree(files), table)).toEqual([]);
    const importing = { ...files, 'packages/interop/test/a.test.ts': `import '@shoal/cli';` };
    expect(breaches(tree(importing), table).join('\n')).toMatch(/interop may not import cli/);
  });

  test('is private and uses a tool of the root in its source is let be; another it declares', () => {
    const inSource = (text: string): Record<string, string> => ({
      'packages/interop/package.json': manifest('@shoal/interop', { private: true }),
      'packages/interop/src/a.ts': text,
    });
    expect(breaches(tree(inSource(`import 'vitest';`)), table)).toEqual([]);
    expect(breaches(tree(inSource(`import 'left-pad';`)), table).join('\n')).toMatch(/left-pad is not in dependencies/);
  });

  test('only has things named like a global is let be', () => {
    const text = `
      export interface Clock { performance: number; process(x: number): void }
      export function f(process: (x: number) => void, clock: Clock): Date { process(clock.performance); return new Date(5); }
    `;
    expect(breaches(tree({ [core]: text }), table)).toEqual([]);
  });

  test('uses Node in a shell, a test or an example is let be', () => {
    const text = `import 'node:fs'; setTimeout(() => {}, Date.now());`;
    const files = { 'src/node/index.ts': text, 'test/b.test.ts': text, 'examples/a.ts': text, 'src/testing.ts': text };
    const inBencode = Object.entries(files).map(([path, each]) => [`packages/bencode/${path}`, each]);
    expect(breaches(tree(Object.fromEntries(inBencode)), table)).toEqual([]);
  });
});

describe('the table itself', () => {
  const bad: [name: string, imports: Table['imports'], breach: RegExp][] = [
    ['a protocol above a protocol', { ...table.imports, dht: ['wire'] }, /dht may not import the protocol wire/],
    ['an extension above a protocol that is not wire', { ...table.imports, 'ut-pex': ['dht'] }, /the protocol dht/],
    ['somebody above an extension', { ...table.imports, session: ['ut-pex'] }, /the extension ut-pex/],
    ['a leaf that imports', { ...table.imports, bencode: ['testkit'] }, /is a leaf/],
    ['a library above the session', { ...table.imports, dht: ['session'] }, /dht may not import session/],
    ['a protocol that may do everything', { ...table.imports, dht: '*' }, /may not import everything/],
    ['a name that is not there', { ...table.imports, wire: ['kad'] }, /names kad, which is not listed/],
  ];
  for (const [name, imports, breach] of bad) {
    test(`is refused: ${name}`, () => {
      expect(breaches(tree({}), { ...table, imports }).join('\n')).toMatch(breach);
    });
  }
});

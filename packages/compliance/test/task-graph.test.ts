// What a change sets off: a package is built and tested again when it or something below it changed, and only then.
// Asked of the task runner itself, by the hashes it would look up in its cache, on a copy of the tree.

import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Package, packages, root } from './workspace.ts';

type Hashes = Map<string, string>;

interface Task {
  readonly taskId: string;
  readonly hash: string;
  readonly command: string;
  readonly resolvedTaskDefinition: { readonly cache: boolean };
}

const copied = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'turbo.json', 'platform.d.ts', 'packages'];
const left = new Set(['node_modules', 'dist', 'reports', '.turbo', 'coverage']);
let copy: string;
let uncached = new Set<string>();
let before: Hashes;

function hashes(environment: Record<string, string> = {}): Hashes {
  const { PATH } = process.env;
  const turbo = join(root, 'node_modules/.bin/turbo');
  const output = execFileSync(turbo, ['run', 'build', 'test', '--dry=json'], {
    cwd: copy,
    env: { PATH, HOME: copy, TURBO_TELEMETRY_DISABLED: '1', ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 26,
  });
  const { tasks } = JSON.parse(output.toString()) as { tasks: Task[] };
  // What is never taken from the cache (interop) needs no hash to be right.
  const cached = tasks.filter((task) => task.command !== '<NONEXISTENT>' && task.resolvedTaskDefinition.cache);
  uncached = new Set(tasks.filter((task) => !task.resolvedTaskDefinition.cache).map(({ taskId }) => taskId));
  return new Map(cached.map(({ taskId, hash }) => [taskId, hash]));
}

/** The tasks that a change to a file would run again. */
function changedBy(path: string): string[] {
  appendFileSync(join(copy, path), '\n');
  const after = hashes();
  const changed = [...after].filter(([task, hash]) => before.get(task) !== hash).map(([task]) => task);
  before = after;
  return changed.sort();
}

/** The packages that stand on one, itself included. */
function standingOn(name: string): Set<string> {
  const found = new Set([name]);
  const below = ({ manifest }: Package): boolean =>
    Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).some((each) => found.has(each));
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const each of packages()) if (below(each)) found.add(each.manifest.name);
  }
  return found;
}

function tasksOf(name: string): string[] {
  const above = standingOn(name);
  // Compliance looks at every package's source, whether it depends on it or not.
  const tested = new Set(above).add('@shoal/compliance');
  return packages()
    .flatMap(({ manifest: { name: each, scripts } }) => [
      ...(above.has(each) && scripts?.build !== undefined ? [`${each}#build`] : []),
      ...(tested.has(each) && scripts?.test !== undefined ? [`${each}#test`] : []),
    ])
    .filter((task) => !uncached.has(task))
    .sort();
}

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'shoal-tasks-'));
  for (const name of copied) {
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      filter: (source) => !left.has(basename(source)),
    });
  }
  before = hashes();
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('a change in', () => {
  for (const name of ['@shoal/bencode', '@shoal/picker', '@shoal/wire', '@shoal/tracker', '@shoal/testkit']) {
    const each = packages().find(({ manifest }) => manifest.name === name);
    test(`${name} sets off what stands on it and nothing else`, (context) => {
      context.skip(each === undefined, `there is no ${name}`);
      const changed = changedBy(`packages/${each!.folder}/src/index.ts`);
      expect(changed).toEqual(tasksOf(name));
      if (name === '@shoal/picker') expect(changed.filter((task) => task.startsWith('@shoal/bencode'))).toEqual([]);
    });
  }

  test("a package's own test sets off that test alone", () => {
    expect(changedBy('packages/primitives/test/layout.test.ts')).toEqual(['@shoal/primitives#test']);
  });

  test('a root file that all share sets off everything', () => {
    const all = [...before.keys()].sort();
    expect(changedBy('platform.d.ts')).toEqual(all);
  });

  test('the seed of random tests sets off the tests, and no build', () => {
    const seeded = hashes({ SHOAL_SEED: '7' });
    for (const [task, hash] of before) expect(seeded.get(task) !== hash).toBe(task.endsWith('#test'));
  });
});

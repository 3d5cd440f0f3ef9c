// Every core must run where there is no Node: bundled for the browser from source, it imports nothing of Node's, and its
// modules load in a realm that has the web's globals and no others.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { coresOf, packages } from './workspace.ts';

interface Bundler {
  build(options: object): Promise<{ outputFiles: { text: string }[] }>;
}

// The build tool brings its bundler; another copy could answer differently.
const require = createRequire(import.meta.url);
const bundler = createRequire(require.resolve('tsup'))('esbuild') as Bundler;

async function bundle(input: { file: string } | { code: string; folder: string }): Promise<string> {
  const { outputFiles } = await bundler.build({
    ...('file' in input
      ? { entryPoints: [input.file] }
      : { stdin: { contents: input.code, resolveDir: input.folder, loader: 'ts' } }),
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'entry',
    target: 'es2023',
    conditions: ['@shoal/source'],
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

function load(code: string): object {
  const web = { TextEncoder, TextDecoder, URL, URLSearchParams, AbortController, AbortSignal, queueMicrotask };
  return runInContext(`${code}\nentry;`, createContext(web));
}

const cores = packages().flatMap((each) => coresOf(each).map((core) => ({ ...core, ...each })));

describe('cores in a browser', () => {
  test('there are cores to look at', () => {
    expect(cores.length).toBeGreaterThan(1);
  });

  for (const { manifest, directory, entry, source } of cores) {
    test(`${manifest.name}${entry.slice(1)}`, async () => {
      const code = await bundle({ file: join(directory, source) });
      expect(code).not.toMatch(/["']node:/);
      expect(Object.keys(load(code)).length).toBeGreaterThan(0);
    });
  }

  test('the check itself: a node: import and a global of Node are found', async () => {
    const folder = import.meta.dirname;
    await expect(bundle({ code: `import { sep } from 'node:path'; export const x = sep;`, folder })).rejects.toThrow(
      'node:path',
    );
    const code = await bundle({ code: 'export const x = process.pid;', folder });
    expect(() => load(code)).toThrow('process is not defined');
  });
});

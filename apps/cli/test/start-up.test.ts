// What is loaded before a command does its work: counted in the bundle, for a clock would measure the machine.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuildResult, build, type Metafile } from 'esbuild';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './shoal.ts';

type Bundle = BuildResult<{ metafile: true; write: false }>;

let bundle: Bundle;

beforeAll(async () => {
  bundle = await build({
    absWorkingDir: join(import.meta.dirname, '..'),
    entryPoints: ['src/main.ts'],
    outdir: 'out',
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@shoal/source'],
    // As installed: libraries are files of their own.
    external: [...LIBRARIES],
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
  });
}, 60_000);

const LIBRARIES = [
  ...['commander', 'cli-truncate', 'string-width', 'picocolors', 'picomatch'],
  ...['hono', 'hono/html', 'mime-types', 'range-parser'],
];

/** What a source's chunk loads at once, by `import` statements alone: its sources, and the libraries. */
function loadedBy(source: string): string[] {
  const { outputs } = bundle.metafile;
  const holds = ([, { entryPoint }]: [string, Metafile['outputs'][string]]): boolean => entryPoint === source;
  const [start = ''] = Object.entries(outputs).find(holds) ?? [];
  const seen = new Set<string>();
  const loaded = new Set<string>();
  const visit = (output: string): void => {
    if (seen.has(output)) return;
    seen.add(output);
    for (const input of Object.keys(outputs[output]?.inputs ?? {})) loaded.add(input);
    for (const { path, external, kind } of outputs[output]?.imports ?? []) {
      if (kind !== 'import-statement') continue;
      if (external) loaded.add(path);
      else visit(path);
    }
  };
  visit(start);
  return [...loaded];
}

const libraries = (source: string): string[] => loadedBy(source).filter((name) => LIBRARIES.includes(name));

test('--version needs nothing but itself', async () => {
  expect(loadedBy('src/main.ts')).toEqual(['src/main.ts', 'package.json']);
  const cwd = await temporaryFolder(onTestFinished);
  // There are no libraries here.
  for (const { path, contents } of bundle.outputFiles) await writeFile(join(cwd, basename(path)), contents);
  const version = execFileSync(process.execPath, ['main.mjs', '--version'], { cwd, encoding: 'utf8' });
  expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('--help loads the parser of arguments, and no command', () => {
  expect(libraries('src/program.ts')).toEqual(['commander']);
  const sources = loadedBy('src/program.ts');
  expect(sources.filter((name) => name.startsWith('src/commands/'))).toEqual([]);
  const packages = new Set(sources.flatMap((name) => /packages\/([\w-]+)\//.exec(name)?.[1] ?? []));
  expect([...packages].sort()).toEqual(['http-service', 'primitives']);
});

test.each(['info', 'magnet'])('%s loads what reads torrents, and nothing that moves, serves or draws', (command) => {
  const source = `src/commands/${command}.ts`;
  expect(libraries(source)).toEqual([]);
  const packages = new Set(loadedBy(source).flatMap((name) => /packages\/([\w-]+)\//.exec(name)?.[1] ?? []));
  expect([...packages].sort()).toEqual(['bencode', 'merkle', 'metainfo', 'primitives']);
});

test('libraries for terminals are loaded at a terminal alone', () => {
  for (const command of ['get', 'seed', 'create', 'verify']) {
    const needed = libraries(`src/commands/${command}.ts`);
    for (const library of ['cli-truncate', 'string-width', 'picocolors']) expect(needed).not.toContain(library);
  }
});

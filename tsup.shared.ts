import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

type Exports = Record<string, string | { '@shoal/source'?: string }>;

/** One build for every package: each source named in its `exports` (and `bin`) becomes an ESM entry in `dist`. */
export function buildOf(directory: string): ReturnType<typeof defineConfig> {
  const manifest = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8')) as {
    exports?: Exports;
    shoal?: { entries?: string[] };
  };
  const entry: Record<string, string> = {};
  const add = (source: string): void => {
    entry[source.replace(/^\.\/src\//, '').replace(/\.ts$/, '')] = source.replace(/^\.\//, '');
  };
  for (const target of Object.values(manifest.exports ?? {})) {
    if (typeof target === 'object' && target['@shoal/source']) add(target['@shoal/source']);
  }
  for (const source of manifest.shoal?.entries ?? []) add(source);
  return defineConfig({
    entry,
    format: ['esm'],
    target: 'node20',
    platform: 'neutral',
    dts: manifest.exports !== undefined,
    sourcemap: true,
    clean: true,
    treeshake: true,
    external: [/^node:/],
  });
}

// The repository as this package's tests see it.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root: string = resolve(import.meta.dirname, '../../..');

interface Manifest {
  name: string;
  private?: boolean;
  exports?: Record<string, string | Record<string, string>>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  scripts?: Record<string, string>;
}

export interface Package {
  readonly folder: string;
  readonly directory: string;
  readonly manifest: Manifest;
}

export function packages(): Package[] {
  const found: Package[] = [];
  for (const folder of readdirSync(join(root, 'packages')).sort()) {
    const directory = join(root, 'packages', folder);
    if (!existsSync(join(directory, 'package.json'))) continue;
    found.push({ folder, directory, manifest: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) });
  }
  return found;
}

/** Sources of a published package's entries that are neither a shell nor a test suite: its cores. */
export function coresOf({ manifest }: Package): { entry: string; source: string }[] {
  if (manifest.private === true) return [];
  return Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) => {
    const source = typeof target === 'object' ? target['@shoal/source'] : undefined;
    if (source === undefined || source.startsWith('./src/node/') || entry === './testing') return [];
    return [{ entry, source }];
  });
}

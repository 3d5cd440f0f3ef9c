// The packages and apps of this repository, as their folders and manifests say, and how to start the tools on them.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * @typedef {{ folder: string, path: string, directory: string, manifest: Record<string, any>, app: boolean,
 *   published: boolean }} Workspace  `folder` is the last part of `path` ("packages/wire"); `directory` is absolute
 * @returns {Workspace[]} sorted by path
 */
export function workspaces(from = root) {
  const found = [];
  for (const parent of ['apps', 'packages']) {
    if (!existsSync(join(from, parent))) continue;
    for (const folder of readdirSync(join(from, parent)).sort()) {
      const directory = join(from, parent, folder);
      if (!existsSync(join(directory, 'package.json'))) continue;
      const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
      found.push({
        folder,
        path: `${parent}/${folder}`,
        directory,
        manifest,
        app: parent === 'apps',
        published: manifest.private !== true,
      });
    }
  }
  return found;
}

/** The command that runs a tool of the root's node_modules. */
export function tool(name) {
  return join(root, 'node_modules', '.bin', name);
}

/** The command line of the package manager we run under; by itself it is on nobody's PATH. */
export function pnpm(...args) {
  const running = process.env.npm_execpath;
  if (running !== undefined && /pnpm(\.c?js)?$/.test(running)) return [process.execPath, running, ...args];
  return ['npx', '-y', 'pnpm@10', ...args];
}

/**
 * Runs a command to its end. `show` lets it write to the terminal, otherwise its output is returned.
 * @param {string[]} command
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, show?: boolean }} options
 * @returns {Promise<{ code: number, output: string }>} code 128 + n after signal n, 127 when it cannot start
 */
export function run(command, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: options.show === true ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    const parts = [];
    child.stdout?.on('data', (part) => parts.push(part));
    child.stderr?.on('data', (part) => parts.push(part));
    child.on('error', (error) => resolve({ code: 127, output: String(error) }));
    child.on('close', (code, signal) => {
      resolve({ code: code ?? (signal === null ? 1 : 128), output: Buffer.concat(parts).toString() });
    });
  });
}

// Runs an app from the sources as they are: `run-app.mjs APP NAME args…`. Builds it and what it needs when a source is
// newer than the last build, with one line where there is a terminal, and then becomes the app: same process, so the
// terminal, signals and exit code are the app's own.

import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { root, run, tool, workspaces } from './workspace.mjs';

const [app, name, ...args] = process.argv.slice(2);
const byName = new Map(workspaces().map((workspace) => [workspace.manifest.name, workspace]));
const target = [...byName.values()].find((workspace) => workspace.app && workspace.folder === app);
if (target === undefined || name === undefined) {
  console.error(`run-app.mjs APP NAME args…: there is no apps/${app}`);
  process.exit(2);
}

const main = join(target.directory, 'dist', 'main.js');
const cache = join(root, 'node_modules', '.cache', 'shoal');
const stamp = join(cache, `run-app-${app}.txt`);
if (!isFresh()) await build();

process.argv = [process.execPath, main, ...args];
process.title = name;
process.chdir(process.env.INIT_CWD ?? process.cwd());
await import(pathToFileURL(main).href);

function isFresh() {
  try {
    return readFileSync(stamp, 'utf8') === signature();
  } catch {
    return false;
  }
}

/** One build at a time: two commands started together would take each other's output away. */
async function build() {
  const lock = `${stamp}.lock`;
  mkdirSync(cache, { recursive: true });
  while (!taken(lock)) {
    await delay(100);
    if (isFresh()) return;
  }
  const leave = () => rmSync(lock, { force: true });
  process.once('exit', leave);
  // The package manager is silent when it is told to be (-s), and a first build takes minutes.
  if (process.stderr.isTTY) process.stderr.write(`${name} is being built from its sources, once…\n`);
  const { code, output } = await run([tool('turbo'), 'run', 'build', `--filter=${target.manifest.name}`], {
    env: { TURBO_TELEMETRY_DISABLED: '1' },
  });
  if (code !== 0) {
    process.stderr.write(output);
    process.stderr.write(`${name} could not be built\n`);
    process.exit(1);
  }
  writeFileSync(stamp, signature());
  leave();
  process.off('exit', leave);
}

/** Whether the lock is ours now. One whose owner is gone (kill -9 in a build) is cleared for the next try. */
function taken(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    process.kill(Number(readFileSync(lock, 'utf8')) || process.pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') rmSync(lock, { force: true });
  }
  return false;
}

/** Time and size of every file a build reads, and of what it wrote: equal means there is nothing to do. */
function signature() {
  const lines = [];
  const note = (path) => {
    const { mtimeMs, size } = statSync(path);
    lines.push(`${path} ${mtimeMs} ${size}`);
  };
  const walk = (directory) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path);
      else note(path);
    }
  };
  for (const file of ['package.json', 'pnpm-lock.yaml', 'tsconfig.base.json', 'tsup.shared.ts']) note(join(root, file));
  const needed = new Set([target]);
  for (const { manifest, directory } of needed) {
    for (const file of ['package.json', 'tsup.config.ts']) note(join(directory, file));
    walk(join(directory, 'src'));
    walk(join(directory, 'dist'));
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      const other = byName.get(dependency);
      if (other !== undefined) needed.add(other);
    }
  }
  return lines.join('\n');
}

// CONTRIBUTING's "Add a protocol module", followed to the letter in a copy of the repository: every command that it
// gives, in its order, for each kind of package. What is made must be green before anybody has changed a line of it.

import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './workspace.ts';

const { pnpm } = (await import(pathToFileURL(join(root, 'scripts/workspace.mjs')).href)) as {
  pnpm: (...args: string[]) => string[];
};
/** The whole gate and every test: run by themselves, and for longer than a test should. */
const LEFT_OUT = /^npx pnpm@10 (check|test)$/;
/** A step must not wait for a network, nor take the lock file for the last word: a new package is not in it. */
const ENVIRONMENT = { npm_config_offline: 'true', npm_config_yes: 'true', CI: '', TURBO_TELEMETRY_DISABLED: '1' };
let copy: string;

/** Runs a command there, and answers what it wrote. */
function run([program = '', ...args]: string[]): Promise<{ code: number; output: string }> {
  const { SHOAL_LONG: _, NODE_ENV: __, VITEST: ___, ...environment } = process.env;
  return new Promise((resolve) => {
    const options = { cwd: copy, env: { ...environment, ...ENVIRONMENT }, maxBuffer: 1 << 26, timeout: 400_000 };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (child.exitCode ?? 1), output: `${stdout}${stderr}` });
    });
  });
}

/** The shell commands of the section, as it stands in the page. */
function commands(): string[] {
  const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const [, section = ''] = page.split('\n## Add a protocol module\n');
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.trim().split('\n')).filter((line) => !LEFT_OUT.test(line));
}

beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), 'shoal-new-'));
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  for (const path of execFileSync('git', list, { cwd: root, maxBuffer: 1 << 26 })
    .toString()
    .split('\0')) {
    if (path === '' || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  // Checks ask git which files there are.
  execFileSync('git', ['init', '-q'], { cwd: copy });
  const { code, output } = await run(pnpm('install', '--frozen-lockfile'));
  expect(code, output).toBe(0);
}, 120_000);

afterAll(() => rmSync(copy, { recursive: true, force: true }));

test('the section gives commands', () => {
  expect(commands()[0]).toBe('npx pnpm@10 new peer-file --kind source');
  expect(commands().length).toBeGreaterThan(5);
  expect(commands().every((line) => line.startsWith('npx pnpm@10 '))).toBe(true);
});

/** Does what a line of the page says; it must end well. */
async function follow(line: string): Promise<void> {
  const { code, output } = await run(pnpm(...line.split(' ').slice(2)));
  expect(code, `${line}\n${output}`).toBe(0);
}

test('the section, word for word', async () => {
  for (const line of commands()) await follow(line);
  expect(existsSync(join(copy, 'packages/peer-file/dist/node/index.js'))).toBe(true);
});

test.each([
  ['extension', 'ut-echo'],
  ['module', 'a-list-of-all-the-neighbours-in-town'],
])('and for the kind %s', async (kind, name) => {
  for (const line of commands()) {
    // A module has no suite, and what is about all packages need not run once more.
    if (kind === 'module' && line.includes('packages/compliance')) continue;
    if (line.endsWith('typecheck --filter=@shoal/compliance')) continue;
    const theirs = line.replaceAll('peer-file', name).replace('--kind source', `--kind ${kind}`);
    await follow(theirs.replace(' --filter=@shoal/compliance', ''));
  }
});

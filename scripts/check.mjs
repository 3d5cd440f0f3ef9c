// All that is checked and is not a test, one line each: `check.mjs [name…]` runs all, or those named. Exits 1 when any
// fails, and shows the output of what failed.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedFaults } from './installed.mjs';
import { breaches } from './layers.mjs';
import { linkBreaches } from './links.mjs';
import { exampleBreaches } from './readme-examples.mjs';
import { pnpm, root, run, tool, workspaces } from './workspace.mjs';

const published = workspaces().filter((workspace) => workspace.published);
const packed = mkdtempSync(join(tmpdir(), 'shoal-check-'));
/** name → what went wrong, or '' */
const checks = {
  build: () => command(tool('turbo'), 'run', 'build', '--continue', '--output-logs=errors-only'),
  types: () => command(tool('turbo'), 'run', 'typecheck', '--continue', '--output-logs=errors-only'),
  lint: () => command(tool('biome'), 'check', '--error-on-warnings', '.'),
  layers: async () => breaches().join('\n'),
  examples: async () => exampleBreaches().join('\n'),
  links: async () => linkBreaches().join('\n'),
  // Loaded only here: the generator takes a second to begin.
  docstrings: async () => (await (await import('./api.mjs')).apiFaults()).join('\n'),
  changesets: async () => changesetFaults().join('\n'),
  // What is checked is the file that would be published: ranges resolved, `files` applied.
  pack: () => overPublished(({ directory }) => command(...pnpm('-C', directory, 'pack', '--pack-destination', packed))),
  publint: () => overPublished((workspace) => command(tool('publint'), 'run', '--strict', tarball(workspace))),
  attw: () =>
    overPublished(
      (workspace) => command(tool('attw'), tarball(workspace), '--profile', 'esm-only', '--no-color', '--no-emoji'),
      ({ manifest }) => manifest.exports !== undefined,
    ),
  // In an empty project, as a user's: what types and tests here cannot see, since they run from source.
  install: async () => (await installedFaults(published, tarball)).join('\n'),
  knip: () => command(tool('knip'), '--no-progress', '--no-config-hints'),
};

const asked = process.argv.slice(2);
for (const name of asked) if (checks[name] === undefined) throw new RangeError(`no check is called ${name}`);
// These look at what was packed, and packing needs the build.
const needs = { publint: ['build', 'pack'], attw: ['build', 'pack'], install: ['build', 'pack'], pack: ['build'] };
const chosen = new Set(
  asked.length === 0 ? Object.keys(checks) : asked.flatMap((name) => [...(needs[name] ?? []), name]),
);

const failed = [];
try {
  for (const name of chosen) {
    const started = performance.now();
    const fault = await checks[name]();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${fault === '' ? 'ok    ' : 'FAILED'} ${name.padEnd(10)} ${seconds.padStart(6)} s`);
    if (fault === '') continue;
    failed.push(name);
    console.log(fault.trimEnd());
  }
} finally {
  rmSync(packed, { recursive: true, force: true });
}
console.log(failed.length === 0 ? `${chosen.size} checks passed` : `failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function command(...line) {
  const { code, output } = await run(line);
  return code === 0 ? '' : output.trim() || `${line.join(' ')} ended with ${code}`;
}

/** Runs a check for each published package, two at a time, and joins what went wrong. */
async function overPublished(check, applies = () => true) {
  const waiting = published.filter(applies);
  const faults = [];
  const work = async () => {
    for (let workspace = waiting.shift(); workspace !== undefined; workspace = waiting.shift()) {
      const fault = await check(workspace);
      if (fault !== '') faults.push(`${workspace.path}:\n${fault}`);
    }
  };
  await Promise.all([work(), work()]);
  return faults.join('\n');
}

function tarball({ manifest }) {
  return join(packed, `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`);
}

/** A changeset that names a package which is not there, or is never published, breaks the release and not its author. */
function changesetFaults() {
  const names = new Set(published.map(({ manifest }) => manifest.name));
  const faults = [];
  for (const file of readdirSync(join(root, '.changeset'))) {
    if (!file.endsWith('.md') || file === 'README.md') continue;
    const text = readFileSync(join(root, '.changeset', file), 'utf8');
    const [, head, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
    if (head === undefined || body.trim() === '') {
      faults.push(`.changeset/${file}: wants front matter and a line of why`);
      continue;
    }
    for (const line of head.split('\n').filter((each) => each.trim() !== '')) {
      const [, name, bump] = /^["']?([^"':]+)["']?:\s*(\w+)$/.exec(line.trim()) ?? [];
      if (!names.has(name)) faults.push(`.changeset/${file}: "${line}" names no published package`);
      else if (!['major', 'minor', 'patch'].includes(bump)) faults.push(`.changeset/${file}: "${line}" is no bump`);
    }
  }
  return faults;
}

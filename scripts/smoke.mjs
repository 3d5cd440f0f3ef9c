// What was built, on the Node that runs this: every entry of every published package imports, the apps answer
// --version, and the demo moves its bytes when there is one. Wants a build; `smoke.mjs [MAJOR]` also holds Node to it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run, workspaces } from './workspace.mjs';

let passed = 0;
let failed = 0;

async function smoke(name, attempt) {
  try {
    await attempt();
    passed++;
    console.log(`ok     ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}: ${error.message}`);
  }
}

async function node(...args) {
  const { code, output } = await run([process.execPath, ...args]);
  if (code !== 0) throw new Error(`ended with ${code}: ${output.trim()}`);
  return output.trim();
}

const wanted = process.argv[2];
await smoke(`Node ${process.version}`, async () => {
  if (wanted !== undefined && process.version.split('.')[0] !== `v${wanted}`) throw new Error(`not Node ${wanted}`);
});

for (const { directory, manifest, published, app } of workspaces()) {
  if (!published) continue;
  for (const [entry, target] of Object.entries(manifest.exports ?? {})) {
    if (typeof target !== 'object' || target.default === undefined) continue;
    await smoke(manifest.name + entry.slice(1), async () => {
      const exported = await import(pathToFileURL(join(directory, target.default)).href);
      if (Object.keys(exported).length === 0) throw new Error('exports nothing');
    });
  }
  if (!app) continue;
  await smoke(`${manifest.name} --version`, async () => {
    const answer = await node(join(directory, 'dist/main.js'), '--version');
    if (!answer.includes(manifest.version)) throw new Error(`answered "${answer}", not ${manifest.version}`);
  });
}

const transfer = join(root, 'scripts/demo.mjs');
if (existsSync(transfer)) await smoke('a transfer', () => node(transfer));

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

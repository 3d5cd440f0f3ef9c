// What shoal costs beside other clients, whole and in its parts: builds the command line client and the benchmark from the
// sources as they are, and becomes the benchmark. `bench.mjs --help` names its options.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pnpm, root, run } from './workspace.mjs';

const { code, output } = await run(pnpm('exec', 'turbo', 'run', 'build', '--filter=@shoal/benchmarks'), {
  env: { TURBO_TELEMETRY_DISABLED: '1' },
});
if (code !== 0) {
  process.stderr.write(`${output}\nbench: the build failed\n`);
  process.exit(1);
}

const main = join(root, 'packages/benchmarks/dist/main.js');
process.argv = [process.execPath, main, ...process.argv.slice(2)];
await import(pathToFileURL(main).href);

// Runs every package's tests and counts them: `test.mjs [--long] [turbo options, such as --filter=@shoal/wire]`.
// The last line is "N passed, N failed[, N skipped]", summed over the reports of this run alone; exits 1 on a failure.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { root, run, tool, workspaces } from './workspace.mjs';

const long = process.argv.includes('--long');
const options = process.argv.slice(2).filter((argument) => argument !== '--long' && argument !== '--');
const task = long ? 'test:long' : 'test';
const reportName = long ? 'reports/vitest-long.json' : 'reports/vitest.json';

const tested = workspaces().filter(({ manifest }) => manifest.scripts?.[task] !== undefined);
// A report that lies here from an earlier run must not be counted; turbo puts back those of tasks it need not run.
for (const { directory } of tested) rmSync(join(directory, reportName), { force: true });

// One more at a time than there are cores: tests with other clients' programs mostly wait for them, and would begin late. The
// long ones measure, and are left alone.
const atOnce = long ? [] : [`--concurrency=${availableParallelism() + 1}`];
const started = performance.now();
const command = [tool('turbo'), 'run', task, '--continue', '--output-logs=errors-only', ...atOnce, ...options];
const { code } = await run(command, {
  show: true,
  env: { SHOAL_LONG: long ? '1' : undefined },
});

const total = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
for (const { path, directory } of tested) {
  const file = join(directory, reportName);
  if (!existsSync(file)) {
    // With a filter a package may rightly have been left out; otherwise its runner died before it could report.
    if (options.length === 0) {
      total.failed++;
      console.log(`${path}: no report: its runner did not come to its end`);
    }
    continue;
  }
  const counts = read(JSON.parse(readFileSync(file, 'utf8')), directory);
  console.log(`${path}: ${line(counts)}`);
  for (const key of Object.keys(total)) total[key] += counts[key];
}
for (const skip of skips) console.log(`skipped: ${skip}`);
if (code !== 0 && total.failed === 0) {
  total.failed++;
  console.log(`turbo ended with ${code} though no test failed: see above`);
}
console.log(`${task} took ${((performance.now() - started) / 1000).toFixed(1)} s`);
console.log(line(total));
process.exitCode = total.failed === 0 ? 0 : 1;

/** Sums one runner's report. A file that could not even be loaded has no tests in it, and counts as one failure. */
function read(report, directory) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    let failedHere = 0;
    for (const { status, fullName, meta } of file.assertionResults) {
      if (status === 'passed') counts.passed++;
      else if (status === 'failed') failedHere++;
      else {
        counts.skipped++;
        skips.push(`${relative(root, directory)}: ${fullName.trim()}: ${meta?.skipReason ?? 'no reason given'}`);
      }
    }
    if (file.status === 'failed' && failedHere === 0) {
      failedHere = 1;
      console.log(`${relative(root, file.name)}: ${file.message.split('\n')[0]}`);
    }
    counts.failed += failedHere;
  }
  if (!report.success && counts.failed === 0) counts.failed = 1;
  return counts;
}

function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

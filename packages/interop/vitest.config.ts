import { testsOf } from '../../vitest.shared.ts';

// A file's transfers run at once, and two files: most of a transfer is waiting for the other client's first byte. Long
// tests are tried alone, for they measure.
export default testsOf(
  process.env.SHOAL_LONG === '1' ? { maxWorkers: 1 } : { testTimeout: 120_000, hookTimeout: 60_000 },
);

import { testsOf } from '../../vitest.shared.ts';

// One file after the other, one test after the other: each starts several programs of its own on two cores.
export default testsOf({ fileParallelism: false, testTimeout: 120_000, hookTimeout: 60_000 });

import { testsOf } from '../../vitest.shared.ts';

// Two files at a time: most of a transfer with Transmission or aria2 is waiting for their first byte.
export default testsOf({ testTimeout: 120_000, hookTimeout: 60_000 });

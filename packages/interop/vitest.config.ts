import { testsOf } from '../../vitest.shared.ts';

// A file's transfers run at once, and two files: most of a transfer is waiting for the other client's first byte. Long
// tests are tried alone, for they measure. With a checkout of libtorrent its torrents are compared, and nothing else is done.
export default testsOf({
  ...(process.env.SHOAL_LONG === '1' ? { maxWorkers: 1 } : { testTimeout: 120_000, hookTimeout: 60_000 }),
  ...(process.env.SHOAL_LIBTORRENT === undefined ? {} : { include: ['test/**/*.compare.ts'] }),
});

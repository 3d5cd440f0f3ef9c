import { libtorrent } from '../src/clients/libtorrent.ts';
import { testTransfers } from '../src/suite.ts';

testTransfers(
  libtorrent,
  'a file of 64 MiB',
  'a tree of 200 files',
  'pieces of 16 KiB',
  'pieces of 16 MiB',
  '2,000 small files',
);

import { rtorrent } from '../src/clients/rtorrent.ts';
import { testTransfers } from '../src/suite.ts';

testTransfers(rtorrent, 'a file of 64 MiB', 'a tree of 200 files');

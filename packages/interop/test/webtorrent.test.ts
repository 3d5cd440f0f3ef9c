import { webtorrent } from '../src/clients/webtorrent.ts';
import { testTransfers } from '../src/suite.ts';

testTransfers(webtorrent, 'a file of 64 MiB', 'a tree of 200 files');

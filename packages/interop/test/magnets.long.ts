// An info dictionary of over a MiB, of 5,000 files; and Transmission, which takes half a minute from its start to its first block.
import { libtorrent } from '../src/clients/libtorrent.ts';
import { transmission } from '../src/clients/transmission.ts';
import { testTransfers } from '../src/suite.ts';

testTransfers(libtorrent, 'a magnet link to 1.2 MB of metadata');
testTransfers(transmission, 'a magnet link to 40 KB of metadata');

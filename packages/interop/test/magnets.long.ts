// An info dictionary of over a MiB, of 5,000 files; and the clients that magnets.test.ts leaves out, of which Transmission takes half a
// minute from its start to its first block.
import { aria2 } from '../src/clients/aria2.ts';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { rtorrent } from '../src/clients/rtorrent.ts';
import { transmission } from '../src/clients/transmission.ts';
import { testTransfers } from '../src/suite.ts';

testTransfers(libtorrent, 'a magnet link to 1.2 MB of metadata');
for (const client of [aria2, rtorrent, transmission]) testTransfers(client, 'a magnet link to 40 KB of metadata');

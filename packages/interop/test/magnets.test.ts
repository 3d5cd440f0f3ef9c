// Magnet links that name a tracker: the info dictionary comes from the other client (BEP 9), in several pieces. The others are
// tried in magnets.long.ts.
import { libtorrent } from '../src/clients/libtorrent.ts';
import { webtorrent } from '../src/clients/webtorrent.ts';
import { testTransfers } from '../src/suite.ts';

for (const client of [libtorrent, webtorrent]) testTransfers(client, 'a magnet link to 40 KB of metadata');

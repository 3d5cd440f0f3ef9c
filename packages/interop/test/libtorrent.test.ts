import { libtorrent } from '../src/peers.ts';
import { testTransfers } from '../src/suite.ts';

testTransfers('libtorrent', 'libtorrent', libtorrent);

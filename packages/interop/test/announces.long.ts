// The other ways in which Transmission announces: a quarter of a minute each.
import { type AnnounceCase, testAnnounces } from '../src/announces.ts';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { transmission } from '../src/clients/transmission.ts';

const seeds = { seed: transmission, leech: libtorrent, scrapers: [transmission] } satisfies Partial<AnnounceCase>;
const leeches = { ...seeds, seed: libtorrent, leech: transmission, leechFirst: true };

testAnnounces([
  { ...leeches, protocol: 'http', family: 4 },
  { ...seeds, protocol: 'udp', family: 4 },
  { ...seeds, protocol: 'http', family: 6 },
  { ...leeches, protocol: 'http', family: 6 },
]);

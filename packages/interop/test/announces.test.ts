// Foreign clients announce to our tracker and scrape it, over HTTP and UDP, IPv4 and IPv6.
import { type AnnounceCase, testAnnounces } from '../src/announces.ts';
import { aria2 } from '../src/clients/aria2.ts';
import type { ForeignClient } from '../src/clients/foreign.ts';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { rtorrent } from '../src/clients/rtorrent.ts';
import { transmission } from '../src/clients/transmission.ts';
import { webtorrent } from '../src/clients/webtorrent.ts';

const [http, udp] = [{ protocol: 'http' }, { protocol: 'udp' }] as const;

function two(client: ForeignClient): Pick<AnnounceCase, 'seed' | 'leech' | 'scrapers'> {
  return { seed: client, leech: client, scrapers: [client] };
}

// What the README says that a client cannot do is left out. The slow ones come first.
testAnnounces([
  { ...two(transmission), leech: libtorrent, ...http, family: 4 },
  { ...two(transmission), seed: libtorrent, leechFirst: true, ...udp, family: 4 },
  { ...two(aria2), ...udp, family: 4, scrapers: [] },
  { ...two(webtorrent), ...udp, family: 4 },
  ...([4, 6] as const).flatMap((family) => [
    { ...two(aria2), ...http, family, scrapers: [] },
    { ...two(webtorrent), ...http, family },
    { ...two(libtorrent), ...http, family },
    { ...two(libtorrent), ...udp, family },
    { ...two(rtorrent), ...http, family },
    { ...two(rtorrent), ...udp, family, scrapers: [], finds: family === 4 },
  ]),
]);

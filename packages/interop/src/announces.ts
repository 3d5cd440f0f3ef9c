// One torrent's life at our tracker, with foreign clients alone: what it holds of them from their first word to their last, and
// that they find one another through it.
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createTorrent, readMetainfo } from '@shoal/metainfo/node';
import { formatEndpoint } from '@shoal/primitives';
import { MemorySwarmStore } from '@shoal/tracker';
import { createTrackerClient, TrackerServer } from '@shoal/tracker/node';
import { describe, expect, test } from 'vitest';
import type { ForeignClient, ForeignPeer } from './clients/foreign.ts';
import { transmission } from './clients/transmission.ts';
import { makeFile } from './payload.ts';
import { whyNoIPv6, whyNoNamespace, whyNot } from './programs.ts';
import { Scene } from './scene.ts';

export interface AnnounceCase {
  readonly seed: ForeignClient;
  /** Another client, where two of a kind do not dial one another on loopback. */
  readonly leech: ForeignClient;
  readonly protocol: 'http' | 'udp';
  readonly family: 4 | 6;
  /** Who scrapes, as who of them can: the README has the list. */
  readonly scrapers: readonly ForeignClient[];
  /** False where the leech cannot read the peers of a right answer. */
  readonly finds?: boolean;
  /** The leech comes first, where it waits to be dialled. */
  readonly leechFirst?: boolean;
}

const NAME = 'tracker.test';
const STEP_MS = 20_000;
const infoHashOf = async (torrent: string): Promise<Uint8Array> => (await readMetainfo(torrent)).infoHash.wireKey;

/** Registers them; one that cannot run here is skipped, and its name says why. */
export function testAnnounces(cases: readonly AnnounceCase[]): void {
  describe.concurrent('announces to our tracker', () => {
    for (const { seed, leech, protocol, family, scrapers, finds = true, leechFirst = false } of cases) {
      const clients = [seed, leech];
      const takesNames = family === 6 && clients.includes(transmission);
      const reason =
        whyNot(seed.program, leech.program) ??
        (family === 6 ? whyNoIPv6() : undefined) ??
        (takesNames ? whyNoNamespace() : undefined);
      const what = `${seed.name} seeds, ${leech.name} leeches over ${protocol}, IPv${family}`;

      test(reason ? `${what} (skipped: ${reason})` : what, { skip: reason !== undefined }, async ({
        onTestFinished,
      }) => {
        const scene = await Scene.enter();
        onTestFinished(() => scene.leave());
        const host = family === 4 ? '127.0.0.1' : '::1';
        const store = new MemorySwarmStore({ random: Math.random });
        const server = new TrackerServer({ store, http: { host }, udp: { host } });
        await server.listen();
        onTestFinished(() => server.close());
        const urls = { http: server.urlFor(host), udp: server.udpUrlFor(host) };

        const payload = await makeFile(scene.path('source'), 300_000);
        const make = async (url: string): Promise<string> => {
          const path = scene.path(`at-${new URL(url).hostname.replaceAll(/\W/g, '')}.torrent`);
          await writeFile(path, (await createTorrent(payload, { announce: [[url]] })).bytes);
          return path;
        };
        const plain = await make(urls[protocol]);
        const named = await make(urls[protocol].replace('[::1]', NAME));
        const infoHash = await infoHashOf(plain);
        const hosts = scene.path('hosts');
        await writeFile(hosts, `::1 ${NAME}\n`);
        const start = (client: ForeignClient, role: 'seed' | 'leech'): Promise<ForeignPeer> =>
          client.start(scene, {
            torrent: takesNames && client === transmission ? named : plain,
            dir: role === 'seed' ? dirname(payload) : scene.path('arrived'),
            role,
            tracker: protocol,
            scrape: scrapers.includes(client),
            stays: true,
            ...(family === 6 ? { host } : {}),
            ...(takesNames && client === transmission ? { hosts } : {}),
          });

        /** Seeders, leechers, completed downloads. */
        const held = (): string | undefined => {
          const counts = store.scrape(infoHash, performance.now());
          return counts ? [counts.seeders, counts.leechers, counts.completed].join() : undefined;
        };
        const untilHeld = (expected: string): Promise<void> =>
          scene.until(`the tracker holds ${expected}`, STEP_MS, () => held() === expected);
        const leave = (peer: ForeignPeer): Promise<void> => peer.leave?.() ?? scene.interrupt(peer.running);

        const first = leechFirst ? await start(leech, 'leech') : await start(seed, 'seed');
        await untilHeld(leechFirst ? '0,1,0' : '1,0,0');
        const second = leechFirst ? await start(seed, 'seed') : await start(leech, 'leech');
        await untilHeld(finds ? '2,0,1' : '1,1,0');

        const wanted = clients.filter((client) => scrapers.includes(client)).length;
        const scrapes = (): number => server.counters[`${protocol}Scrapes`];
        await scene.until(`${wanted} scrapes`, STEP_MS, () => scrapes() >= wanted);
        const { counters } = server;
        const other = protocol === 'http' ? 'udp' : 'http';
        expect([counters[`${other}Announces`], counters[`${other}Scrapes`]]).toEqual([0, 0]);
        expect([counters.refusals, counters.malformed, counters.staleIds, counters.limited]).toEqual([0, 0, 0, 0]);

        // From outside: what it holds it tells anybody, over either protocol.
        const client = createTrackerClient();
        onTestFinished(() => client.close());
        const counts = finds ? { seeders: 2, leechers: 0, completed: 1 } : { seeders: 1, leechers: 1, completed: 0 };
        const asker = { infoHash, peerId: new Uint8Array(20).fill(0x61), uploaded: 0, downloaded: 0, left: 1 };
        for (const url of [urls.http, urls.udp]) {
          expect(await client.scrape(url, [infoHash])).toMatchObject([counts]);
          // Who listens nowhere is not listed.
          const { peers } = await client.announce(url, { ...asker, port: 0, key: 1 });
          expect(peers.map(formatEndpoint).toSorted()).toEqual([first.address, second.address].toSorted());
        }

        const { completed } = counts;
        await leave(leechFirst ? first : second);
        await untilHeld(`1,0,${completed}`);
        await leave(leechFirst ? second : first);
        await untilHeld(`0,0,${completed}`);
      });
    }
  });
}

// opentracker and our tracker hear the same announces and scrapes: what they answer agrees but for order, intervals and what
// the tracker's README names. SHOAL_SEED repeats a run.
import { seededRandom } from '@shoal/testkit';
import type { AnnounceEvent, AnnounceResponse, ScrapeCounts } from '@shoal/tracker';
import { createTrackerClient, type TrackerClient, TrackerServer } from '@shoal/tracker/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { whyNot } from '../src/programs.ts';
import { Scene } from '../src/scene.ts';
import { opentracker } from '../src/trackers.ts';

const SEED = process.env.SHOAL_SEED ?? String(Date.now());
const STEPS = 150;
const PROTOCOLS = ['http', 'udp'] as const;
type Protocol = (typeof PROTOCOLS)[number];

const infoHash = new Uint8Array(20).fill(0xab);
const strange = new Uint8Array(20).fill(0xac);

/** A peer is a number, and has an address of its own. */
const hostOf = (peer: number): string => `127.0.1.${peer}`;
const portOf = (peer: number): number => 1_000 + peer;
const nameOf = (peer: number): string => `${hostOf(peer)}:${portOf(peer)}`;

interface Step {
  readonly peer: number;
  readonly left: number;
  readonly event?: AnnounceEvent;
  readonly numwant?: number;
}

interface Told {
  readonly seeders: number | null;
  readonly leechers: number | null;
  readonly peers: readonly string[];
}

type Urls = Readonly<Record<Protocol, string>>;

class TwoTrackers {
  readonly theirs: Urls;
  readonly ours: Urls;
  readonly #clients = new Map<number, TrackerClient>();

  private constructor(theirs: Urls, ours: Urls) {
    this.theirs = theirs;
    this.ours = ours;
  }

  static async start(): Promise<TwoTrackers> {
    const scene = await Scene.enter();
    onTestFinished(() => scene.leave());
    const { url, allow } = await opentracker(scene, 'http');
    await allow('ab'.repeat(20));
    const host = '127.0.0.1';
    const server = new TrackerServer({ http: { host }, udp: { host } });
    await server.listen();
    onTestFinished(() => server.close());
    return new TwoTrackers(
      { http: url, udp: url.replace('http:', 'udp:') },
      { http: server.urlFor(host), udp: server.udpUrlFor(host) },
    );
  }

  async announce(protocol: Protocol, step: Step): Promise<readonly [theirs: Told, ours: Told]> {
    const { peer, left, event, numwant = 50 } = step;
    const request = {
      infoHash,
      peerId: new Uint8Array(20).fill(peer),
      port: portOf(peer),
      uploaded: 0,
      downloaded: 0,
      left,
      ...(event === undefined ? {} : { event }),
      numwant,
      key: peer,
    };
    const client = this.#clientOf(peer);
    return [
      toldOf(await client.announce(this.theirs[protocol], request)),
      toldOf(await client.announce(this.ours[protocol], request)),
    ];
  }

  async scrape(protocol: Protocol): Promise<readonly [theirs: Counts, ours: Counts]> {
    const client = this.#clientOf(250);
    const [theirs] = await client.scrape(this.theirs[protocol], [infoHash]);
    const [ours] = await client.scrape(this.ours[protocol], [infoHash]);
    return [countsOf(theirs), countsOf(ours)];
  }

  #clientOf(peer: number): TrackerClient {
    const known = this.#clients.get(peer);
    if (known) return known;
    const client = createTrackerClient({ bind: hostOf(peer) });
    onTestFinished(() => client.close());
    this.#clients.set(peer, client);
    return client;
  }
}

type Counts = Pick<ScrapeCounts, 'seeders' | 'leechers' | 'completed'>;

/** A torrent that is left out is one with nobody in it: ours forgets it sooner. */
function countsOf(counts: ScrapeCounts | null | undefined): Counts {
  return { seeders: counts?.seeders ?? 0, leechers: counts?.leechers ?? 0, completed: counts?.completed ?? 0 };
}

function toldOf({ seeders, leechers, peers }: AnnounceResponse): Told {
  return {
    seeders: seeders ?? null,
    leechers: leechers ?? null,
    peers: peers.map(({ host, port }) => `${host}:${port}`).toSorted(),
  };
}

/** What each peer of the swarm has left, by what was announced. */
type Swarm = Map<number, number>;

/** Holds both answers to one another: our peers are theirs without the asker, and for a seed without the seeds. */
function expectAgreement([theirs, ours]: readonly [Told, Told], step: Step, swarm: Swarm, about: string): void {
  const { peer, left, numwant = 50, event } = step;
  if (event === 'stopped') swarm.delete(peer);
  else swarm.set(peer, left);
  expect([ours.seeders, ours.leechers], about).toEqual([theirs.seeders, theirs.leechers]);
  const leeches = [...swarm.values()].filter((rest) => rest > 0).length;
  expect([ours.seeders, ours.leechers], about).toEqual([swarm.size - leeches, leeches]);
  const others = [...swarm.keys()].filter((other) => other !== peer);
  const useful = others.filter((other) => left > 0 || (swarm.get(other) as number) > 0).map(nameOf);
  const members = new Set([...swarm.keys()].map(nameOf));
  const isEnough = numwant >= swarm.size;
  if (event === 'stopped') {
    expect([theirs.peers, ours.peers], about).toEqual([[], []]);
  } else if (isEnough) {
    expect(theirs.peers, about).toEqual([...members].toSorted());
    expect(ours.peers, about).toEqual(useful.toSorted());
  } else {
    expect(theirs.peers, about).toHaveLength(numwant);
    expect(ours.peers, about).toHaveLength(Math.min(numwant, useful.length));
    expect(theirs.peers.every((name) => members.has(name))).toBe(true);
    expect(ours.peers.every((name) => useful.includes(name))).toBe(true);
  }
}

const reason = whyNot('opentracker');
const title = reason ? `opentracker and ours (skipped: ${reason})` : 'opentracker and ours';

describe(title, { skip: reason !== undefined }, () => {
  test(`${STEPS} announces and scrapes over HTTP and UDP in turn are answered alike (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const pick = <T>(values: readonly T[]): T => values[random.int(values.length)] as T;
    const trackers = await TwoTrackers.start();
    const swarm: Swarm = new Map();
    let completed = 0;
    for (let at = 0; at < STEPS; at++) {
      const peer = 1 + random.int(12);
      const left = swarm.get(peer);
      const numwant = pick([50, 50, 50, 0, 1, 3]);
      const step: Step =
        left === undefined
          ? { peer, left: pick([0, 7]), event: 'started', numwant }
          : left > 0
            ? pick([
                { peer, left, numwant },
                { peer, left, event: 'stopped', numwant },
                { peer, left: 0, event: 'completed', numwant },
              ])
            : pick([
                { peer, left: 0, numwant },
                { peer, left: 0, event: 'stopped', numwant },
              ]);
      const protocol = pick(PROTOCOLS);
      const about = `step ${at}, ${protocol}, ${JSON.stringify(step)}, seed ${SEED}`;
      expectAgreement(await trackers.announce(protocol, step), step, swarm, about);
      if (step.event === 'completed') completed++;
      if (at % 5 > 0) continue;
      for (const scraped of await trackers.scrape(pick(PROTOCOLS))) {
        const seeders = [...swarm.values()].filter((rest) => rest === 0).length;
        expect(scraped, about).toEqual({ seeders, leechers: swarm.size - seeders, completed });
      }
    }
  });

  test.for(PROTOCOLS)('over %s: a goodbye of somebody unknown, and a swarm that all have left', async (protocol) => {
    const trackers = await TwoTrackers.start();
    const swarm: Swarm = new Map();
    const steps: readonly Step[] = [
      { peer: 1, left: 0, event: 'started' },
      { peer: 2, left: 0, event: 'stopped' },
      { peer: 1, left: 0, event: 'stopped' },
      { peer: 1, left: 0, event: 'stopped' },
    ];
    for (const step of steps) {
      expectAgreement(await trackers.announce(protocol, step), step, swarm, JSON.stringify(step));
    }
    const [theirs, ours] = await trackers.scrape(protocol);
    expect(ours).toEqual({ seeders: 0, leechers: 0, completed: 0 });
    expect(theirs).toEqual(ours);
  });

  test('a torrent that nobody announced is left out of an HTTP scrape', async () => {
    const { theirs, ours } = await TwoTrackers.start();
    const client = createTrackerClient();
    onTestFinished(() => client.close());
    expect(await client.scrape(theirs.http, [strange])).toEqual([null]);
    expect(await client.scrape(ours.http, [strange])).toEqual([null]);
  });

  describe('differs, as the README says', () => {
    test('completed counts for who was seen downloading, each time; theirs for anybody, once', async () => {
      const trackers = await TwoTrackers.start();
      await trackers.announce('http', { peer: 1, left: 0, event: 'completed' });
      expect((await trackers.scrape('http')).map((counts) => counts.completed)).toEqual([1, 0]);
      await trackers.announce('http', { peer: 1, left: 7 });
      await trackers.announce('http', { peer: 1, left: 0, event: 'completed' });
      expect((await trackers.scrape('http')).map((counts) => counts.completed)).toEqual([1, 1]);
    });

    test('a partial seed gets no seeds (BEP 21)', async () => {
      const trackers = await TwoTrackers.start();
      await trackers.announce('udp', { peer: 1, left: 0 });
      await trackers.announce('udp', { peer: 2, left: 7 });
      const [theirs, ours] = await trackers.announce('http', { peer: 3, left: 5, event: 'paused' });
      expect(theirs.peers).toEqual([1, 2, 3].map(nameOf));
      expect(ours.peers).toEqual([nameOf(2)]);
      expect([ours.seeders, ours.leechers]).toEqual([theirs.seeders, theirs.leechers]);
    });

    test('who wants dictionaries, and who says no id', async () => {
      const { theirs, ours } = await TwoTrackers.start();
      const hash = '%ab'.repeat(20);
      const ask = async (url: string, query: string): Promise<readonly [number, string]> => {
        const response = await fetch(`${url}?info_hash=${hash}&port=9&left=1${query}`);
        return [response.status, Buffer.from(await response.arrayBuffer()).toString('latin1')];
      };
      const dictionaries = `&compact=0&peer_id=${'x'.repeat(20)}`;
      expect((await ask(theirs.http, dictionaries))[0]).toBe(400);
      expect((await ask(ours.http, dictionaries))[1]).toContain('5:peersle');
      expect((await ask(theirs.http, ''))[1]).toContain('5:peers6:');
      expect(await ask(ours.http, '')).toEqual([200, 'd14:failure reason18:peer_id is missinge']);
    });
  });
});

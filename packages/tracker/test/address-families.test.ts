// BEP 7: a tracker with addresses of both families is told, and asked, over each.
import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import {
  type AnnounceResponse,
  decodeUdpRequest,
  encodeAnnounce,
  encodeFailure,
  encodeUdpAnnounceAnswer,
  encodeUdpConnectAnswer,
} from '../src/index.ts';
import { announceOf } from './announces.ts';
import { clientFor, HAS_IPV6, httpServer, udpServer } from './loopback.ts';

const request = announceOf({ event: 'started', key: 0xcafe });
const FOUR = { host: '10.0.0.4', port: 4 };
const SIX = { host: '2001:db8::6', port: 6 };
const BOTH = { host: '10.0.0.46', port: 46 };
const lookup = async (): Promise<string[]> => ['::1', '127.0.0.1'];
const dual = test.extend<{ ipv6: undefined }>({
  ipv6: [
    async ({ skip }, use) => {
      skip(!HAS_IPV6, 'this machine has no ::1');
      await use(undefined);
    },
    { auto: true },
  ],
});

/** Something at one port of both loopback addresses; another port is tried where the second is taken. */
async function onBoth(listen: (family: 4 | 6, port: number) => Promise<number>): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    const port = await listen(4, 0);
    try {
      return await listen(6, port);
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

/** A tracker over HTTP on both; answers its announce URL by name. */
async function httpTracker(four: RequestListener, six: RequestListener): Promise<string> {
  const port = await onBoth(async (family, wanted) => {
    const origin = await httpServer(family === 4 ? four : six, family === 4 ? '127.0.0.1' : '::1', wanted);
    return Number(new URL(origin).port);
  });
  return `http://t.example:${port}/announce`;
}

const answers =
  (bytes: Uint8Array): RequestListener =>
  (_, response) =>
    void response.end(bytes);
const ANSWER_FOUR = encodeAnnounce({
  interval: 900,
  seeders: 3,
  leechers: 1,
  peers: [FOUR, BOTH, { host: '10.0.0.9', port: 6881 }],
  externalIp: '10.0.0.9',
});
const ANSWER_SIX = encodeAnnounce({ interval: 1_200, minInterval: 60, seeders: 2, leechers: 5, peers: [BOTH, SIX] });

/** A UDP tracker on both, silent on those not in `alive`; answers its URL and what it hears of announces. */
async function udpTracker(alive: readonly (4 | 6)[]): Promise<{ url: string; heard: string[] }> {
  const heard: string[] = [];
  const port = await onBoth(async (family, wanted) => {
    const server = await udpServer(
      (bytes, from, socket) => {
        const asked = decodeUdpRequest(bytes);
        if (asked.action === 'announce') heard.push(`${family} ${asked.request.event} ${asked.request.key}`);
        if (!alive.includes(family)) return;
        const answer =
          asked.action === 'connect'
            ? encodeUdpConnectAnswer(asked.transactionId, new Uint8Array(8).fill(family))
            : encodeUdpAnnounceAnswer(
                asked.transactionId,
                { interval: 900, seeders: family, leechers: 0, peers: [FOUR, SIX] },
                family,
              );
        socket.send(answer, from.port, from.address);
      },
      family,
      wanted,
    );
    return server.port;
  });
  return { url: `udp://t.example:${port}`, heard };
}

dual('HTTP: both are announced to with the same key, and their answers become one', async () => {
  const seen: string[] = [];
  const listening =
    (family: number, bytes: Uint8Array): RequestListener =>
    (incoming, response) => {
      const query = new URL(incoming.url ?? '', 'http://t.example').searchParams;
      seen.push(`${family} ${query.get('event')} ${query.get('key')}`);
      response.end(bytes);
    };
  const url = await httpTracker(listening(4, ANSWER_FOUR), listening(6, ANSWER_SIX));
  expect(await clientFor({ lookup }).announce(url, request)).toEqual({
    interval: 1_200,
    minInterval: 60,
    seeders: 3,
    leechers: 5,
    // Ourselves at 10.0.0.9:6881 are not among them.
    peers: [FOUR, BOTH, SIX],
    warning: null,
    trackerId: null,
    externalIp: '10.0.0.9',
  });
  expect(seen.sort()).toEqual(['4 started 0000CAFE', '6 started 0000CAFE']);
});

dual('UDP: both are announced to with the same key, each answers peers of its own family', async () => {
  const { url, heard } = await udpTracker([4, 6]);
  expect(await clientFor({ lookup }).announce(url, request)).toMatchObject({ peers: [FOUR, SIX], seeders: 6 });
  expect(heard.sort()).toEqual([`4 started ${0xcafe}`, `6 started ${0xcafe}`]);
});

dual('the name is looked up once for both', async () => {
  let lookups = 0;
  const url = await httpTracker(answers(ANSWER_FOUR), answers(ANSWER_SIX));
  await clientFor({
    lookup: () => {
      lookups++;
      return lookup();
    },
  }).announce(url, request);
  expect(lookups).toBe(1);
});

dual.each([4, 6] as const)('HTTP: when IPv%i refuses, breaks or says no, the other counts', async (dead) => {
  for (const broken of [answers(encodeFailure('no')), answers(Uint8Array.of(1))]) {
    const url = await httpTracker(
      dead === 4 ? broken : answers(ANSWER_FOUR),
      dead === 6 ? broken : answers(ANSWER_SIX),
    );
    const { peers } = await clientFor({ lookup }).announce(url, request);
    expect(peers).toContainEqual(dead === 4 ? SIX : FOUR);
  }
  // Nobody listens at all.
  const origin = await httpServer(answers(ANSWER_FOUR), dead === 4 ? '::1' : '127.0.0.1');
  const response = await clientFor({ lookup }).announce(`http://t.example:${new URL(origin).port}/announce`, request);
  expect(response).toMatchObject({ interval: 900 });
});

dual.each([4, 6] as const)('UDP: a silent IPv%i keeps the other waiting for a moment only', async (dead) => {
  const { url } = await udpTracker([dead === 4 ? 6 : 4]);
  // It would be silent for a minute.
  const response = await clientFor({ lookup, graceMs: 20 }).announce(url, request);
  expect(response.peers).toEqual([dead === 4 ? SIX : FOUR]);
});

dual('what the slower family says later is told', async () => {
  let release: () => void = () => undefined;
  const url = await httpTracker(answers(ANSWER_FOUR), (_, response) => {
    release = () => void response.end(ANSWER_SIX);
  });
  const client = clientFor({ lookup, graceMs: 20 });
  const late = new Promise<AnnounceResponse>((resolve) => {
    void client.announce(url, request, undefined, resolve).then(({ peers }) => {
      expect(peers).toEqual([FOUR, BOTH]);
      release();
    });
  });
  expect((await late).peers).toEqual([BOTH, SIX]);
});

dual('the next announce ends what an earlier one left under way: no started after stopped', async () => {
  const heard: (string | null)[] = [];
  let onClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });
  const url = await httpTracker(answers(ANSWER_FOUR), (incoming, response) => {
    const event = new URL(incoming.url ?? '', 'http://t.example').searchParams.get('event');
    heard.push(event);
    if (event === 'stopped') response.end(ANSWER_SIX);
    else response.on('close', onClosed);
  });
  const client = clientFor({ lookup, graceMs: 20 });
  await client.announce(url, request);
  await client.announce(url, { ...request, event: 'stopped' });
  await closed;
  expect(heard).toEqual(['started', 'stopped']);
});

dual('when both fail it says what the tracker said, before what the network said', async () => {
  const url = await httpTracker((_, response) => void response.socket?.destroy(), answers(encodeFailure('banned')));
  await expect(clientFor({ lookup }).announce(url, request)).rejects.toMatchObject({
    message: 'the tracker refuses: banned',
  });
  const silent = await udpTracker([]);
  await expect(clientFor({ lookup, udpTimeoutMs: 40 }).announce(silent.url, request)).rejects.toMatchObject({
    code: 'ERR_TRACKER_TIMEOUT',
  });
});

dual('the caller’s signal ends both', async () => {
  const { url } = await udpTracker([]);
  const abort = new AbortController();
  const announced = clientFor({ lookup }).announce(url, request, abort.signal);
  abort.abort(new Error('enough'));
  await expect(announced).rejects.toThrow('enough');
});

test('a client for one family uses that one', async () => {
  const heard: string[] = [];
  const origin = await httpServer((_, response) => {
    heard.push('4');
    response.end(ANSWER_FOUR);
  });
  const client = clientFor({ lookup, family: 4 });
  await client.announce(`http://t.example:${new URL(origin).port}/announce`, request);
  expect(heard).toEqual(['4']);
});

import { expect, test } from 'vitest';
import {
  decodeUdpRequest,
  encodeUdpAnnounceAnswer,
  encodeUdpConnectAnswer,
  encodeUdpError,
  UdpExchange,
  type UdpExchangeOptions,
} from '../src/index.ts';
import { announceOf } from './announces.ts';

const request = announceOf();
const id = Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9);

function exchangeAt(now: number, options: Partial<UdpExchangeOptions> = {}): UdpExchange {
  let next = 1;
  const question = { kind: 'announce', request, urlData: '' } as const;
  return new UdpExchange({ question, family: 4, now, random: () => next++ / 0x1_0000_0000, ...options });
}

/** What the exchange sends now, in short. */
function sends(exchange: UdpExchange): string | undefined {
  const bytes = exchange.poll();
  return bytes && `${decodeUdpRequest(bytes).action} ${decodeUdpRequest(bytes).transactionId}`;
}

const answer = (transactionId: number): Uint8Array =>
  encodeUdpAnnounceAnswer(transactionId, { interval: 900, seeders: 1, leechers: 2, peers: [] }, 4);

test('connect, then announce', () => {
  const exchange = exchangeAt(0);
  expect(sends(exchange)).toBe('connect 1');
  expect(sends(exchange)).toBeUndefined();
  expect(exchange.receive(encodeUdpConnectAnswer(1, id), 100)).toBe(true);
  expect(sends(exchange)).toBe('announce 2');
  expect(exchange.receive(answer(2), 200)).toBe(true);
  expect(exchange.outcome).toMatchObject({ kind: 'announce', response: { interval: 900, seeders: 1, leechers: 2 } });
  expect(exchange.connection).toEqual({ id, since: 100 });
  expect(exchange.nextWake()).toBe(Number.POSITIVE_INFINITY);
});

/** Lets time pass to each wake-up until `end` seconds; answers "second action". */
function timeline(exchange: UdpExchange, end: number): string[] {
  const events: string[] = [];
  for (;;) {
    const wake = exchange.nextWake();
    if (wake > end * 1_000) return events;
    exchange.tick(wake - 1);
    expect(exchange.poll()).toBeUndefined();
    exchange.tick(wake);
    events.push(`${wake / 1_000} ${sends(exchange)?.split(' ')[0]}`);
  }
}

test('connect times out: the timetable of BEP 15', () => {
  const exchange = exchangeAt(0);
  exchange.poll();
  expect(timeline(exchange, 300)).toEqual(['15 connect', '45 connect', '105 connect', '225 connect']);
});

test('announce times out: connects again once the id is a minute old (BEP 15)', () => {
  const exchange = exchangeAt(0);
  exchange.poll();
  exchange.receive(encodeUdpConnectAnswer(1, id), 1_000);
  exchange.receive(encodeUdpConnectAnswer(1, id), 2_000);
  // The BEP's own example says 2 for the announce; ours leaves with the connect answer, at 1.
  expect(sends(exchange)).toBe('announce 2');
  expect(timeline(exchange, 300)).toEqual(['16 announce', '46 announce', '106 connect', '226 connect']);
});

test('the wait does not grow past 15 * 2^8 s', () => {
  const exchange = exchangeAt(0);
  exchange.poll();
  const events = timeline(exchange, 40_000).map((event) => Number.parseInt(event, 10));
  const waits = events.slice(1).map((at, index) => at - (events[index] ?? 0));
  expect(Math.max(...waits)).toBe(3_840);
});

test('a retransmission keeps its transaction id, so that a late answer counts', () => {
  const exchange = exchangeAt(0);
  expect(sends(exchange)).toBe('connect 1');
  exchange.tick(15_000);
  expect(sends(exchange)).toBe('connect 1');
});

test('an id of an earlier exchange saves the connect, while it is fresh', () => {
  expect(sends(exchangeAt(59_999, { connection: { id, since: 0 } }))).toBe('announce 1');
  expect(sends(exchangeAt(60_000, { connection: { id, since: 0 } }))).toBe('connect 1');
});

test('an inherited id that the tracker refuses leads to a connect, once', () => {
  const exchange = exchangeAt(0, { connection: { id, since: 0 } });
  expect(sends(exchange)).toBe('announce 1');
  exchange.receive(encodeUdpError(1, 'bad connection id'), 10);
  expect(sends(exchange)).toBe('connect 2');
  exchange.receive(encodeUdpConnectAnswer(2, id), 20);
  expect(sends(exchange)).toBe('announce 3');
  exchange.receive(encodeUdpError(3, 'unregistered'), 30);
  expect(exchange.outcome).toMatchObject({ kind: 'failed', error: { message: 'the tracker refuses: unregistered' } });
});

test('other transaction ids, other actions, datagrams that are too short and late ones change nothing', () => {
  const exchange = exchangeAt(0);
  exchange.poll();
  expect(exchange.receive(encodeUdpConnectAnswer(2, id), 1)).toBe(false);
  expect(exchange.receive(encodeUdpError(2, 'no'), 1)).toBe(false);
  expect(exchange.receive(answer(1), 1)).toBe(false);
  expect(exchange.receive(new Uint8Array(7), 1)).toBe(false);
  expect(exchange.outcome).toBeUndefined();
  exchange.receive(encodeUdpConnectAnswer(1, id), 1);
  exchange.receive(answer(2), 1);
  const { outcome } = exchange;
  expect(exchange.receive(encodeUdpError(2, 'no'), 2)).toBe(false);
  expect(exchange.outcome).toBe(outcome);
});

test('an answer that cannot be read is a failure', () => {
  const exchange = exchangeAt(0, { connection: { id, since: 0 } });
  exchange.receive(answer(1).subarray(0, 12), 1);
  expect(exchange.outcome).toMatchObject({ kind: 'failed', error: { code: 'ERR_TRACKER_MALFORMED' } });
});

test('a question that cannot be sent is refused when it is asked', () => {
  const infoHash = new Uint8Array(32);
  const question = { kind: 'announce', request: { ...request, infoHash }, urlData: '' } as const;
  expect(() => exchangeAt(0, { question })).toThrow(RangeError);
});

import { expect, test } from 'vitest';
import type { PexPeerInfo } from '../src/index.ts';
import { PexBook } from '../src/pex-book.ts';

test('connections whose end nobody tells do not gather', () => {
  const peers: PexPeerInfo[] = [{ address: '1.0.0.1:6881', outgoing: true }];
  const book = new PexBook({ private: false, peers: () => peers, offerPeers: () => undefined });
  for (let port = 1; port < 10_000; port++) {
    book.enter({ address: `1.0.0.2:${port}`, contact: { host: '1.0.0.2', port: 6_881, flags: 0 } });
    expect(book.size).toBeLessThan(200);
  }
  expect([...book.contacts(0).keys()]).toEqual(['1.0.0.1:6881']);
});

test('the peers are looked at once a second, however many ask', () => {
  let looks = 0;
  const peers = (): readonly PexPeerInfo[] => {
    looks++;
    return [];
  };
  const book = new PexBook({ private: false, peers, offerPeers: () => undefined });
  for (let now = 0; now < 3_000; now += 100) book.contacts(now);
  expect(looks).toBe(3);
});

test('two connections to one peer are one contact', () => {
  const peers: PexPeerInfo[] = [
    { address: '1.0.0.1:6881', outgoing: true },
    { address: '1.0.0.1:50000', outgoing: false },
  ];
  const book = new PexBook({ private: false, peers: () => peers, offerPeers: () => undefined });
  book.enter({ address: '1.0.0.1:50000', contact: { host: '1.0.0.1', port: 6_881, flags: 0 } });
  expect(book.contacts(0).size).toBe(1);
});

import { expect, test } from 'vitest';
import { PEX_FLAG } from '../src/index.ts';
import { TestTorrent } from './harness.ts';

const NOTHING = { added: [], dropped: [] };

test('peers hear of each other soon after the handshake, and not of themselves', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  expect(a.told(0)).toEqual(NOTHING);
  const b = torrent.accept('1.0.0.2:50000').meet({ p: 7_000 });
  expect(b.told(1_000)).toEqual({ added: ['1.0.0.1:6881'], dropped: [] });
  expect(a.told(4_999)).toEqual(NOTHING);
  expect(a.told(5_000)).toEqual({ added: ['1.0.0.2:7000'], dropped: [] });
});

test('then at most one message a minute, and none where nothing changed', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  const b = torrent.dial('1.0.0.2:6881').meet();
  expect(a.told(0).added).toEqual(['1.0.0.2:6881']);
  torrent.dial('1.0.0.3:6881');
  for (let now = 1_000; now < 60_000; now += 1_000) expect(a.told(now)).toEqual(NOTHING);
  expect(a.extension.nextWake?.()).toBe(60_000);
  torrent.leave(b);
  expect(a.told(60_000)).toEqual({ added: ['1.0.0.3:6881'], dropped: ['1.0.0.2:6881'] });
  expect(a.told(120_000)).toEqual(NOTHING);
});

test('who came and went between two messages is never told of', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  torrent.dial('1.0.0.2:6881');
  expect(a.told(0).added).toHaveLength(1);
  torrent.leave(torrent.dial('1.0.0.3:6881'));
  expect(a.told(60_000)).toEqual(NOTHING);
});

test('at most fifty are added and fifty dropped in a message', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  const others = Array.from({ length: 70 }, (_, index) => torrent.dial(`2.0.0.${index + 1}:6881`));
  expect(a.told(0).added).toHaveLength(50);
  expect(a.told(60_000).added).toHaveLength(20);
  for (const other of others) torrent.leave(other);
  expect(a.told(120_000)).toMatchObject({ added: [], dropped: expect.objectContaining({ length: 50 }) });
  expect(a.told(180_000).dropped).toHaveLength(20);
});

test('only those are told of whose listening address is known', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  torrent.accept('1.0.0.2:50000').meet();
  torrent.accept('1.0.0.3:50000');
  torrent.accept('1.0.0.4:50000').meet({ p: 70_000 });
  torrent.dial('name.example:6881').meet();
  torrent.accept('somewhere').meet({ p: 6_881 });
  expect(a.told(0)).toEqual(NOTHING);
});

test('of a peer without the extension protocol what was dialled is known', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  torrent.dial('[2001:db8::1]:6881', { uploadOnly: true, utp: true });
  a.told(0);
  const b = torrent.dial('1.0.0.2:6881').meet();
  b.extension.onTick?.(1_000);
  expect(b.sent[0]?.added).toEqual([
    { host: '1.0.0.1', port: 6_881, flags: PEX_FLAG.reachable },
    { host: '2001:db8::1', port: 6_881, flags: PEX_FLAG.reachable | PEX_FLAG.uploadOnly | PEX_FLAG.utp },
  ]);
});

test('flags come from the handshake', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  torrent.accept('1.0.0.2:50000').meet({ p: 1, e: 1, upload_only: 1, m: { ut_pex: 1, ut_holepunch: 4 } });
  a.extension.onTick?.(0);
  expect(a.sent[0]?.added[0]?.flags).toBe(PEX_FLAG.prefersEncryption | PEX_FLAG.uploadOnly | PEX_FLAG.holepunch);
});

test('addresses of a neighbourhood stay in it', () => {
  const torrent = new TestTorrent();
  const [everywhere, site, host] = ['1.0.0.1', '10.0.0.1', '127.0.0.2'].map((ip) => torrent.dial(`${ip}:1`).meet());
  expect(everywhere?.told(0)).toEqual(NOTHING);
  expect(site?.told(0).added).toEqual(['1.0.0.1:1']);
  expect(host?.told(0).added).toEqual(['1.0.0.1:1', '10.0.0.1:1']);
});

test('a connection whose end was not told is not told of', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  const b = torrent.accept('1.0.0.2:50000').meet({ p: 7_000 });
  expect(a.told(0).added).toEqual(['1.0.0.2:7000']);
  torrent.lose(b);
  expect(a.told(60_000).dropped).toEqual(['1.0.0.2:7000']);
});

test('what is heard is offered', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  a.says([{ host: '3.3.3.3' }, { host: '2001:db8::3', port: 1 }], 0);
  expect(torrent.offered).toEqual(['3.3.3.3:6881', '[2001:db8::3]:1']);
});

test('port 0, ourselves, nobody, and the same twice are left out', () => {
  const torrent = new TestTorrent();
  torrent.own = ['4.4.4.4:6881'];
  const a = torrent.dial('1.0.0.1:6881').meet();
  const hosts = ['4.4.4.4', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::', 'ff02::1', '5.5.5.5', '5.5.5.5'];
  a.says([{ host: '6.6.6.6', port: 0 }, ...hosts.map((host) => ({ host }))], 0);
  expect(torrent.offered).toEqual(['5.5.5.5:6881']);
});

const LOCAL = ['127.0.0.1', '10.1.1.1', '172.16.1.1', '192.168.1.1', '169.254.1.1', 'fd00::1', 'fe80::1', '::1'];

test('local addresses from a peer that is not local itself are left out', () => {
  const torrent = new TestTorrent();
  torrent
    .dial('1.0.0.1:6881')
    .meet()
    .says(
      LOCAL.map((host) => ({ host })),
      0,
    );
  torrent
    .dial('[2001:db8::1]:6881')
    .meet()
    .says(
      LOCAL.map((host) => ({ host })),
      0,
    );
  expect(torrent.offered).toEqual([]);
  torrent
    .dial('127.0.0.9:6881')
    .meet()
    .says(
      LOCAL.map((host) => ({ host })),
      0,
    );
  expect(torrent.offered).toHaveLength(LOCAL.length);
});

test('a thousand ports of one public host are four at most', () => {
  const torrent = new TestTorrent();
  const ports = Array.from({ length: 90 }, (_, index) => ({ host: '7.7.7.7', port: index + 1 }));
  torrent.dial('1.0.0.1:6881').meet().says(ports, 0);
  expect(torrent.offered).toEqual(['7.7.7.7:1', '7.7.7.7:2', '7.7.7.7:3', '7.7.7.7:4']);
  torrent
    .dial('127.0.0.1:6881')
    .meet()
    .says(
      ports.map(({ port }) => ({ host: '127.0.0.1', port })),
      0,
    );
  expect(torrent.offered).toHaveLength(94);
});

test('a flood: the first hundred of a message are taken, and messages that come too often are not looked at', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('127.0.0.1:6881').meet();
  const many = (from: number): { host: string; port: number }[] =>
    Array.from({ length: 200 }, (_, index) => ({ host: '127.0.0.1', port: from + index }));
  a.says(many(1), 0);
  expect(torrent.offered).toHaveLength(100);
  for (let now = 0; now < 45_000; now += 500) a.says(many(1_000), now);
  a.extension.onMessage(new Uint8Array(9), 44_000);
  expect(torrent.offered).toHaveLength(100);
  expect(a.faults).toEqual([]);
  a.says(many(2_000), 45_000);
  expect(torrent.offered).toHaveLength(200);
});

test('what is no message is a fault', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  a.extension.onMessage(new Uint8Array(9), 0);
  expect(a.faults).toHaveLength(1);
});

test('a private torrent has no extension; one that turns out private is silent and deaf', () => {
  const torrent = new TestTorrent();
  const a = torrent.dial('1.0.0.1:6881').meet();
  torrent.dial('1.0.0.2:6881').meet();
  torrent.private = true;
  expect(torrent.connect({ address: '1.0.0.3:6881', outgoing: true })).toBeUndefined();
  expect(a.told(0)).toEqual(NOTHING);
  expect(a.extension.nextWake?.()).toBe(Number.POSITIVE_INFINITY);
  a.says([{ host: '3.3.3.3' }], 0);
  expect(torrent.offered).toEqual([]);
});

import { PeerId } from '@shoal/primitives';
import { Wire } from '@shoal/wire';
import { expect, test } from 'vitest';
import type { Connection } from '../src/connection.ts';
import { Dialler } from '../src/dialler.ts';
import type { ByteStream } from '../src/index.ts';
import { PeerList } from '../src/peer-list.ts';
import { FakeStream, turn } from './fake-stream.ts';

const infoHash = new Uint8Array(20).fill(0x11);

class Rig {
  now = 0;
  room = 10;
  most = 5;
  readonly list = new PeerList();
  /** Dials under way, by address. */
  readonly dials = new Map<string, { answer(stream: ByteStream): void; fail(error: Error): void }>();
  readonly peers: string[] = [];
  readonly open = new Set<Connection>();
  readonly dialler: Dialler;

  constructor(addresses: readonly string[]) {
    for (const address of addresses) this.list.add(address, 'test');
    this.dialler = new Dialler({
      host: {
        now: () => this.now,
        mayDial: () => this.dials.size < this.most,
        dial: (address, wireKey, signal) => {
          expect(wireKey).toBe(infoHash);
          return new Promise((resolve, reject) => {
            const done = (): void => void this.dials.delete(address);
            this.dials.set(address, {
              answer: (stream) => {
                done();
                resolve(stream);
              },
              fail: (error) => {
                done();
                reject(error);
              },
            });
            signal.addEventListener('abort', () => {
              done();
              reject(signal.reason);
            });
          });
        },
        opened: (connection) => void this.open.add(connection),
        closed: (connection) => void this.open.delete(connection),
      },
      list: this.list,
      limits: { down: [], up: [] },
      room: () => this.room - this.peers.length,
      wireKey: infoHash,
      identity: () => ({ infoHash, peerId: new Uint8Array(20).fill(1) }),
      onPeer: (connection, peerId) => this.peers.push(`${connection.address} ${new PeerId(peerId).hex.slice(0, 4)}`),
    });
  }
}

/** The other end shakes hands. */
function shake(stream: FakeStream, peerId = 2): void {
  const remote = new Wire({ role: 'accept', now: 0 });
  for (const bytes of stream.takeWritten()) {
    remote.receive(bytes, 0);
    for (let event = remote.poll(); event; event = remote.poll()) {
      if (event.type === 'handshake') remote.accept({ infoHash, peerId: new Uint8Array(20).fill(peerId) });
    }
  }
  for (const bytes of remote.takeOutput()) stream.receive(bytes);
}

const addresses = (count: number): string[] => Array.from({ length: count }, (_, index) => `10.0.0.${index + 1}:1`);

test('dials as many as the session allows and the torrent has room for, once it is open', async () => {
  const rig = new Rig(addresses(8));
  rig.dialler.dialMore();
  expect(rig.dials.size).toBe(0);
  rig.dialler.open();
  rig.dialler.dialMore();
  expect([...rig.dials.keys()]).toEqual(addresses(5));
  rig.room = 3;
  rig.dials.get('10.0.0.1:1')?.fail(new Error('refused'));
  await turn();
  expect([rig.dials.size, rig.dialler.size]).toEqual([4, 4]);
  rig.room = 10;
  rig.dialler.dialMore();
  expect(rig.dialler.size).toBe(5);
});

test('a handshake makes a peer; a failure is written down, with its words', async () => {
  const rig = new Rig(addresses(3));
  rig.dialler.open();
  rig.dialler.dialMore();
  const stream = new FakeStream();
  rig.dials.get('10.0.0.1:1')?.answer(stream);
  rig.dials.get('10.0.0.2:1')?.fail(new Error('connect ECONNREFUSED'));
  await turn();
  expect([rig.peers, rig.open.size]).toEqual([[], 1]);
  shake(stream);
  expect(rig.peers).toEqual(['10.0.0.2:6881 0202']);
  expect(rig.dialler.size).toBe(1);
  expect(rig.list.summary()).toMatchObject({ tried: 3, failed: 1, lastError: '10.0.0.2:1: connect ECONNREFUSED' });
});

test('closing gives up dials and handshakes, which are no failures', async () => {
  const rig = new Rig(addresses(2));
  rig.dialler.open();
  rig.dialler.dialMore();
  const stream = new FakeStream();
  rig.dials.get('10.0.0.1:1')?.answer(stream);
  await turn();
  rig.dialler.close('paused');
  await turn();
  expect([stream.ended, rig.dialler.size, rig.open.size, rig.dials.size]).toEqual(['close', 0, 0, 0]);
  expect(rig.list.summary().failed).toBe(0);
});

test('a stream that arrives after the end is destroyed', async () => {
  const rig = new Rig(addresses(1));
  rig.dialler.open();
  rig.dialler.dialMore();
  const stream = new FakeStream();
  const dial = rig.dials.get('10.0.0.1:1');
  dial?.answer(stream);
  rig.dialler.close('paused');
  await turn();
  expect([stream.ended, rig.open.size, rig.dialler.size]).toEqual(['destroy', 0, 0]);
});

test('our own address is never dialled again', async () => {
  const rig = new Rig(addresses(1));
  rig.dialler.open();
  rig.dialler.dialMore();
  const stream = new FakeStream();
  rig.dials.get('10.0.0.1:1')?.answer(stream);
  await turn();
  shake(stream, 1);
  expect(rig.peers).toEqual([]);
  expect(rig.list.isBarred('10.0.0.1:1')).toBe(true);
  rig.now = 3_600_000;
  rig.dialler.dialMore();
  expect(rig.dialler.size).toBe(0);
});

test('who is abandoned while it stays open is not dialled anew where the list has forgotten it', async () => {
  const rig = new Rig(addresses(2));
  rig.dialler.open();
  rig.dialler.dialMore();
  rig.list.retain((address) => address === '10.0.0.2:1');
  rig.dialler.abandon('another tracker');
  await turn();
  rig.now = 60_000;
  rig.dialler.dialMore();
  expect([...rig.dials.keys()]).toEqual(['10.0.0.2:1']);
});

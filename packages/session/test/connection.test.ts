import { SimClock } from '@shoal/testkit';
import { encodeHave, encodeRequest } from '@shoal/wire';
import { expect, test } from 'vitest';
import { RateLimiter } from '../src/rate-limiter.ts';
import { Talk, turn } from './fake-stream.ts';

const GEOMETRY = { pieceCount: 100_000, pieceSize: () => 32_768 };

test('what one turn of the loop says leaves in one write', async () => {
  const talk = new Talk(GEOMETRY);
  const before = talk.stream.writes.length;
  for (let piece = 0; piece < 10; piece++) {
    talk.connection.wire.have(piece);
    talk.connection.flushSoon();
  }
  expect(talk.stream.writes).toHaveLength(before);
  await turn();
  expect(talk.stream.writes).toHaveLength(before + 1);
  talk.converse();
  expect(talk.remoteEvents.filter((type) => type === 'have')).toHaveLength(10);
});

test('what a chunk causes leaves in one write at its end', async () => {
  const talk = new Talk(GEOMETRY);
  const before = talk.stream.writes.length;
  talk.owner.onEvent = () => {
    talk.connection.wire.have(1);
    talk.connection.flush();
    talk.connection.flushSoon();
  };
  talk.stream.receive(Uint8Array.of(...encodeHave(1), ...encodeHave(2), ...encodeHave(3)));
  expect(talk.stream.writes).toHaveLength(before + 1);
  await turn();
  expect(talk.stream.writes).toHaveLength(before + 1);
});

test('a stream that asks to hold back gets nothing more before its drain, then everything at once', () => {
  const talk = new Talk(GEOMETRY);
  talk.stream.takesMore = false;
  talk.connection.wire.have(1);
  talk.connection.flush();
  expect(talk.connection.writable).toBe(false);
  const before = talk.stream.writes.length;
  for (const piece of [2, 3]) {
    talk.connection.wire.have(piece);
    talk.connection.flush();
  }
  expect(talk.stream.writes).toHaveLength(before);
  talk.stream.drain();
  expect(talk.told.at(-1)).toBe('writable');
  expect(talk.stream.writes).toHaveLength(before + 1);
  expect(talk.connection.writable).toBe(true);
});

test('a peer that causes answers and reads none of them is ended, with little in memory', () => {
  const talk = new Talk(GEOMETRY);
  talk.connection.wire.unchoke();
  talk.converse();
  talk.stream.takesMore = false;
  // More requests than the queue holds: each is rejected (BEP 6), and nobody reads the rejects.
  for (let index = 0; index < 40_000 && !talk.connection.closed; index++) {
    talk.stream.receive(encodeRequest(index, 0, 16_384));
  }
  expect(talk.connection.closed).toBe(true);
  expect(talk.told.at(-1)).toMatch(/rejects wait unread/);
  expect(talk.stream.writes.flat().reduce((sum, { length }) => sum + length, 0)).toBeLessThan(1_000);
});

test('close says what was to be said, ends the stream and tells the owner once', () => {
  const talk = new Talk(GEOMETRY);
  talk.connection.wire.have(7);
  talk.connection.close('enough');
  talk.connection.close('again');
  expect(talk.stream.ended).toBe('close');
  expect(talk.told.filter((told) => told.startsWith('closed'))).toEqual(['closed: enough']);
  expect(talk.connection).toMatchObject({ closed: true, writable: false });
  for (const bytes of talk.stream.takeWritten()) talk.remote.receive(bytes, 0);
  for (let event = talk.remote.poll(); event; event = talk.remote.poll()) talk.remoteEvents.push(event.type);
  expect(talk.remote.peerHave?.has(7)).toBe(true);
});

test('last words go out even where the stream is full', () => {
  const talk = new Talk(GEOMETRY);
  talk.stream.takesMore = false;
  talk.connection.wire.have(1);
  talk.connection.flush();
  talk.connection.wire.have(2);
  talk.connection.close('enough');
  expect(talk.stream.takeWritten()).toHaveLength(2);
});

test('nothing is told after the end, whoever ended it', () => {
  for (const end of [
    (talk: Talk) => talk.connection.close('enough'),
    (talk: Talk) => talk.stream.handler?.onClose(new Error('connection reset')),
    (talk: Talk) => talk.stream.receive(Uint8Array.of(0, 0, 0, 1, 4)),
  ]) {
    const talk = new Talk(GEOMETRY);
    end(talk);
    expect(talk.told.at(-1)).toMatch(/^closed: /);
    const { length } = talk.told;
    const writes = talk.stream.writes.length;
    talk.stream.receive(encodeHave(1));
    talk.stream.drain();
    talk.stream.handler?.onClose();
    talk.connection.tick(1_000_000);
    talk.connection.wire.have(5);
    talk.connection.flush();
    expect(talk.told).toHaveLength(length);
    expect(talk.stream.writes).toHaveLength(writes);
  }
});

test('an owner that closes in the middle of a chunk hears nothing of the rest', () => {
  const talk = new Talk(GEOMETRY);
  talk.owner.onEvent = () => talk.connection.close('enough');
  let chunkEnds = 0;
  talk.owner.onChunkEnd = () => void chunkEnds++;
  talk.stream.receive(Uint8Array.of(...encodeHave(1), ...encodeHave(2)));
  expect(talk.told.filter((told) => told === 'have')).toHaveLength(1);
  expect(chunkEnds).toBe(0);
});

test('an owner that throws loses its connection, and the error is not swallowed', () => {
  const talk = new Talk(GEOMETRY);
  talk.owner.onEvent = () => {
    throw new Error('a fault of ours');
  };
  expect(() => talk.stream.receive(encodeHave(1))).toThrow('a fault of ours');
  expect(talk.told.at(-1)).toBe('closed: an internal error');
  expect(talk.stream.ended).toBe('close');
});

test('time brings keep-alives and ends a silent peer', () => {
  const talk = new Talk(GEOMETRY);
  talk.now = 90_000;
  talk.connection.tick(talk.now);
  expect(talk.stream.takeWritten().map((bytes) => [...bytes])).toEqual([[0, 0, 0, 0]]);
  talk.connection.tick(151_000);
  expect(talk.told.at(-1)).toMatch(/^closed: no message for 150000 ms/);
});

test('a connection is held while there is a reason, and its clocks stand still meanwhile', () => {
  const talk = new Talk(GEOMETRY);
  const { connection, stream } = talk;
  expect(connection.readingSince).toBe(Number.NEGATIVE_INFINITY);
  talk.now = 1_000;
  connection.hold('memory');
  connection.hold('rate');
  connection.hold('rate');
  expect([stream.paused, connection.readingSince]).toEqual([true, Number.POSITIVE_INFINITY]);
  connection.release('memory');
  connection.release('memory');
  expect(stream.paused).toBe(true);
  // Silence of ten minutes, none of which is the peer's.
  for (; talk.now < 600_000; talk.now += 10_000) connection.tick(talk.now);
  expect(connection.closed).toBe(false);
  connection.release('rate');
  expect([stream.paused, connection.readingSince]).toEqual([false, talk.now]);
  // From here on it counts again.
  for (let ticks = 0; ticks < 20; ticks++) {
    talk.now += 10_000;
    connection.tick(talk.now);
  }
  expect(connection.closed).toBe(true);
});

test('what comes over the limit is read in turn; small messages are counted and need not wait', async () => {
  const clock = new SimClock();
  const limiter = new RateLimiter(clock, 10_000);
  const talk = new Talk(GEOMETRY, { down: [limiter], up: [] });
  const haves = (count: number): Uint8Array => {
    const bytes = new Uint8Array(count * 9);
    for (let index = 0; index < count; index++) bytes.set(encodeHave(index % 1_000), index * 9);
    return bytes;
  };
  await clock.advance(1_000);
  for (let chunks = 0; chunks < 4; chunks++) talk.stream.receive(haves(100));
  expect(talk.stream.paused).toBe(false);
  talk.stream.receive(haves(200));
  expect(talk.stream.paused).toBe(true);
  // 5,400 bytes and the handshake against 1,000 saved up: half a second of debt.
  await clock.advance(300);
  expect(talk.stream.paused).toBe(true);
  await clock.advance(400);
  expect(talk.stream.paused).toBe(false);
  // It was granted a quantum, which it does not use: that goes back, and others need not wait for it.
  expect(limiter.isReady).toBe(false);
  talk.now = clock.now() + 2_000;
  talk.connection.tick(talk.now);
  expect(limiter.isReady).toBe(true);
  talk.stream.receive(haves(2_000));
  expect(talk.stream.paused).toBe(true);
  talk.connection.close('enough');
  await clock.advance(60_000);
  expect(clock.pending).toBe(0);
});

test('without limits a connection sets no timer and is never held', () => {
  const clock = new SimClock();
  const talk = new Talk(GEOMETRY, { down: [new RateLimiter(clock)], up: [new RateLimiter(clock)] });
  for (let chunks = 0; chunks < 100; chunks++) talk.stream.receive(encodeHave(chunks));
  expect([talk.stream.paused, clock.pending, talk.connection.uploadLimits.isLimited]).toEqual([false, 0, false]);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeHandshake, encodeUnchoke, Wire } from '../src/index.ts';
import { connect, drain, GEOMETRY, give, INFO_HASH, OUR_ID, PEER_ID, type PlainEvent } from './harness.ts';
import { cut, sizes, spoil, stream } from './streams.ts';

/** A wire with some requests out and a peer that may ask. */
function busy(geometry: typeof GEOMETRY | null = GEOMETRY): Wire {
  const wire = connect({ fast: true, extended: true, geometry, limits: { unrequestedBlocks: 5 } });
  if (geometry) {
    wire.unchoke();
    wire.allowedFast(2);
  }
  return wire;
}

function feed(wire: Wire, chunks: readonly Uint8Array[]): PlainEvent[] {
  const events: PlainEvent[] = [];
  for (const chunk of chunks) {
    wire.receive(chunk, 0);
    events.push(
      ...drain(wire, (event) => {
        // Asking as soon as we may makes blocks, chokes and rejects of the stream meet real requests.
        if (event.type !== 'unchoke') return;
        for (const length of [100, 500, 900]) {
          for (const piece of [0, 1]) {
            if (
              wire.canRequest(piece) &&
              !wire.requests().some((each) => each.piece === piece && each.length === length)
            ) {
              wire.request(piece, 0, length);
            }
          }
        }
      }),
    );
  }
  return events;
}

const plain = (events: readonly PlainEvent[]): unknown[] =>
  events.map((event) => (event.type === 'closed' ? [event.error.code, event.error.message] : event));

test('any splitting of a stream gives the same events, the same answers and the same end', () => {
  fc.assert(
    fc.property(stream, sizes, fc.boolean(), (bytes, sizes, late) => {
      const [whole, split] = [busy(late ? null : GEOMETRY), busy(late ? null : GEOMETRY)];
      const [one, many] = [feed(whole, [bytes]), feed(split, cut(bytes, sizes))];
      if (late) {
        for (const [wire, events] of [
          [whole, one],
          [split, many],
        ] as const) {
          if (!wire.closed) wire.setGeometry(GEOMETRY);
          events.push(...drain(wire));
        }
      }
      expect(plain(many)).toEqual(plain(one));
      expect(Buffer.concat(split.takeOutput())).toEqual(Buffer.concat(whole.takeOutput()));
      expect([...(split.peerHave ?? [])]).toEqual([...(whole.peerHave ?? [])]);
      if (!whole.closed) expect(split.counters).toEqual(whole.counters);
    }),
    { numRuns: 100 },
  );
});

const changes = fc.array(fc.tuple(fc.nat(5_000), fc.nat(255)), { minLength: 1, maxLength: 10 });

test('spoilt and random bytes never throw: they are told as one closed event at most, the last', () => {
  const bytes = fc.oneof(
    fc.tuple(stream, changes).map(([bytes, changes]) => spoil(bytes, changes)),
    fc.uint8Array({ maxLength: 400 }),
  );
  fc.assert(
    fc.property(bytes, sizes, (bytes, sizes) => {
      const wire = busy();
      const events = feed(wire, cut(bytes, sizes));
      const closed = events.filter(({ type }) => type === 'closed');
      expect(closed.length).toBe(wire.closed ? 1 : 0);
      if (wire.closed) {
        expect(events.at(-1)).toEqual({ type: 'closed', error: wire.closed });
        expect(wire.closed.name).toBe('WireError');
        expect(wire.outputBytes).toBe(0);
      }
      wire.tick(1_000_000);
      drain(wire);
      expect(wire.closed).toBeDefined();
    }),
    { numRuns: 150 },
  );
});

test('spoilt handshakes never throw either', () => {
  const handshake = encodeHandshake({ infoHash: INFO_HASH, peerId: PEER_ID, fast: true, extended: true });
  fc.assert(
    fc.property(changes, sizes, fc.boolean(), (changes, sizes, dial) => {
      const wire = dial
        ? new Wire({ role: 'dial', now: 0, infoHash: INFO_HASH, peerId: OUR_ID })
        : new Wire({ role: 'accept', now: 0 });
      for (const chunk of cut(spoil(handshake, changes), sizes)) {
        wire.receive(chunk, 0);
        drain(wire, (event) => {
          if (event.type === 'handshake' && !dial) wire.accept({ infoHash: event.infoHash, peerId: OUR_ID });
        });
      }
      expect(give(wire, encodeUnchoke()).length).toBe(wire.closed ? 0 : 1);
    }),
  );
});

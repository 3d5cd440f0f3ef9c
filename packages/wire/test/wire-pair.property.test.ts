// Two wires back to back, with bytes under way in both directions: whatever crosses, nobody faults, and when all has
// arrived the two agree.
import { Bitfield, concatBytes } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Request, Wire } from '../src/index.ts';
import { drain, GEOMETRY, INFO_HASH, OUR_ID, PEER_ID } from './harness.ts';
import { fill } from './streams.ts';

interface Side {
  readonly wire: Wire;
  readonly have: Bitfield;
  /** Set where this side accepts: whether it offers Fast. */
  readonly accepts?: { readonly fast: boolean };
  /** Bytes on their way to this side. */
  incoming: Uint8Array;
}

type Pair = readonly [Side, Side];

const contentOf = ({ piece, begin, length }: Request): Uint8Array => fill(length, 7 * piece + begin);
// No stray is forgiven: what is unwanted must be explained by a race.
const limits = { unrequestedBlocks: 0 };

function pair(fast: readonly [boolean, boolean], has: readonly (readonly number[])[]): Pair {
  const haves = has.map((pieces) => {
    const have = new Bitfield(10);
    for (const piece of pieces) have.set(piece);
    return have;
  }) as [Bitfield, Bitfield];
  const dial = new Wire({ role: 'dial', now: 0, infoHash: INFO_HASH, peerId: OUR_ID, limits, fast: fast[0] });
  const accept = new Wire({ role: 'accept', now: 0, limits });
  const sides: Pair = [
    { wire: dial, have: haves[0], incoming: new Uint8Array(0) },
    { wire: accept, have: haves[1], incoming: new Uint8Array(0), accepts: { fast: fast[1] } },
  ];
  for (const { wire } of sides) wire.setGeometry(GEOMETRY);
  for (let round = 0; round < 4; round++) for (const side of sides) deliver(sides, side, 10_000);
  for (const { wire } of sides) wire.unchoke();
  for (const side of sides) deliver(sides, side, 10_000);
  return sides;
}

/** What has been sent is under way; the first `count` bytes of it arrive at `side`. */
function deliver(sides: Pair, side: Side, count: number): void {
  const other = sides[0] === side ? sides[1] : sides[0];
  side.incoming = concatBytes([side.incoming, ...other.wire.takeOutput()]);
  side.wire.receive(side.incoming.slice(0, count), 0);
  side.incoming = side.incoming.slice(count);
  const events = drain(side.wire, (event) => {
    if (event.type !== 'handshake') return;
    if (side.accepts) side.wire.accept({ infoHash: event.infoHash, peerId: PEER_ID, fast: side.accepts.fast });
    side.wire.bitfield(side.have);
  });
  for (const event of events) {
    if (event.type === 'closed') throw event.error;
    if (event.type === 'block') expect(event.bytes).toEqual(contentOf(event));
  }
}

function step(sides: Pair, side: Side, kind: string, n: number): void {
  const { wire } = side;
  const [piece, begin, length] = [n % 4, 16_384 * ((n >> 2) % 3), 300];
  const pending = wire.nextPeerRequest();
  switch (kind) {
    case 'unchoke':
      wire.unchoke();
      return;
    case 'choke':
      wire.choke();
      return;
    case 'interest':
      if (n % 2 === 0) wire.interested();
      else wire.notInterested();
      return;
    case 'request': {
      const isOut = wire.requests().some((each) => each.piece === piece && each.begin === begin);
      if (wire.canRequest(piece) && !isOut) wire.request(piece, begin, length);
      return;
    }
    case 'cancel': {
      const mine = wire.requests();
      const victim = mine[n % Math.max(1, mine.length)];
      if (victim) wire.cancel(victim.piece, victim.begin, victim.length);
      return;
    }
    case 'serve':
      if (pending) expect(wire.piece(pending.piece, pending.begin, contentOf(pending))).toBe(true);
      return;
    case 'reject':
      // Without Fast a refusal is silent, and only the owner's time-out would tell.
      if (pending && wire.fast) wire.reject(pending.piece, pending.begin, pending.length);
      return;
    case 'have':
      if (side.have.set(n % 10)) wire.have(n % 10);
      return;
    case 'lose':
      if (side.have.has(n % 10) && wire.dontHave(n % 10)) side.have.clear(n % 10);
      return;
    case 'allow':
      wire.allowedFast(n % 10);
      return;
    default:
      deliver(sides, side, n);
  }
}

const steps = fc.array(
  fc.record({
    side: fc.nat(1),
    kind: fc.oneof(
      fc.constantFrom('choke', 'unchoke', 'unchoke', 'interest', 'reject', 'have', 'lose', 'allow'),
      fc.constantFrom('request', 'request', 'serve', 'cancel'),
      fc.constant('deliver'),
    ),
    n: fc.nat(600),
  }),
  { maxLength: 250, size: 'max' },
);
const pieces = fc.array(fc.nat(9), { maxLength: 12 });

test('two wires agree once everything has arrived', () => {
  let [asked, raced] = [0, 0];
  fc.assert(
    fc.property(fc.tuple(fc.boolean(), fc.boolean()), fc.tuple(pieces, pieces), steps, (fast, has, steps) => {
      const sides = pair(fast, has);
      for (const { side, kind, n } of steps) step(sides, sides[side as 0 | 1], kind, n);
      for (let round = 0; round < 3; round++) for (const side of sides) deliver(sides, side, 1e9);
      for (const side of sides) {
        const { wire } = side;
        const other = sides[0] === side ? sides[1] : sides[0];
        asked += wire.counters.payloadIn;
        raced += wire.counters.unrequestedBlocks;
        expect(wire.fast).toBe(fast[0] && fast[1]);
        expect(wire.peerChoking).toBe(other.wire.amChoking);
        expect(wire.peerInterested).toBe(other.wire.amInterested);
        expect([...(wire.peerHave ?? [])]).toEqual([...other.have]);
        // What we wait for, the other knows of. It may know of more: a cancel or choke that crossed an answer.
        const known = other.wire.peerRequests().map((request) => JSON.stringify(request));
        for (const request of wire.requests()) expect(known).toContain(JSON.stringify(request));
        expect(wire.counters.bytesIn).toBe(other.wire.counters.bytesOut);
        expect(wire.counters.payloadIn + wire.counters.wastedIn).toBe(other.wire.counters.payloadOut);
      }
    }),
    { numRuns: 80 },
  );
  // Else the steps would be too tame to show anything.
  expect(asked).toBeGreaterThan(50 * 300);
  expect(raced).toBeGreaterThan(10);
});

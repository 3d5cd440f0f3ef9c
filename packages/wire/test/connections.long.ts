// Whole connections and a million mutants of what a peer sends, half of them to one under way, half from the first byte:
// a connection goes on or ends with one WireError, and never throws. SHOAL_SEED repeats a run.
import { concatBytes } from '@shoal/primitives';
import { assert, expect, test } from 'vitest';
import { encodeHandshake, Wire, WireError } from '../src/index.ts';
import { connect, drain, GEOMETRY, INFO_HASH, OUR_ID, PEER_ID } from './harness.ts';
import { chunks, count, SEED, STREAMS, TOKENS } from './mutants.ts';

const HALF_A_MILLION = 500_000;

test(`a whole connection ends with one WireError or goes on, and never throws (seed ${SEED})`, async () => {
  const material = { corpus: STREAMS, tokens: TOKENS };
  const { runs, accepted } = await count('connections', HALF_A_MILLION, material, (bytes, random) => {
    const wire = connect({ fast: true, extended: true, limits: { unrequestedBlocks: 5 } });
    wire.unchoke();
    wire.allowedFast(2);
    let closed = 0;
    for (const chunk of chunks(bytes, random)) {
      wire.receive(chunk, 0);
      drain(wire, (event) => {
        if (event.type === 'closed') closed++;
        if (event.type !== 'unchoke') return;
        for (const piece of [0, 1])
          if (wire.canRequest(piece) && wire.requests().length < 2) wire.request(piece, 0, 500);
      });
    }
    assert.equal(closed, wire.closed ? 1 : 0);
    assert.isTrue(wire.closed === undefined || wire.closed instanceof WireError);
    return wire.closed === undefined;
  });
  expect(accepted).toBeGreaterThan(runs / 100);
});

test(`a connection from its first byte, dialled or accepted (seed ${SEED})`, async () => {
  const handshake = encodeHandshake({ infoHash: INFO_HASH, peerId: PEER_ID, fast: true, extended: true });
  const corpus = STREAMS.map((bytes) => concatBytes([handshake, bytes]));
  let opened = 0;
  const { runs } = await count(
    'connections from the first byte',
    HALF_A_MILLION,
    { corpus, tokens: TOKENS },
    (bytes, random) => {
      const isDialled = random.int(2) === 0;
      const wire = isDialled
        ? new Wire({ role: 'dial', now: 0, infoHash: INFO_HASH, peerId: OUR_ID })
        : new Wire({ role: 'accept', now: 0 });
      if (isDialled) wire.setGeometry(GEOMETRY);
      for (const chunk of chunks(bytes, random)) {
        wire.receive(chunk, 0);
        drain(wire, (event) => {
          if (event.type === 'handshake' && !isDialled) wire.accept({ infoHash: event.infoHash, peerId: OUR_ID });
        });
      }
      if (!isDialled && !wire.closed) wire.setGeometry(GEOMETRY);
      drain(wire);
      const isOpen = wire.closed === undefined && wire.peerId !== undefined;
      if (isOpen) opened++;
      wire.tick(1_000_000);
      drain(wire);
      assert.instanceOf(wire.closed, WireError);
      return isOpen;
    },
  );
  expect(opened).toBeGreaterThan(runs / 100);
});

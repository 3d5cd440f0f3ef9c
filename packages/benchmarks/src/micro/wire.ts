// What arrives from one peer, cut into reads of 64 KiB as a socket gives them. `FrameDecoder` only cuts the stream into messages;
// `Wire` and npm's `bittorrent-protocol` keep the connection as well: what was asked for, what the peer has.
import {
  encodeBitfield,
  encodeHandshake,
  encodeHave,
  encodePiece,
  encodeRequest,
  encodeUnchoke,
  FrameDecoder,
  resolveLimits,
  Wire,
} from '@shoal/wire';
import type { Contest } from './compare.ts';
import { bytesOf } from './filler.ts';
import type { NpmPeers, NpmWire } from './npm-peers.ts';

const MIB = 1024 * 1024;
const READ = 64 * 1024;
const BLOCK = 16 * 1024;
/** Blocks that are on their way at a time, a piece of 4 MiB. */
const BATCH = 256;
const PIECES = 32_768;
const IDENTITY = { infoHash: bytesOf(20), peerId: bytesOf(20) };
const PEER_HANDSHAKE = encodeHandshake({ ...IDENTITY, peerId: bytesOf(21).subarray(1) });
const OPENING = joined([PEER_HANDSHAKE, encodeBitfield(new Uint8Array(PIECES / 8).fill(0xff)), encodeUnchoke()]);
const nothing = (): void => {};

/** `batches` of 4 MiB of blocks; connections with 1,500 small messages each. */
export function wireContests(
  { Wire: Theirs }: Pick<NpmPeers, 'Wire'>,
  batches: number,
  connections: number,
): Contest[] {
  const blocks = readsOf(Array.from({ length: BATCH }, (_, at) => encodePiece(0, at * BLOCK, bytesOf(BLOCK))));
  const numbers = Array.from({ length: 1_500 }, (_, at) => at);
  const haves = readsOf(numbers.map(encodeHave));
  const requests = readsOf(numbers.map((piece) => encodeRequest(piece, 0, BLOCK)));
  const times = (count: number, once: () => void) => (): void => {
    for (let left = count; left > 0; left--) once();
  };
  const theirs = (): NpmWire => {
    const wire = new Theirs();
    wire.on('error', nothing);
    wire.unchoke();
    return wire;
  };
  const small = (name: string, reads: readonly Uint8Array[]): Contest => ({
    name,
    unit: '',
    amount: connections * numbers.length,
    candidates: [
      { name: 'shoal Wire', run: times(connections, () => receive(opened(PEER_HANDSHAKE), reads)) },
      {
        name: 'npm bittorrent-protocol',
        run: times(connections, () => {
          const wire = theirs();
          feed(wire, [PEER_HANDSHAKE, ...reads]);
          wire.destroy();
        }),
      },
      {
        name: 'shoal FrameDecoder',
        run: times(connections, () => void cut(new FrameDecoder(resolveLimits({})), reads)),
      },
    ],
  });
  return [
    {
      name: 'PIECE, blocks of 16 KiB',
      unit: 'MiB',
      amount: (batches * BATCH * BLOCK) / MIB,
      candidates: [
        {
          name: 'shoal Wire',
          run() {
            const wire = opened(OPENING);
            for (let batch = 0; batch < batches; batch++) {
              for (let at = 0; at < BATCH; at++) wire.request(0, at * BLOCK, BLOCK);
              wire.takeOutput();
              receive(wire, blocks);
            }
            if (wire.counters.payloadIn !== batches * BATCH * BLOCK) throw new Error('blocks are missing');
          },
        },
        {
          name: 'npm bittorrent-protocol',
          run() {
            const wire = theirs();
            let received = 0;
            wire.on('piece', () => void received++);
            feed(wire, [OPENING]);
            for (let batch = 0; batch < batches; batch++) {
              for (let at = 0; at < BATCH; at++) wire.request(0, at * BLOCK, BLOCK, nothing);
              feed(wire, blocks);
            }
            wire.destroy();
            if (received !== batches * BATCH) throw new Error('blocks are missing');
          },
        },
        {
          name: 'shoal FrameDecoder',
          run() {
            const decoder = new FrameDecoder(resolveLimits({}));
            let ends = 0;
            for (let batch = 0; batch < batches; batch++) ends += cut(decoder, blocks);
            if (ends !== batches * BATCH) throw new Error('blocks are missing');
          },
        },
      ],
    },
    small('HAVE', haves),
    small('REQUEST', requests),
  ];
}

function opened(opening: Uint8Array): Wire {
  const wire = new Wire({ role: 'dial', now: 0, ...IDENTITY, fast: false, extended: false });
  receive(wire, [opening]);
  wire.setGeometry({ pieceCount: PIECES, pieceSize: () => BATCH * BLOCK });
  receive(wire, []);
  wire.unchoke();
  return wire;
}

function receive(wire: Wire, reads: readonly Uint8Array[]): void {
  for (const read of reads) {
    wire.receive(read, 0);
    for (let event = wire.poll(); event !== undefined; event = wire.poll()) {
      if (event.type === 'closed') throw event.error;
    }
  }
}

function feed(wire: NpmWire, reads: readonly Uint8Array[]): void {
  for (const read of reads) wire._write(read, nothing);
}

/** Answers how many blocks ended. */
function cut(decoder: FrameDecoder, reads: readonly Uint8Array[]): number {
  let ends = 0;
  for (const read of reads) {
    decoder.push(read);
    for (let step = decoder.next(); step !== 'none'; step = decoder.next()) if (step === 'blockEnd') ends++;
  }
  return ends;
}

function readsOf(messages: readonly Uint8Array[]): Uint8Array[] {
  const stream = joined(messages);
  const reads: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += READ) reads.push(stream.subarray(at, at + READ));
  return reads;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

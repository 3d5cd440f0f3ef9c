// What a pick looks at is counted (`effort`: one piece, or 32 where sets are compared), as a clock says little on a busy
// machine. A picker that looked at all pieces once a pick would count 200,000 for each, or 6,250 by words.
import { Bitfield } from '@shoal/primitives';
import { describe, expect, it } from 'vitest';
import { Picker, type PickerPeer } from '../src/index.ts';
import { sequence } from './language.ts';

const PIECES = 200_000;
const geometry = { pieceCount: PIECES, blockCount: () => 1 };

/** Looks a block, at most: what was seen when this was written, and half as much again. */
const BOUND = { rarest: 40, sequential: 7, deadlines: 40, 'small queues': 240 };

function fieldOf(has: (piece: number) => boolean): Bitfield {
  const field = new Bitfield(PIECES);
  for (let piece = 0; piece < PIECES; piece++) if (has(piece)) field.set(piece);
  return field;
}

function joined(picker: Picker, have: Bitfield): PickerPeer {
  const peer = picker.addPeer();
  picker.setHave(peer, have);
  return peer;
}

it('a huge torrent downloads from a seed and from peers with few pieces', () => {
  const random = sequence(1);
  const picker = new Picker({ geometry, random });
  const seeds = Array.from({ length: 200 }, () => joined(picker, fieldFull));
  const poor = Array.from({ length: 100 }, () => picker.addPeer());
  for (let n = 0; n < 20_000; n++) picker.addHave(poor[n % 100] as PickerPeer, Math.floor(random() * PIECES));
  const peers = [...seeds.slice(0, 10), ...poor];
  let received = 0;
  for (let n = 0; n < 20_000; n++) {
    const peer = peers[n % peers.length] as PickerPeer;
    for (const { piece, block } of picker.pick(peer, 1)) {
      if (picker.receive(peer, piece, block).pieceComplete) picker.pieceVerified(piece);
      received++;
    }
  }
  expect(received).toBeGreaterThan(15_000);
  expect(picker.have.count).toBe(received);
  picker.checkInvariants();
});

it('a peer whose pieces all stand last in the common order is served like any other', () => {
  const picker = new Picker({ geometry, random: sequence(2), limits: { randomFirst: 0 } });
  const rare = joined(
    picker,
    fieldOf((piece) => piece % 2 === 0),
  );
  const common = Array.from({ length: 3 }, () =>
    joined(
      picker,
      fieldOf((piece) => piece % 2 === 1),
    ),
  );
  const picked = new Set<number>();
  for (let n = 0; n < 20_000; n++)
    for (const { piece } of picker.pick(common[n % 3] as PickerPeer, 1)) picked.add(piece);
  expect(picked.size).toBe(20_000);
  expect([...picked].every((piece) => piece % 2 === 1)).toBe(true);
  expect(picker.pick(rare, 1)[0]?.piece).toSatisfy((piece: number) => piece % 2 === 0);
});

it('a peer with nothing left to ask for costs next to nothing', () => {
  const picker = new Picker({ geometry, random: sequence(3), limits: { randomFirst: 0 } });
  joined(picker, fieldFull);
  const two = picker.addPeer();
  for (const piece of [100_000, 150_000]) picker.addHave(two, piece);
  for (let n = 0; n < 50; n++)
    joined(
      picker,
      fieldOf((piece) => piece < 2_000 * n),
    );
  expect(picker.pick(two, 9)).toHaveLength(2);
  for (let n = 0; n < 100_000; n++) if (picker.pick(two, 9).length > 0) throw new Error(`pick ${n} found something`);
  picker.addHave(two, 199_999);
  expect(picker.pick(two, 9)).toEqual([{ piece: 199_999, block: 0 }]);
});

describe.each(['rarest', 'sequential', 'deadlines', 'small queues'] as const)('%s, with 500 peers', (mode) => {
  it('looks at a few pieces a block, whatever their number', () => {
    const blocks = 8;
    const random = sequence(4);
    const picker = new Picker({ geometry: { pieceCount: PIECES, blockCount: () => blocks }, random });
    if (mode === 'sequential') picker.order = 'sequential';
    const peers = Array.from({ length: 500 }, (_, n) => {
      if (n < 50) return joined(picker, fieldFull);
      const peer = picker.addPeer();
      for (let haves = 0; haves < 200; haves++) picker.addHave(peer, Math.floor(random() * PIECES));
      return peer;
    });
    const ahead = mode === 'deadlines' ? 20 : 0;
    let next = 0;
    for (; next < ahead; next++) picker.setDeadline(next, next * 100);
    const count = mode === 'small queues' ? 1 : blocks;
    const before = picker.effort;
    let [picked, most] = [0, 0];
    for (let n = 0; n < 20_000; n++) {
      const peer = peers[Math.floor(random() * peers.length)] as PickerPeer;
      const looked = picker.effort;
      const batch = picker.pick(peer, count, { now: n });
      most = Math.max(most, picker.effort - looked);
      for (const { piece, block } of batch) {
        if (!picker.receive(peer, piece, block).pieceComplete) continue;
        if (picker.deadline(piece) !== undefined) picker.setDeadline(next, next++ * 100);
        picker.pieceVerified(piece);
      }
      picked += batch.length;
    }
    expect(picked).toBeGreaterThan(mode === 'small queues' ? 18_000 : 80_000);
    // The dearest pick makes a shortlist: it compares all words, and then looks through its list.
    expect(most).toBeLessThan(PIECES / 32 + 128 + 3 * 512 + 2 * ahead);
    expect((picker.effort - before) / picked).toBeLessThan(BOUND[mode]);
    picker.checkInvariants();
  });
});

it('thousands of partial pieces that a peer lacks cost it no more than comparing sets', () => {
  const picker = new Picker({ geometry: { pieceCount: PIECES, blockCount: () => 2 }, random: sequence(5) });
  for (let piece = 0; piece < 50_000; piece++) picker.restore(piece, [0]);
  const peer = joined(
    picker,
    fieldOf((piece) => piece >= 49_999),
  );
  const before = picker.effort;
  expect(picker.pick(peer, 1)).toEqual([{ piece: 49_999, block: 1 }]);
  for (let n = 0; n < 1_000; n++) expect(picker.pick(peer, 2)).toHaveLength(2);
  expect((picker.effort - before) / 1_000).toBeLessThan((PIECES / 32) * 1.1 + 512);
});

it('a peer that leaves costs what it was asked for, not what is under way', () => {
  const picker = new Picker({ geometry: { pieceCount: PIECES, blockCount: () => 2 }, random: sequence(6) });
  for (let piece = 0; piece < 50_000; piece++) picker.restore(piece, [0]);
  for (let n = 0; n < 5_000; n++) {
    const peer = joined(picker, fieldFull);
    expect(picker.pick(peer, 1)).toHaveLength(1);
    picker.removePeer(peer);
  }
  picker.checkInvariants();
});

it('priorities of all pieces and the order change between picks', () => {
  const picker = new Picker({ geometry, random: sequence(7) });
  const seed = joined(picker, fieldFull);
  for (let n = 1; n <= 10; n++) {
    picker.setPriorities(new Uint8Array(PIECES).fill(1).fill(7, n * 10_000, n * 10_000 + 2));
    picker.order = n % 2 === 0 ? 'rarest' : 'sequential';
    const pieces = picker.pick(seed, 2).map(({ piece }) => piece);
    expect(pieces.sort((a, b) => a - b)).toEqual([n * 10_000, n * 10_000 + 1]);
  }
  picker.checkInvariants();
});

const fieldFull = fieldOf(() => true);

// The figures are no measurement. A picker that looked at all pieces in each call would need minutes for any of these.
import { Bitfield } from '@shoal/primitives';
import { expect, it } from 'vitest';
import { Picker, type PickerPeer } from '../src/index.ts';
import { sequence } from './language.ts';

const PIECES = 200_000;
const geometry = { pieceCount: PIECES, blockCount: () => 1 };

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

const fieldFull = fieldOf(() => true);

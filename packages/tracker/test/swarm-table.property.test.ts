import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sipKey } from '../src/sip-hash.ts';
import { SWARM, SwarmTable } from '../src/swarm-table.ts';

const infoHashOf = (torrent: number): Uint8Array =>
  new Uint8Array(20)
    .fill(7)
    .fill(torrent >> 4, 0, 19)
    .fill(torrent, 19);

test('rows are found by their info-hash, and keep what stands in them, whichever are removed', () => {
  const steps = fc.array(fc.record({ torrent: fc.nat(255), isAdded: fc.boolean() }), { maxLength: 600 });
  fc.assert(
    fc.property(steps, fc.uint8Array({ minLength: 16, maxLength: 16 }), (sequence, key) => {
      const table = new SwarmTable(sipKey(key));
      const model = new Set<number>();
      for (const { torrent, isAdded } of sequence) {
        const infoHash = infoHashOf(torrent);
        const row = table.find(infoHash);
        expect(row >= 0).toBe(model.has(torrent));
        if (row >= 0) expect(table.words(row)[table.at(row) + SWARM.completed]).toBe(torrent);
        if (isAdded && row < 0) {
          const added = table.add(infoHash);
          table.words(added)[table.at(added) + SWARM.completed] = torrent;
          model.add(torrent);
        } else if (!isAdded && row >= 0) {
          table.remove(row);
          model.delete(torrent);
        }
        expect(table.size).toBe(model.size);
      }
      table.checkInvariants();
      const found = Array.from({ length: table.size }, (_, row) => table.infoHash(row)[19]);
      expect(found.sort()).toEqual([...model].sort());
    }),
  );
});

test('ten thousand rows, in several segments', () => {
  const table = new SwarmTable(sipKey(new Uint8Array(16)));
  const nameOf = (torrent: number): Uint8Array => {
    const infoHash = new Uint8Array(20);
    new DataView(infoHash.buffer).setUint32(4, torrent);
    return infoHash;
  };
  for (let torrent = 0; torrent < 10_000; torrent++) table.add(nameOf(torrent));
  for (let torrent = 0; torrent < 10_000; torrent += 3) table.remove(table.find(nameOf(torrent)));
  table.checkInvariants();
  expect(table.size).toBe(6_666);
  expect(table.find(nameOf(3))).toBe(-1);
  expect(table.infoHash(table.find(nameOf(4)))).toEqual(nameOf(4));
});

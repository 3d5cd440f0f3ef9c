import { Picker } from '@shoal/picker';
import { Bitfield, Layout } from '@shoal/primitives';

/** A torrent of four pieces, two blocks each; one peer has all of it, another only the last piece. */
export async function run(): Promise<string[]> {
  const layout = new Layout({ pieceLength: 32_768, files: [{ length: 4 * 32_768 }] });
  const picker = new Picker({ geometry: layout, random: () => 0, limits: { randomFirst: 0 } });

  const everything = new Bitfield(4);
  everything.fill();
  const seed = picker.addPeer();
  picker.setHave(seed, everything);
  const leech = picker.addPeer();
  picker.addHave(leech, 3);
  picker.setPriority(2, 7);

  const log: string[] = [];
  while (!picker.isComplete) {
    for (const { piece, block } of picker.pick(seed, 2)) {
      log.push(`ask for piece ${piece}, block ${block}`);
      const { pieceComplete } = picker.receive(seed, piece, block);
      if (pieceComplete) picker.pieceVerified(piece);
    }
  }
  return log;
}

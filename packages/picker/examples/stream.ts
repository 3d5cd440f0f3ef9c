import { Picker } from '@shoal/picker';
import { Bitfield } from '@shoal/primitives';

/** Somebody watches from piece 4 on: what is ahead has deadlines, the rest comes in order behind it. */
export async function run(): Promise<string[]> {
  let now = 0;
  const picker = new Picker({ geometry: { pieceCount: 8, blockCount: () => 2 }, random: () => 0 });
  picker.order = 'sequential';
  picker.setPriorities(Uint8Array.of(0, 4, 4, 4, 4, 4, 4, 4));
  for (const piece of [4, 5, 6]) picker.setDeadline(piece, (piece - 3) * 3_000);

  const everything = new Bitfield(8);
  everything.fill();
  const [slow, fast] = [picker.addPeer(), picker.addPeer()];
  for (const peer of [slow, fast]) picker.setHave(peer, everything);

  const log: string[] = [];
  const names = new Map([
    [slow, 'slow'],
    [fast, 'fast'],
  ]);
  const ask = (peer: typeof slow, count: number) => {
    const blocks = picker.pick(peer, count, { now });
    log.push(`${now} ms, ${names.get(peer)}: ${blocks.map(({ piece, block }) => `${piece}.${block}`).join(' ')}`);
    return blocks;
  };

  ask(slow, 2);
  const blocks = ask(fast, 6);
  now = 1_500;
  for (const { piece, block } of blocks) {
    if (picker.receive(fast, piece, block).pieceComplete) picker.pieceVerified(piece);
  }
  // Piece 4 is due in 1.5 s, and the slow peer has sent nothing of it: the fast one is asked as well.
  for (const { piece, block } of ask(fast, 2)) {
    for (const other of picker.receive(fast, piece, block).cancel)
      log.push(`cancel ${piece}.${block}: ${names.get(other)}`);
  }
  return log;
}

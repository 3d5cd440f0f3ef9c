// Picks in a swarm as a large download has it: a tenth of the peers are seeds, the rest have from a twentieth to all of the
// pieces; each is asked for what its queue lacks, everything picked arrives, pieces are verified, and now and then a HAVE comes. No package of
// npm's has a picker of its own: webtorrent goes through all pieces for each choice (`lib/rarity-map.js`).
import { Picker, type PickerPeer } from '@shoal/picker';
import { Bitfield } from '@shoal/primitives';
import type { Contest } from './compare.ts';

/** Of a piece of 4 MiB. */
const BLOCKS = 256;
const PEERS = 100;

/** `picks` blocks of `pieces` pieces, asked for `queue` at a time. */
export function pickerContest(pieces: number, picks: number, queue: number): Contest {
  let swarm = swarmOf(pieces);
  return {
    name: `picks of ${queue} blocks, ${pieces} pieces, ${PEERS} peers`,
    unit: '',
    amount: picks,
    candidates: [
      {
        name: 'shoal',
        run() {
          if (swarm.picker.missing < pieces / 2) swarm = swarmOf(pieces);
          download(swarm, picks, queue);
        },
      },
    ],
  };
}

interface Swarm {
  readonly picker: Picker;
  readonly peers: readonly PickerPeer[];
  readonly random: () => number;
  readonly pieces: number;
}

function download({ picker, peers, random, pieces }: Swarm, picks: number, queue: number): void {
  let picked = 0;
  for (let turn = 0; picked < picks; turn++) {
    const peer = peers[turn % peers.length] as PickerPeer;
    for (const { piece, block } of picker.pick(peer, queue)) {
      picked++;
      if (picker.receive(peer, piece, block).pieceComplete) picker.pieceVerified(piece);
    }
    if (turn % 50 === 0) picker.addHave(peer, Math.floor(random() * pieces));
  }
}

function swarmOf(pieces: number): Swarm {
  const random = sequence(6);
  const picker = new Picker({ geometry: { pieceCount: pieces, blockCount: () => BLOCKS }, random });
  const peers = Array.from({ length: PEERS }, (_, index) => {
    const share = index % 10 === 0 ? 1 : 0.05 + 0.95 * random();
    const have = new Bitfield(pieces);
    for (let piece = 0; piece < pieces; piece++) if (share === 1 || random() < share) have.set(piece);
    const peer = picker.addPeer();
    picker.setHave(peer, have);
    return peer;
  });
  return { picker, peers, random, pieces };
}

/** Numbers in [0, 1), the same each time. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

// The tests' language. A swarm is one word a peer: its name, a letter, and then what is true of it: a number is its rate
// (both ways), `-` not interested, `!` snubbed, `u` upload only, `n` new, `@30` that it has 30 % of the torrent.
// E.g. "a500 b20! c- d0n e7@95".
import type { ChokeCandidate, ChokeDecision } from '../src/index.ts';

export function peers(swarm: string, unchoked: readonly (string | number)[] = [], now = 1_000_000): ChokeCandidate[] {
  return swarm.split(' ').map((word) => {
    const key = word[0] as string;
    const rest = word.slice(1);
    const rate = Number(/^\d+/.exec(rest)?.[0] ?? 0);
    const percent = /@(\d+)/.exec(rest)?.[1];
    return {
      key,
      interested: !rest.includes('-'),
      unchoked: unchoked.includes(key),
      snubbed: rest.includes('!'),
      downRate: rate,
      upRate: rate,
      connectedAt: rest.includes('n') ? now - 1_000 : now - 600_000,
      uploadOnly: rest.includes('u'),
      ...(percent === undefined ? {} : { progress: Number(percent) / 100 }),
    };
  });
}

/** The regular holders in alphabetical order, then the optimistic one, e.g. "abc+d". */
export function spell({ unchoke, optimistic }: ChokeDecision): string {
  const regular = unchoke.filter((key) => key !== optimistic).sort();
  return `${regular.join('')}+${optimistic ?? ''}`;
}

/** Numbers in [0, 1) that only look random. */
export function sequence(seed = 1): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

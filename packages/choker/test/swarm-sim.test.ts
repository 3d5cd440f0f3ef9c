// What the choker is for: who gives is done earlier than who only takes. Compared with slots given out at random. The
// figures of the README are what this prints.
import { expect, it } from 'vitest';
import { type Swarm, simulate } from './swarm-model.ts';

const SEEDS = [1, 2, 3];

interface Figures {
  /** Seconds, of the median peer. */
  readonly contributors: number;
  readonly freeRiders: number;
  readonly ratio: number;
}

function figures(swarm: Pick<Swarm, 'seed' | 'choking' | 'whenDone'>): Figures {
  const times = simulate({ ...swarm, contributors: 24, freeRiders: 8, seeds: 2 });
  const [contributors, freeRiders] = [median(times.contributors), median(times.freeRiders)];
  const ratio = freeRiders / contributors;
  const { choking, whenDone, seed } = swarm;
  const spelled = `contributors ${contributors} s, free riders ${freeRiders} s, ratio ${ratio.toFixed(2)}`;
  process.stdout.write(`${choking}, who is done: ${whenDone}, seed ${seed}: ${spelled}\n`);
  return { contributors, freeRiders, ratio };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}

it.each([
  // Who is done leaves, and the free riders are left with the seeds.
  ['leave', 2],
  // Who is done serves everybody in turns: what free riders lose, they lose before.
  ['seed', 1.1],
] as const)(
  'contributors finish before free riders where those who are done %s: it is the choker that does it',
  (whenDone, least) => {
    for (const seed of SEEDS) {
      const choked = figures({ seed, choking: 'tit-for-tat', whenDone });
      const random = figures({ seed, choking: 'random', whenDone });
      expect(choked.ratio).toBeGreaterThan(least);
      expect(random.ratio).toBeLessThan(1.05);
      expect(choked.contributors, 'nor is it at the expense of contributors').toBeLessThan(random.contributors);
    }
  },
);

it('the same seed gives the same times', () => {
  const swarm = { contributors: 8, freeRiders: 3, seeds: 1, choking: 'tit-for-tat', whenDone: 'leave' } as const;
  expect(simulate({ ...swarm, seed: 5 })).toEqual(simulate({ ...swarm, seed: 5 }));
  expect(simulate({ ...swarm, seed: 6 })).not.toEqual(simulate({ ...swarm, seed: 5 }));
});

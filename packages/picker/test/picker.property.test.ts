import { it } from 'vitest';
import { agrees } from './courses.ts';

it('agrees with the model', () => agrees({ randomFirst: 0 }, true, 120));
it('agrees with the model while the first pieces are random', () => agrees({ randomFirst: 3 }, false, 60));
it('agrees with the model when every choice comes from a shortlist', () =>
  agrees({ randomFirst: 0, probes: 0 }, true, 120));
it('agrees with the model when shortlists are cut, but for the rarity', () =>
  agrees({ probes: 0, shortlist: 2 }, false, 120));

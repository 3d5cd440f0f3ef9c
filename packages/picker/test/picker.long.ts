// Enough courses to meet what a few hundred miss: a shortlist that was cut, used up, and offered a lesser piece came up once
// in a few thousand. SHOAL_SEED repeats a run; fast-check prints the seed of a failure otherwise.
import { it } from 'vitest';
import { agrees } from './courses.ts';

const { SHOAL_SEED } = process.env;
const SEED =
  SHOAL_SEED === undefined ? undefined : [...SHOAL_SEED].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) | 0, 7);

it('agrees with the model', () => agrees({ randomFirst: 0 }, true, 5_000, SEED));
it('agrees with the model while the first pieces are random', () => agrees({ randomFirst: 3 }, false, 5_000, SEED));
it('agrees with the model when every choice comes from a shortlist', () =>
  agrees({ randomFirst: 0, probes: 0 }, true, 5_000, SEED));
it('agrees with the model when shortlists are cut, but for the rarity', () =>
  agrees({ probes: 0, shortlist: 2 }, false, 5_000, SEED));

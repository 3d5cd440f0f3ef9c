export { type ChokeCandidate, type ChokeDecision, Choker, type ChokerOptions, type SeedStrategy } from './choker.ts';
export { RateMeter } from './rate-meter.ts';
export { slotsForLimit } from './slots.ts';

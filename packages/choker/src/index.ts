export { type ChokeCandidate, type ChokeDecision, Choker, type ChokerOptions } from './choker.ts';
export { RateMeter } from './rate-meter.ts';

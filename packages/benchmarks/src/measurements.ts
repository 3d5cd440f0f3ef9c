// All kinds of benchmark, each under its flag, loaded when it is asked for: a new one is a folder and a line here.
import type { Measurement } from './measurement.ts';

/** What is measured where no flag says otherwise. */
export const DEFAULT_MEASUREMENT = 'transfers';

export const MEASUREMENTS: Readonly<Record<string, () => Promise<Measurement>>> = {
  transfers: async () => (await import('./transfers/measurement.ts')).transfers,
  growth: async () => (await import('./transfers/measurement.ts')).growth,
  magnet: async () => (await import('./magnets/measurement.ts')).magnets,
  lookups: async () => (await import('./lookups/measurement.ts')).lookups,
  hashing: async () => (await import('./hashing/measurement.ts')).hashing,
  scale: async () => (await import('./scale/measurement.ts')).scale,
  micro: async () => (await import('./micro/measurement.ts')).micro,
  trackers: async () => (await import('./trackers/measurement.ts')).trackers,
};

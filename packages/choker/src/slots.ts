// How many peers are worth unchoking at once. Every slot divides the upload, and who gets a trickle from us gives back a
// trickle, or goes: a slot must be worth several KiB/s. Beyond that more slots find more partners, but each is thinner, so
// their number grows with the square root of the rate: four times the upload, twice the slots, each worth twice as much.

/** Slots squared for each KiB/s; BitTorrent's first client used the same figure. */
const SHARE = 0.6;
/** One regular slot to trade in and one optimistic to find a better trade. */
const LEAST = 2;

/**
 * Slots for an upload limit in bytes a second, never more than `configured`: the root of 0.6 times the limit in KiB/s, at least two.
 * Where there is no limit (undefined, Infinity) it is `configured`; where nothing may be sent it is none. Throws RangeError.
 */
export function slotsForLimit(bytesPerSecond: number | undefined, configured: number): number {
  if (!Number.isInteger(configured) || configured < 0) throw new RangeError(`not a number of slots: ${configured}`);
  if (bytesPerSecond === undefined) return configured;
  if (!(bytesPerSecond >= 0)) throw new RangeError(`a limit is a number of bytes from 0 up, not ${bytesPerSecond}`);
  if (bytesPerSecond === 0) return 0;
  return Math.min(configured, Math.max(LEAST, Math.floor(Math.sqrt((bytesPerSecond / 1_024) * SHARE))));
}

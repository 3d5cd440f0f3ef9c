// What stands beside the info dictionary, as it is written: made torrents and edited ones have it alike.
import { urlFault } from './sources.ts';
import { quoted } from './text.ts';

/** `announce` always, for readers that know no tiers, and `announce-list` where there is more than one URL (BEP 12). Throws TypeError. */
export function trackersOf(given: readonly (readonly string[])[]): {
  announce: string | undefined;
  'announce-list': readonly (readonly string[])[] | undefined;
} {
  const tiers = given.filter((tier) => tier.length > 0);
  for (const url of tiers.flat()) checkUrl(url, 'tracker');
  const isMultitracker = tiers.length > 1 || (tiers[0]?.length ?? 0) > 1;
  return { announce: tiers[0]?.[0], 'announce-list': isMultitracker ? tiers : undefined };
}

/** BEP 19. Throws TypeError. */
export function webSeedsOf(urls: readonly string[]): { 'url-list': readonly string[] | undefined } {
  for (const url of urls) checkUrl(url, 'web seed');
  return { 'url-list': urls.length > 0 ? urls : undefined };
}

/** Whole seconds since 1970. Throws RangeError before that. */
export function secondsOf(date: Date): number {
  const seconds = Math.floor(date.getTime() / 1_000);
  if (!(seconds >= 0)) throw new RangeError(`a creation date lies after 1970, not at ${date.getTime()} ms`);
  return seconds;
}

function checkUrl(url: string, kind: 'tracker' | 'web seed'): void {
  const fault = urlFault(url, kind);
  if (fault !== undefined) throw new TypeError(`the ${kind} ${quoted(url)} ${fault}`);
}

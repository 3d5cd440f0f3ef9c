// One answer out of several to the same announce: a tracker that is asked over IPv4 and over IPv6 (BEP 7) gives each
// family its own.
import { type Endpoint, formatEndpoint } from '@shoal/primitives';
import type { AnnounceResponse } from './announce.ts';

/**
 * Peers of all, each once, the first `maxPeers`, without those that are ourselves (`external ip` and `ownPort`). Where
 * figures differ the greater counts: both families share one swarm, or know but a part of it, and the longer interval
 * annoys nobody. Words and ids are the first answer's that has any. Throws RangeError for no answer at all.
 */
export function mergeAnswers(
  answers: readonly AnnounceResponse[],
  ownPort: number,
  maxPeers: number,
): AnnounceResponse {
  const [first] = answers;
  if (!first) throw new RangeError('at least one answer is needed');
  const own = new Set(
    answers.flatMap(({ externalIp }) =>
      externalIp === null ? [] : [formatEndpoint({ host: externalIp, port: ownPort })],
    ),
  );
  const peers = new Map<string, Endpoint>();
  for (const peer of answers.flatMap((answer) => answer.peers)) {
    const name = formatEndpoint(peer);
    if (!own.has(name) && peers.size < maxPeers) peers.set(name, peer);
  }
  return {
    interval: Math.max(...answers.map(({ interval }) => interval)),
    minInterval: greatest(answers.map(({ minInterval }) => minInterval)),
    seeders: greatest(answers.map(({ seeders }) => seeders)),
    leechers: greatest(answers.map(({ leechers }) => leechers)),
    peers: [...peers.values()],
    warning: firstOf(answers.map(({ warning }) => warning)),
    trackerId: firstOf(answers.map(({ trackerId }) => trackerId)),
    externalIp: firstOf(answers.map(({ externalIp }) => externalIp)),
  };
}

function greatest(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((figure) => figure !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function firstOf(texts: readonly (string | null)[]): string | null {
  return texts.find((text) => text !== null) ?? null;
}

// `--trackers`: what an announce costs a tracker, and what a million peers take.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type Measurement, wholeNumber } from '../measurement.ts';
import { describeMachine } from '../transfers/machine.ts';
import { PEERS_IN_SWARM } from './announces.ts';
import { CONTESTANTS, type Contestant } from './contestants.ts';
import { formatTrackers } from './report.ts';
import { measureTrackers } from './trackers.ts';

const NAMES: string = CONTESTANTS.map(({ name }) => name).join(',');
const MAX_ROUNDS = 100;
const MAX_ANNOUNCES = 10_000_000;
/** Ports that 100 peers of one address take, times a torrent's: no more fit a tracker that tells peers by their port. */
const MAX_PEERS = 1_000_000;
const HELD = 20_000;

export const trackers: Measurement = {
  about: 'what announces cost a tracker, and the memory of its peers',
  usage: [
    '--rounds N        how often; the median counts (default 3)',
    '--announces N     of each protocol, in a round (default 50000)',
    `--peers N         for the memory, ${PEERS_IN_SWARM} to a torrent; 0: none (default ${MAX_PEERS})`,
    '--only NAMES      these alone, of',
    `                  ${NAMES}`,
  ],

  prepare(argv) {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        rounds: { type: 'string', default: '3' },
        announces: { type: 'string', default: '50000' },
        peers: { type: 'string', default: String(MAX_PEERS) },
        only: { type: 'string', default: NAMES },
      },
    });
    const rounds = wholeNumber('rounds', values.rounds, MAX_ROUNDS);
    const announces = wholeNumber('announces', values.announces, MAX_ANNOUNCES);
    const peers = values.peers === '0' ? 0 : wholeNumber('peers', values.peers, MAX_PEERS);
    const contestants = values.only.split(',').map(contestantOf);
    return async ({ signal, say }) => {
      const loadBefore = loadavg()[0] as number;
      const options = { contestants, rounds, announces, held: Math.min(HELD, announces), peers, signal, say };
      const result = await measureTrackers(options);
      const json = { machine: describeMachine(loadBefore), rounds, perRound: announces, ...result };
      return { text: formatTrackers(result), json, isPartial: result.skipped.length > 0 };
    };
  },
};

function contestantOf(name: string): Contestant {
  const contestant = CONTESTANTS.find((each) => each.name === name);
  if (!contestant) throw new RangeError(`no tracker is called "${name}"; there are ${NAMES}`);
  return contestant;
}

// `--micro`: the parts by themselves.
import { parseArgs } from 'node:util';
import { type Measurement, wholeNumber } from '../measurement.ts';
import { bencodeContests } from './bencode.ts';
import { type Comparison, compare, formatComparisons } from './compare.ts';
import { loadNpmPeers } from './npm-peers.ts';
import { pickerContest } from './picker.ts';
import { formatStartUp, measureStartUp, type StartUp } from './start-up.ts';
import { wireContests } from './wire.ts';

const FILES = 20_000;
const PIECES = 200_000;
const PARTS: readonly string[] = ['bencode', 'wire', 'picker', 'start'];

export const micro: Measurement = {
  about: 'parts by themselves, beside the same of npm where there is one',
  usage: [
    `--parts NAMES     which (default ${PARTS.join(',')})`,
    '--rounds N        how often; the median counts (default 9)',
  ],

  prepare(argv) {
    const { values } = parseArgs({
      args: [...argv],
      options: { parts: { type: 'string', default: PARTS.join(',') }, rounds: { type: 'string', default: '9' } },
    });
    const parts = values.parts.split(',');
    const unknown = parts.find((part) => !PARTS.includes(part));
    if (unknown !== undefined) throw new TypeError(`no part is called "${unknown}"; there are ${PARTS.join(', ')}`);
    const rounds = wholeNumber('rounds', values.rounds, 1_000);
    return async ({ signal, say }) => {
      const peers = await loadNpmPeers();
      const contests = [
        ...(parts.includes('bencode') ? bencodeContests(peers, FILES, 20_000) : []),
        ...(parts.includes('wire') ? wireContests(peers, 16, 20) : []),
        ...(parts.includes('picker') ? [1, 16].map((queue) => pickerContest(PIECES, 200_000, queue)) : []),
      ];
      const comparisons: Comparison[] = [];
      for (const contest of contests) {
        say(contest.name);
        comparisons.push(await compare(contest, rounds, signal));
      }
      let startUp: StartUp[] = [];
      if (parts.includes('start')) {
        say('starting up');
        startUp = measureStartUp(FILES, rounds, signal);
      }
      const tables = [
        ...(comparisons.length > 0 ? [formatComparisons(comparisons)] : []),
        ...(startUp.length > 0 ? [formatStartUp(startUp)] : []),
      ];
      return { text: tables.join('\n\n'), json: { comparisons, startUp } };
    };
  },
};

// `--hashing`: making torrents and checking data.
import { parseArgs } from 'node:util';
import { type Measurement, wholeNumber } from '../measurement.ts';
import { MIB } from '../payload.ts';
import { formatHashing, measureHashing } from './hashing.ts';

export const hashing: Measurement = {
  about: 'making a torrent and checking data, by whole programs',
  usage: [
    '--size MIB        of the payload; default 1024',
    '--piece KIB       of a piece; default 1024',
    '--rounds N        default 3',
  ],

  prepare(argv) {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        size: { type: 'string', default: '1024' },
        piece: { type: 'string', default: '1024' },
        rounds: { type: 'string', default: '3' },
      },
    });
    const options = {
      size: wholeNumber('size', values.size, 65_536) * MIB,
      pieceLength: wholeNumber('piece', values.piece, 65_536) * 1024,
      rounds: wholeNumber('rounds', values.rounds, 100),
    };
    return async (context) => {
      const result = await measureHashing(options, context);
      const isPartial = result.entries.some(({ failures }) => failures.length > 0);
      return { text: formatHashing(result), json: result, isPartial };
    };
  },
};

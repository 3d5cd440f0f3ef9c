// `--scale`: many torrents, many peers, many pieces.
import { parseArgs } from 'node:util';
import { type Measurement, wholeNumber } from '../measurement.ts';
import { formatScale, measureScale } from './scale.ts';

export const scale: Measurement = {
  about: 'many idle torrents, many peers, very many pieces',
  usage: [
    '--torrents N      idle ones; default 10000',
    '--peers N         connected to one torrent; default 1000',
    '--pieces N        of one torrent; default 200000',
    '--rest S          how long to look at who does nothing; default 60',
  ],

  prepare(argv) {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        torrents: { type: 'string', default: '10000' },
        peers: { type: 'string', default: '1000' },
        pieces: { type: 'string', default: '200000' },
        rest: { type: 'string', default: '60' },
      },
    });
    const options = {
      torrents: wholeNumber('torrents', values.torrents, 1_000_000),
      peers: wholeNumber('peers', values.peers, 60_000),
      pieces: wholeNumber('pieces', values.pieces, 10_000_000),
      restSeconds: wholeNumber('rest', values.rest, 3_600),
    };
    return async (context) => {
      const result = await measureScale(options, context);
      return { text: formatScale(result), json: result };
    };
  },
};

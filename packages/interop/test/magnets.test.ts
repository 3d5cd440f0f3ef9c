// Magnet links that name a tracker: the info dictionary comes from the other client (BEP 9), in several pieces.
import { CLIENTS } from '../src/clients/all.ts';
import { transmission } from '../src/clients/transmission.ts';
import { testTransfers } from '../src/suite.ts';

for (const client of CLIENTS) {
  if (client !== transmission) testTransfers(client, 'a magnet link to 40 KB of metadata');
}

// The widest and the narrowest pieces and many small files with every client that the quick tests do not try them with.
import { CLIENTS } from '../src/clients/all.ts';
import { libtorrent } from '../src/clients/libtorrent.ts';
import { testTransfers } from '../src/suite.ts';

for (const client of CLIENTS) {
  if (client !== libtorrent) testTransfers(client, 'pieces of 16 KiB', 'pieces of 16 MiB', '2,000 small files');
}

// The extension as a torrent gets it.
import type { ExtensionContext } from '@shoal/wire';
import type { AttachedPex, PexPeerInfo, PexTorrent } from './contract.ts';
import { PexBook } from './pex-book.ts';
import { PexConnection } from './pex-connection.ts';

/** Peer exchange (BEP 11) for a session's torrents. One object serves any number of them. */
export class UtPex {
  readonly name = 'ut_pex';

  attach(torrent: PexTorrent): AttachedPex {
    const book = new PexBook(torrent);
    return {
      connect: (peer: PexPeerInfo) => {
        if (torrent.private) return undefined;
        return (context: ExtensionContext) => new PexConnection({ torrent, book, context, peer });
      },
      detach: () => {},
    };
  }
}

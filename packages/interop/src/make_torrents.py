"""Makes torrents of a folder with libtorrent: make_torrents.py FOLDER OUTPUT_DIR. Prints the path of each."""
import os
import sys

import libtorrent as lt

folder, output = sys.argv[1], sys.argv[2]
KINDS = {
    "v1": lt.create_torrent.v1_only,
    "v1-padded": lt.create_torrent.v1_only | lt.create_torrent.canonical_files,
    "hybrid": 0,
}

for kind, flags in KINDS.items():
    storage = lt.file_storage()
    lt.add_files(storage, folder)
    torrent = lt.create_torrent(storage, piece_size=32768, flags=flags)
    torrent.add_tracker("http://127.0.0.1:1/announce", 0)
    torrent.add_tracker("udp://127.0.0.1:2/announce", 1)
    torrent.set_comment("made by libtorrent: %s" % kind)
    lt.set_piece_hashes(torrent, os.path.dirname(folder))
    path = os.path.join(output, "%s.torrent" % kind)
    with open(path, "wb") as file:
        file.write(lt.bencode(torrent.generate()))
    print(path)

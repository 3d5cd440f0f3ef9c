"""Makes torrents of a folder with libtorrent: make_torrents.py FOLDER OUTPUT_DIR [ANNOUNCE]. Prints the path of each."""
import os
import sys

import libtorrent as lt

folder, output = sys.argv[1], sys.argv[2]
trackers = sys.argv[3:] or ["http://127.0.0.1:1/announce", "udp://127.0.0.1:2/announce"]
KINDS = {
    "v1": lt.create_torrent.v1_only,
    "v1-padded": lt.create_torrent.v1_only | lt.create_torrent.canonical_files,
    "hybrid": 0,
}

for kind, flags in KINDS.items():
    storage = lt.file_storage()
    lt.add_files(storage, folder)
    torrent = lt.create_torrent(storage, piece_size=32768, flags=flags)
    for tier, url in enumerate(trackers):
        torrent.add_tracker(url, tier)
    torrent.set_comment("made by libtorrent: %s" % kind)
    lt.set_piece_hashes(torrent, os.path.dirname(folder))
    path = os.path.join(output, "%s.torrent" % kind)
    with open(path, "wb") as file:
        file.write(lt.bencode(torrent.generate()))
    print(path)

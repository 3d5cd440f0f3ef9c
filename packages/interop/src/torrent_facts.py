"""What libtorrent reads in each .torrent named on the command line: one JSON object a line, or {"error": ...}."""
import json
import sys

import libtorrent as lt

for path in sys.argv[1:]:
    try:
        info = lt.torrent_info(path)
    except RuntimeError as error:
        print(json.dumps({"error": str(error)}))
        continue
    files = info.files()
    flags = lt.file_storage.flag_pad_file if hasattr(lt.file_storage, "flag_pad_file") else lt.file_flags_t.flag_pad_file
    tiers = {}
    for tracker in info.trackers():
        tiers.setdefault(tracker.tier, []).append(tracker.url)
    print(json.dumps({
        "name": info.name(),
        "infoHash": str(info.info_hashes().v1),
        "pieceLength": info.piece_length(),
        "pieceCount": info.num_pieces(),
        "private": info.priv(),
        "files": [
            {"path": files.file_path(i), "length": files.file_size(i)}
            for i in range(files.num_files())
            if not files.file_flags(i) & flags
        ],
        "announce": [tiers[tier] for tier in sorted(tiers)],
    }))

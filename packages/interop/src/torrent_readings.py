"""What libtorrent reads in each .torrent named on the command line, link targets and both info-hashes among it: one JSON object
a line, or {"error": ...}. Padding is left out."""
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
    hashes = info.info_hashes()
    print(json.dumps({
        "name": info.name(),
        "infoHash": str(hashes.v1) if hashes.has_v1() else None,
        "infoHashV2": str(hashes.v2) if hashes.has_v2() else None,
        "pieceCount": info.num_pieces(),
        "files": [
            {
                "path": files.file_path(i),
                "length": files.file_size(i),
                "link": files.symlink(i) if files.file_flags(i) & lt.file_flags_t.flag_symlink else None,
            }
            for i in range(files.num_files())
            if not files.file_flags(i) & lt.file_flags_t.flag_pad_file
        ],
    }))

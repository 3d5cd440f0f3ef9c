"""Hashes with libtorrent: libtorrent_hash.py create PAYLOAD PIECE_LENGTH TORRENT | check TORRENT DIR | --version.

Ends with 0 when it is done, and everything was whole.
"""
import os
import sys

import libtorrent as lt

if sys.argv[1] == "--version":
    print("version %s" % lt.__version__)
elif sys.argv[1] == "create":
    _, _, payload, piece_length, torrent = sys.argv
    files = lt.file_storage()
    lt.add_files(files, payload)
    created = lt.create_torrent(files, int(piece_length), lt.create_torrent.v1_only)
    lt.set_piece_hashes(created, os.path.dirname(payload))
    with open(torrent, "wb") as out:
        out.write(lt.bencode(created.generate()))
else:
    _, _, torrent, folder = sys.argv
    # As many threads hash as there are cores: by default it is one.
    settings = lt.high_performance_seed()
    settings.update({
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "hashing_threads": os.cpu_count(),
        "aio_threads": 2 * os.cpu_count(),
        "alert_mask": lt.alert.category_t.status_notification,
    })
    session = lt.session(settings)
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = folder
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handle = session.add_torrent(params)
    handle.force_recheck()
    checked = False
    while not checked:
        session.wait_for_alert(1_000)
        checked = any(isinstance(alert, lt.torrent_checked_alert) for alert in session.pop_alerts())
    sys.stdout.flush()
    # Without the goodbyes, which are no part of it.
    os._exit(0 if handle.status().is_seeding else 1)

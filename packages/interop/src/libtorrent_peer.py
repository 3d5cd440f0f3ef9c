"""A libtorrent peer of one torrent over plain TCP: libtorrent_peer.py TORRENT DIR PORT. Says `state WORD` whenever that changes."""
import sys
import time

import libtorrent as lt

torrent, folder, port = sys.argv[1], sys.argv[2], sys.argv[3]

session = lt.session({
    "listen_interfaces": "127.0.0.1:%s" % port,
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    "in_enc_policy": 2,
    "out_enc_policy": 2,
    "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.tracker_notification,
})

params = lt.add_torrent_params()
params.ti = lt.torrent_info(torrent)
params.save_path = folder
handle = session.add_torrent(params)

said = None
while True:
    for alert in session.pop_alerts():
        print(alert.message())
    status = handle.status()
    word = "error" if status.errc.value() else str(status.state)
    if word in ("finished", "seeding"):
        word = "seeding"
    if word != said:
        said = word
        print("state %s" % word)
    time.sleep(0.1)

"""A libtorrent peer of one torrent over plain TCP: libtorrent_peer.py TASK, a JSON object of torrent, dir, listen, down, up
(bytes a second, 0 for no limit) and only (paths of the wanted files, or null). Says `state WORD` whenever that changes."""
import json
import sys
import time

import libtorrent as lt

task = json.loads(sys.argv[1])

session = lt.session({
    "listen_interfaces": task["listen"],
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    # A seed drops what is requested past this, and rtorrent waits for it to the end.
    "max_allowed_in_request_queue": 20_000,
    "in_enc_policy": 2,
    "out_enc_policy": 2,
    "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.tracker_notification,
})

params = lt.add_torrent_params()
params.ti = lt.torrent_info(task["torrent"])
params.save_path = task["dir"]
params.download_limit = task["down"]
params.upload_limit = task["up"]
if task["only"] is not None:
    files = params.ti.files()
    params.file_priorities = [4 if files.file_path(i) in task["only"] else 0 for i in range(files.num_files())]
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

"""A libtorrent peer of one torrent over plain TCP: libtorrent_peer.py TASK, a JSON object of torrent (a path or a magnet link), dir,
listen, down, up (bytes a second, 0 for no limit), only (paths of the wanted files, or null), scrape, dial (addresses of peers),
outgoing (where it dials from, or nothing) and find (of "lsd" and "pex" those that are on). Says `state WORD` and
`peers ADDRESS...`, those it is connected to, whenever they change."""
import json
import signal
import sys
import time

import libtorrent as lt

task = json.loads(sys.argv[1])

session = lt.session({
    "listen_interfaces": task["listen"],
    "outgoing_interfaces": task["outgoing"],
    "enable_dht": False,
    "enable_lsd": "lsd" in task["find"],
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    # It asks a tracker on loopback for nothing but /announce.
    "ssrf_mitigation": not task["scrape"],
    # A seed drops what is requested past this, and rtorrent waits for it to the end.
    "max_allowed_in_request_queue": 20_000,
    "in_enc_policy": 2,
    "out_enc_policy": 2,
    "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.tracker_notification | lt.alert.category_t.storage_notification,
})

if task["torrent"].startswith("magnet:"):
    params = lt.parse_magnet_uri(task["torrent"])
else:
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(task["torrent"])
if "pex" not in task["find"]:
    params.flags |= lt.torrent_flags.disable_pex
if "lsd" not in task["find"]:
    params.flags |= lt.torrent_flags.disable_lsd
params.save_path = task["dir"]
params.download_limit = task["down"]
params.upload_limit = task["up"]
if task["only"] is not None:
    files = params.ti.files()
    params.file_priorities = [4 if files.file_path(i) in task["only"] else 0 for i in range(files.num_files())]
handle = session.add_torrent(params)
for address in task["dial"]:
    host, port = address.rsplit(":", 1)
    handle.connect_peer((host, int(port)))

said = said_peers = said_flush = None
leaving = said_stopped = False
open_announces = 0


def leave(*_):
    global leaving
    leaving = True


def hear():
    global open_announces, said_stopped, said_flush
    for alert in session.pop_alerts():
        print(alert.message())
        if isinstance(alert, lt.cache_flushed_alert):
            said_flush = True
        if isinstance(alert, lt.tracker_announce_alert):
            open_announces += 1
            said_stopped = said_stopped or "(stopped)" in alert.message()
        elif isinstance(alert, (lt.tracker_reply_alert, lt.tracker_error_alert)):
            open_announces -= 1
            if task["scrape"]:
                task["scrape"] = False
                handle.scrape_tracker()


signal.signal(signal.SIGINT, leave)
while not leaving:
    hear()
    status = handle.status()
    word = "error" if status.errc.value() else str(status.state)
    if word in ("finished", "seeding"):
        # What it has is on its way to the disk.
        if said_flush is None:
            said_flush = False
            handle.flush_cache()
        word = "seeding" if said_flush else said
    if word != said:
        said = word
        print("state %s" % word)
    peers = sorted("%s:%d" % peer.ip for peer in handle.get_peer_info() if not peer.flags & lt.peer_info.handshake)
    if peers != said_peers:
        said_peers = peers
        print("peers", *peers)
    time.sleep(0.1)

# A session that merely ends says no goodbye over UDP; a pause says it over both.
handle.unset_flags(lt.torrent_flags.auto_managed)
handle.pause()
limit = time.time() + 2
while time.time() < limit and not (said_stopped and open_announces <= 0):
    hear()
    time.sleep(0.02)

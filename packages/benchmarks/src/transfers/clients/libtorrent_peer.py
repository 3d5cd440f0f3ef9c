"""A libtorrent peer of one torrent over plain TCP on loopback: libtorrent_peer.py seed|leech TORRENT DIR HOST [HOST:PORT TO DIAL]...

Says `version V`, `listening PORT`, `first-byte` (of payload, sent or received) and, as a leech, `complete` once every
piece is verified. Ends, with everything written, when its input does.
"""
import sys
import time

import libtorrent as lt

if sys.argv[1:] == ["--version"]:
    print("version %s" % lt.__version__)
    sys.exit()

role, torrent, folder, host = sys.argv[1:5]


def say(words):
    print(words, flush=True)


# What a user who wants speed sets: the library's own preset for much memory and few compromises (send buffer of
# 3 MiB, 1,500 requests in flight, TCP preferred), and past it:
settings = lt.high_performance_seed()
settings.update({
    "listen_interfaces": "%s:0" % host,
    "outgoing_interfaces": host,
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "in_enc_policy": 2,
    "out_enc_policy": 2,
    "allow_multiple_connections_per_ip": True,
    # Nobody's requests are dropped, however many are in flight.
    "max_allowed_in_request_queue": 100_000,
    "max_out_request_queue": 5_000,
    "send_buffer_watermark": 8 * 1024 * 1024,
    "max_queued_disk_bytes": 64 * 1024 * 1024,
    "rate_limit_ip_overhead": False,
    # The preset suggests pieces that are cached, which only costs messages between two peers.
    "suggest_mode": 0,
    # Room for the files of the largest folder.
    "file_pool_size": 4_000,
    "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification,
})

session = lt.session(settings)
params = lt.add_torrent_params()
params.ti = lt.torrent_info(torrent)
params.save_path = folder
params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
params.flags |= lt.torrent_flags.disable_pex | lt.torrent_flags.disable_dht | lt.torrent_flags.disable_lsd
if role == "seed":
    params.flags |= lt.torrent_flags.seed_mode
handle = session.add_torrent(params)
for address in sys.argv[5:]:
    seed, port = address.rsplit(":", 1)
    handle.connect_peer((seed, int(port)))

while session.listen_port() == 0:
    time.sleep(0.01)
say("listening %d" % session.listen_port())

# Alerts of single blocks would slow it down; a look every 2 ms, which ends with the first byte, does not. Where that keeps everybody
# waiting for seconds, a look every 20 ms is near enough.
since = time.monotonic()
while True:
    status = handle.status(0)
    if status.errc.value():
        sys.exit("libtorrent: %s" % status.errc.message())
    if status.total_payload_upload + status.total_payload_download > 0:
        break
    time.sleep(0.002 if time.monotonic() - since < 5 else 0.02)
say("first-byte")

if role == "leech":
    complete = False
    while not complete:
        session.wait_for_alert(1_000)
        complete = any(isinstance(alert, lt.torrent_finished_alert) for alert in session.pop_alerts())
    say("complete")

sys.stdin.read()
# Joins the disk threads, so that nothing is left unwritten.
del handle
del session

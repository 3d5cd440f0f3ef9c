"""A DHT of libtorrent nodes on loopback, each with an address of its own: libtorrent_net.py TASK, a JSON object of nodes (the
listening addresses, `HOST:PORT` each, the first being the way in) and enter (addresses of nodes besides). Says `node N knows M` of
each node that knows M others. Reads commands from stdin, one JSON array a line. The last node obeys ["seed", TORRENT, DIR] and
["fetch", MAGNET, DIR], and says `state WORD` of the torrent. The first node obeys ["put", TEXT], which stores an immutable item and
says `put TARGET`; ["sign", SECRET, PUBLIC-KEY, SALT, TEXT], a mutable one, under the expanded secret key of 64 bytes; both say
`stored COUNT SEQ` at the end; ["get", TARGET] and ["read", PUBLIC-KEY, SALT], which fetch one and say `got JSON`. Bytes are hexadecimal."""
import json
import os
import select
import signal
import sys
import time

import libtorrent as lt

task = json.loads(sys.argv[1])


def settings(address):
    return {
        "listen_interfaces": address,
        "enable_dht": True,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        "in_enc_policy": 2,
        "out_enc_policy": 2,
        "allow_multiple_connections_per_ip": True,
        # Of one machine's nodes they would keep one.
        "dht_restrict_routing_ips": False,
        "dht_restrict_search_ips": False,
        "dht_bootstrap_nodes": task["nodes"][0],
        "dht_announce_interval": 60,
        "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.dht_notification,
    }


sessions = [lt.session(settings(address)) for address in task["nodes"]]
for session in sessions:
    for address in task["nodes"][:1] + task["enter"]:
        host, port = address.rsplit(":", 1)
        session.add_dht_node((host, int(port)))

handle = None
leaving = False


def leave(*_):
    global leaving
    leaving = True


def say(*words):
    print(*words, flush=True)


def text_of(item):
    value = item.get("value") if isinstance(item, dict) else item
    return value.decode("latin-1") if isinstance(value, bytes) else value


def obey(command):
    global handle
    first = sessions[0]
    if command[0] in ("seed", "fetch"):
        if command[0] == "seed":
            params = lt.add_torrent_params()
            params.ti = lt.torrent_info(command[1])
        else:
            params = lt.parse_magnet_uri(command[1])
        params.save_path = command[2]
        handle = sessions[-1].add_torrent(params)
    elif command[0] == "put":
        say("put", first.dht_put_immutable_item(command[1]))
    elif command[0] == "get":
        first.dht_get_immutable_item(lt.sha1_hash(bytes.fromhex(command[1])))
    elif command[0] == "sign":
        first.dht_put_mutable_item(bytes.fromhex(command[1]), bytes.fromhex(command[2]), command[4], command[3])
    elif command[0] == "read":
        first.dht_get_mutable_item(bytes.fromhex(command[1]), command[2])


signal.signal(signal.SIGINT, leave)
signal.signal(signal.SIGTERM, leave)
known = {}
lookups = 0
next_lookups = time.time() + 1
said = None
pending = b""
while not leaving:
    for number, session in enumerate(sessions):
        session.post_dht_stats()
        for alert in session.pop_alerts():
            if isinstance(alert, lt.dht_stats_alert):
                count = sum(bucket["num_nodes"] for bucket in alert.routing_table)
                if known.get(number) != count:
                    known[number] = count
                    say("node", number, "knows", count)
            elif isinstance(alert, lt.dht_immutable_item_alert):
                say("got", json.dumps({"value": text_of(alert.item)}))
            elif isinstance(alert, lt.dht_mutable_item_alert):
                value = text_of(alert.item)
                if alert.authoritative or value is not None:
                    say("got", json.dumps({"value": value, "seq": alert.seq}))
            elif isinstance(alert, lt.dht_put_alert):
                say("stored", alert.num_success, alert.seq)
            else:
                say(alert.message())
    # By itself it fills its table after some fifteen seconds: who looks something up meets others.
    if lookups < 6 and time.time() >= next_lookups:
        lookups += 1
        next_lookups += 1
        for session in sessions:
            session.dht_get_peers(lt.sha1_hash(os.urandom(20)))
    if handle is not None:
        status = handle.status()
        word = "error" if status.errc.value() else str(status.state)
        word = "seeding" if word == "finished" else word
        if word != said:
            said = word
            say("state", word)
    # Unbuffered: what waits in a buffer of Python's is nothing that select knows of.
    if select.select([0], [], [], 0.1)[0]:
        arrived = os.read(0, 65_536)
        if not arrived:
            time.sleep(0.1)
        *lines, pending = (pending + arrived).split(b"\n")
        for line in lines:
            obey(json.loads(line))

// A webtorrent peer of one torrent over plain TCP on loopback: webtorrent_peer.mjs seed|leech TORRENT DIR HOST [HOST:PORT TO DIAL]...
// Says `version V`, `listening PORT` and, as a leech, `complete` once every piece is verified and stored. Ends when its
// input does.
import { readFile } from 'node:fs/promises';
import { WebTorrent } from '../../webtorrent.mjs';

if (process.argv[2] === '--version') {
  console.log(`version ${WebTorrent.VERSION}`);
  process.exit();
}

const [role, torrentPath, path, , ...dial] = process.argv.slice(2);
// Nothing but TCP and the one peer; no limit is set on either rate, and a seed need not check its data first.
const client = new WebTorrent({
  dht: false,
  lsd: false,
  natPmp: false,
  natUpnp: false,
  tracker: false,
  utPex: false,
  utp: false,
  webSeeds: false,
});
client.on('error', fail);

const torrent = client.add(await readFile(torrentPath), { path, skipVerify: role === 'seed', announce: [] });
torrent.on('error', fail);
torrent.on('ready', () => {
  for (const seed of dial) torrent.addPeer(seed);
  whenListening(() => console.log(`listening ${client.torrentPort}`));
});
if (role === 'leech') torrent.on('done', () => console.log('complete'));

process.stdin.resume();
process.stdin.on('end', () => client.destroy(() => process.exit()));

function whenListening(callback) {
  if (client.listening) callback();
  else client.once('listening', callback);
}

function fail(error) {
  console.error(`webtorrent: ${error?.message ?? error}`);
  process.exit(1);
}

// A webtorrent peer of one torrent over plain TCP: webtorrent_peer.mjs TORRENT|MAGNET DIR PORT [scrape]. What lies in the folder is checked
// first; says `done` once every piece is verified and stored.
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';

// WebRTC needs a native module whose build is not run, and takes no part in plain TCP: an empty one stands for it.
const noWebRtc = `export const RTCPeerConnection = undefined, RTCSessionDescription = undefined, RTCIceCandidate = undefined;
export default {};`;
const hooks = `export const resolve = (name, context, next) => name === 'webrtc-polyfill'
  ? { url: ${JSON.stringify(`data:text/javascript,${encodeURIComponent(noWebRtc)}`)}, shortCircuit: true }
  : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const { default: WebTorrent } = await import('webtorrent');

const [torrentPath, path, port, scrape] = process.argv.slice(2);
const client = new WebTorrent({
  torrentPort: Number(port),
  dht: false,
  lsd: false,
  natPmp: false,
  natUpnp: false,
  tracker: { wrtc: false },
  utPex: false,
  utp: false,
  webSeeds: false,
});
client.on('error', fail);
const torrent = client.add(torrentPath.startsWith('magnet:') ? torrentPath : await readFile(torrentPath), { path });
torrent.on('error', fail);
torrent.on('warning', (warning) => process.stdout.write(`warning: ${warning?.message ?? warning}\n`));
torrent.on('done', () => process.stdout.write('done\n'));
if (scrape) torrent.once('trackerAnnounce', () => torrent.discovery.tracker.scrape());
// Says goodbye to its trackers.
process.once('SIGINT', () => client.destroy(() => process.exit(0)));

function fail(error) {
  process.stderr.write(`webtorrent: ${error?.stack ?? error}\n`);
  process.exit(1);
}

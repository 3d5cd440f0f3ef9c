// Hashes with webtorrent and the packages that it stands on: webtorrent_hash.mjs create PAYLOAD PIECE_LENGTH TORRENT |
// check TORRENT DIR. Ends with 0 when it is done, and everything was whole.
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [what, ...rest] = process.argv.slice(2);
const webtorrent = dirname(realpathSync(fileURLToPath(import.meta.resolve('webtorrent/package.json'))));

if (what === 'create') {
  const [payload, pieceLength, torrent] = rest;
  const { default: createTorrent } = await import(pathToFileURL(join(webtorrent, '../create-torrent/index.js')).href);
  const options = { pieceLength: Number(pieceLength), announceList: [] };
  const bytes = await new Promise((resolve, reject) => {
    createTorrent(payload, options, (error, made) => (error ? reject(error) : resolve(made)));
  });
  writeFileSync(torrent, bytes);
  process.exit(0);
}

const [torrent, path] = rest;
// WebRTC needs a native module whose build is not run, and takes no part in this: an empty one stands for it.
const noWebRtc = `export const RTCPeerConnection = undefined, RTCSessionDescription = undefined, RTCIceCandidate = undefined;
export default {};`;
const hooks = `export const resolve = (name, context, next) => name === 'webrtc-polyfill'
  ? { url: ${JSON.stringify(`data:text/javascript,${encodeURIComponent(noWebRtc)}`)}, shortCircuit: true }
  : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const { default: WebTorrent } = await import('webtorrent');
const client = new WebTorrent({ dht: false, tracker: false, lsd: false, natUpnp: false, natPmp: false, utp: false });
client.on('error', () => process.exit(1));
client.add(readFileSync(torrent), { path }, (added) => {
  added.on('done', () => process.exit(0));
  if (added.progress === 1) process.exit(0);
});

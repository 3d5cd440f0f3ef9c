// Hashes with webtorrent and the packages that it stands on: webtorrent_hash.mjs create PAYLOAD PIECE_LENGTH TORRENT |
// check TORRENT DIR. Ends with 0 when it is done, and everything was whole.
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
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
const { WebTorrent } = await import('../webtorrent.mjs');
const client = new WebTorrent({ dht: false, tracker: false, lsd: false, natUpnp: false, natPmp: false, utp: false });
client.on('error', () => process.exit(1));
client.add(readFileSync(torrent), { path }, (added) => {
  added.on('done', () => process.exit(0));
  if (added.progress === 1) process.exit(0);
});

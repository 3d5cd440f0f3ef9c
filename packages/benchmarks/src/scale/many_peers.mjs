// So many connections to one torrent's seed, each from an address of its own, which shake hands, say that they have nothing and stay:
// many_peers.mjs PORT INFO_HASH COUNT. Says `connected` once all have an answer; ends when its input does.
import { connect } from 'node:net';

const [port, infoHash, count] = process.argv.slice(2);
const handshake = Buffer.concat([
  Buffer.from('\x13BitTorrent protocol\0\0\0\0\0\0\0\0', 'latin1'),
  Buffer.from(infoHash, 'hex'),
  Buffer.from('-XX0000-'),
]);
const KEEP_ALIVE = Buffer.alloc(4);
let answered = 0;

const join = (index) => {
  if (index >= Number(count)) return;
  const localAddress = `127.${1 + (index >> 16)}.${(index >> 8) & 255}.${1 + (index % 255)}`;
  const socket = connect({ host: '127.0.0.1', port: Number(port), localAddress });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('hung up'));
  socket.once('data', () => {
    answered++;
    if (answered === Number(count)) console.log('connected');
    join(index + 50);
  });
  socket.on('data', () => {});
  socket.write(Buffer.concat([handshake, Buffer.from(String(index).padStart(12, '0'))]));
  setInterval(() => socket.write(KEEP_ALIVE), 60_000);
};
const fail = (why) => {
  console.error(`a connection of ${answered}: ${why}`);
  process.exit(1);
};
for (let index = 0; index < 50; index++) join(index);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

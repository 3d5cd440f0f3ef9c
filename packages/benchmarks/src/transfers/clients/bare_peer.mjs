// The hot path and nothing else, as a program: bare_peer.mjs seed|leech TORRENT DIR HOST [HOST:PORT TO DIAL].
// A leech with one connection receives into one reused buffer, copies each block to its piece, hashes it on the way and writes the whole piece
// in calls of 1 MiB; a seed reads extents ahead and sends header and block through a corked socket. There is no engine: blocks are
// asked for in order, and whatever else a peer says is passed over. It is no client, and trusts the other side not to be hostile.
// Says `version V`, `listening PORT`, `first-byte` and, as a leech, `complete`. Ends when its input does.
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, read as readFile, readFileSync, write as writeFile } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const BLOCK = 16 * 1024;
const EXTENT = 256 * 1024;
const WRITE = 1024 * 1024;
const RECEIVE_BUFFER = 64 * 1024;
/** Bytes asked for and not yet received; asked for in quarters of it. */
const IN_FLIGHT = 4 * 1024 * 1024;
/** Pieces that may wait for the disk. */
const WRITING = 8;
/** Bytes of the send queue. */
const SEND_QUEUE = 512 * 1024;
/** Extents that are kept where none of them waits to be sent. */
const EXTENTS = 16;

const [CHOKE, UNCHOKE, INTERESTED, BITFIELD, REQUEST, PIECE] = [0, 1, 2, 5, 6, 7];
const HANDSHAKE_LENGTH = 68;
const PIECE_HEADER = 13;
const NOTHING = Buffer.alloc(0);

if (process.argv[2] === '--version') {
  console.log(`version ${process.version.slice(1)}`);
  process.exit();
}

const [role, torrentPath, folder, host, dial] = process.argv.slice(2);
const { infoHash, name, length, pieceLength, hashes } = readTorrent(readFileSync(torrentPath));
const pieceCount = hashes.length / 20;
const handshake = Buffer.concat([
  Buffer.from('\x13BitTorrent protocol'),
  Buffer.alloc(8),
  infoHash,
  Buffer.from(`-BARE0-${String(process.pid).padStart(13, '0')}`),
]);
let isFirst = true;

process.stdin.resume();
process.stdin.on('end', () => process.exit());
if (role === 'seed') seed();
else leech(dial.split(':'));

function seed() {
  const file = openSync(join(folder, name), 'r');
  const server = createServer({ highWaterMark: SEND_QUEUE, noDelay: true }, (socket) => serve(socket, file));
  server.listen(0, host, () => console.log(`listening ${server.address().port}`));
}

function serve(socket, file) {
  const requests = [];
  /** By number, the longest unused first. */
  const extents = new Map();
  let isServing = false;
  socket.on('error', () => socket.destroy());
  socket.write(handshake);
  const bitfield = Buffer.alloc(Math.ceil(pieceCount / 8), 0xff);
  if (pieceCount % 8 !== 0) bitfield[bitfield.length - 1] = 0xff << (8 - (pieceCount % 8));
  socket.write(message(BITFIELD, bitfield));
  socket.write(message(UNCHOKE, Buffer.alloc(0)));
  const decode = decoder((id, body) => {
    if (id !== REQUEST) return;
    requests.push(body.readUInt32BE(0), body.readUInt32BE(4), body.readUInt32BE(8));
    if (!isServing) send().catch(fail);
  });
  socket.on('data', decode);

  /** Read once, and kept until there are too many; its memory is used again when nothing of it waits to be sent. */
  function extentAt(number) {
    const known = extents.get(number);
    if (known) {
      extents.delete(number);
      extents.set(number, known);
      return known;
    }
    let buffer;
    if (extents.size >= EXTENTS) {
      for (const [oldest, extent] of extents) {
        if (extent.sending > 0) continue;
        extents.delete(oldest);
        buffer = extent.buffer;
        break;
      }
    }
    buffer ??= Buffer.allocUnsafeSlow(EXTENT);
    const at = number * EXTENT;
    const read = new Promise((resolve, reject) => {
      readFile(file, buffer, 0, Math.min(EXTENT, length - at), at, (error) => (error ? reject(error) : resolve()));
    });
    const extent = { buffer, read, sending: 0 };
    extents.set(number, extent);
    return extent;
  }

  async function send() {
    isServing = true;
    for (let next = 0; next < requests.length; ) {
      const number = Math.floor((requests[next] * pieceLength + requests[next + 1]) / EXTENT);
      const extent = extentAt(number);
      // It stays as it is until all that is written below has left.
      extent.sending++;
      if ((number + 1) * EXTENT < length) extentAt(number + 1);
      await extent.read;
      let isWritable = true;
      socket.cork();
      while (next < requests.length) {
        const at = requests[next] * pieceLength + requests[next + 1] - number * EXTENT;
        const size = requests[next + 2];
        if (at < 0 || at >= EXTENT) break;
        if (at + size > EXTENT) throw new Error('the bare probe sends no block that lies in two extents');
        const header = Buffer.allocUnsafe(PIECE_HEADER);
        header.writeUInt32BE(9 + size, 0);
        header[4] = PIECE;
        header.writeUInt32BE(requests[next], 5);
        header.writeUInt32BE(requests[next + 1], 9);
        socket.write(header);
        isWritable = socket.write(extent.buffer.subarray(at, at + size));
        next += 3;
      }
      socket.write(NOTHING, () => extent.sending--);
      socket.uncork();
      sayFirst();
      if (!isWritable) await new Promise((resolve) => socket.once('drain', resolve));
    }
    requests.length = 0;
    isServing = false;
  }
}

function leech([seed, port]) {
  const file = openSync(join(folder, name), 'w+');
  ftruncateSync(file, length);
  const spare = [];
  const pieces = new Map();
  let piece;
  let filled = 0;
  let asked = 0;
  let received = 0;
  let writing = 0;
  let isUnchoked = false;
  const buffer = Buffer.allocUnsafeSlow(RECEIVE_BUFFER);
  const header = Buffer.alloc(PIECE_HEADER);
  let inHeader = 0;
  let inBlock = 0;
  let inOther = 0;
  let inHandshake = HANDSHAKE_LENGTH;
  const callback = (count) => {
    receive(buffer.subarray(0, count));
    return writing < WRITING;
  };
  const socket = connect({ host: seed, port: Number(port), noDelay: true, onread: { buffer, callback } });
  socket.on('error', fail);
  socket.write(handshake);
  socket.write(message(INTERESTED, Buffer.alloc(0)));
  console.log('listening 0');

  function receive(bytes) {
    for (let at = 0; at < bytes.length; ) {
      const left = bytes.length - at;
      if (inHandshake > 0) {
        const count = Math.min(inHandshake, left);
        inHandshake -= count;
        at += count;
      } else if (inBlock > 0) {
        const count = Math.min(inBlock, left);
        take(bytes, at, count);
        inBlock -= count;
        at += count;
        if (inBlock === 0) blockEnds();
      } else if (inOther > 0) {
        const count = Math.min(inOther, left);
        inOther -= count;
        at += count;
      } else {
        header[inHeader++] = bytes[at++];
        if (inHeader === 4 && header.readUInt32BE(0) === 0) inHeader = 0;
        if (inHeader < 5) continue;
        const size = header.readUInt32BE(0);
        if (header[4] !== PIECE) {
          inHeader = 0;
          inOther = size - 1;
          if (header[4] === UNCHOKE) isUnchoked = true;
          if (header[4] === CHOKE) fail(new Error('choked'));
        } else if (inHeader === PIECE_HEADER) {
          inHeader = 0;
          inBlock = size - 9;
          piece = pieceAt(header.readUInt32BE(5));
          filled = header.readUInt32BE(9);
          sayFirst();
        }
      }
    }
    if (isUnchoked && asked - received <= IN_FLIGHT - IN_FLIGHT / 4) ask();
  }

  function pieceAt(index) {
    let known = pieces.get(index);
    if (known) return known;
    const size = sizeOf(index);
    known = {
      index,
      size,
      buffer: spare.pop() ?? Buffer.allocUnsafeSlow(pieceLength),
      has: new Uint8Array(Math.ceil(size / BLOCK)),
      left: size,
      hash: createHash('sha1'),
      hashed: 0,
    };
    pieces.set(index, known);
    return known;
  }

  function take(bytes, at, count) {
    piece.buffer.set(bytes.subarray(at, at + count), filled);
    filled += count;
    piece.left -= count;
    received += count;
  }

  /** Blocks may come in another order than they were asked for: what follows on what is hashed is hashed while it is warm. */
  function blockEnds() {
    const { index, size, buffer, has, hash } = piece;
    has[Math.floor((filled - 1) / BLOCK)] = 1;
    const from = piece.hashed;
    while (piece.hashed < size && has[piece.hashed / BLOCK] === 1) piece.hashed = Math.min(size, piece.hashed + BLOCK);
    if (piece.hashed > from) hash.update(buffer.subarray(from, piece.hashed));
    if (piece.left > 0) return;
    if (!hash.digest().equals(hashes.subarray(index * 20, index * 20 + 20))) fail(new Error(`piece ${index} is bad`));
    pieces.delete(index);
    write(buffer, size, index * pieceLength);
  }

  function write(bytes, size, position) {
    writing++;
    const from = (at) => {
      if (at < size) {
        const count = Math.min(WRITE, size - at);
        writeFile(file, bytes, at, count, position + at, (error, written) =>
          error ? fail(error) : from(at + written),
        );
        return;
      }
      spare.push(bytes);
      if (writing-- === WRITING) socket.resume();
      if (writing > 0 || received < length) return;
      closeSync(file);
      console.log('complete');
    };
    from(0);
  }

  function ask() {
    const batch = [];
    for (; asked < length && asked - received < IN_FLIGHT; ) {
      const piece = Math.floor(asked / pieceLength);
      const begin = asked - piece * pieceLength;
      const size = Math.min(BLOCK, sizeOf(piece) - begin);
      const request = Buffer.alloc(12);
      request.writeUInt32BE(piece, 0);
      request.writeUInt32BE(begin, 4);
      request.writeUInt32BE(size, 8);
      batch.push(message(REQUEST, request));
      asked += size;
    }
    if (batch.length > 0) socket.write(Buffer.concat(batch));
  }
}

/** Of small messages, whole ones: `use(id, body)`. */
function decoder(use) {
  let kept = Buffer.alloc(0);
  let isGreeted = false;
  return (bytes) => {
    kept = kept.length === 0 ? bytes : Buffer.concat([kept, bytes]);
    if (!isGreeted) {
      if (kept.length < HANDSHAKE_LENGTH) return;
      isGreeted = true;
      kept = kept.subarray(HANDSHAKE_LENGTH);
    }
    while (kept.length >= 4 && kept.length >= 4 + kept.readUInt32BE(0)) {
      const size = kept.readUInt32BE(0);
      if (size > 0) use(kept[4], kept.subarray(5, 4 + size));
      kept = kept.subarray(4 + size);
    }
  };
}

function message(id, body) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + body.length, 0);
  head[4] = id;
  return Buffer.concat([head, body]);
}

function sizeOf(index) {
  return Math.min(pieceLength, length - index * pieceLength);
}

function sayFirst() {
  if (!isFirst) return;
  isFirst = false;
  console.log('first-byte');
}

/** Of a torrent with one file. */
function readTorrent(bytes) {
  let at = 0;
  let span;
  const value = (key) => {
    const from = at;
    const type = bytes[at];
    let result;
    if (type === 0x69) {
      const end = bytes.indexOf(0x65, at);
      result = Number(bytes.toString('latin1', at + 1, end));
      at = end + 1;
    } else if (type === 0x6c || type === 0x64) {
      const items = [];
      const entries = new Map();
      at++;
      while (bytes[at] !== 0x65) {
        if (type === 0x6c) items.push(value());
        else {
          const name = value().toString();
          entries.set(name, value(name));
        }
      }
      at++;
      result = type === 0x6c ? items : entries;
    } else {
      const colon = bytes.indexOf(0x3a, at);
      const size = Number(bytes.toString('latin1', at, colon));
      result = bytes.subarray(colon + 1, colon + 1 + size);
      at = colon + 1 + size;
    }
    if (key === 'info') span = bytes.subarray(from, at);
    return result;
  };
  const info = value().get('info');
  return {
    infoHash: createHash('sha1').update(span).digest(),
    name: info.get('name').toString(),
    length: info.get('length'),
    pieceLength: info.get('piece length'),
    hashes: info.get('pieces'),
  };
}

function fail(error) {
  console.error(`bare: ${error?.stack ?? error}`);
  process.exit(1);
}

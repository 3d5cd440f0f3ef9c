// Sends so many bytes over loopback to whoever dials, the same buffer again and again: loopback_sender.mjs BYTES.
// Says `listening PORT`.
import { createServer } from 'node:net';

const buffer = Buffer.alloc(1024 * 1024, 1);
let left = Number(process.argv[2]);

const server = createServer((socket) => {
  const send = () => {
    while (left > 0) {
      const part = left < buffer.length ? buffer.subarray(0, left) : buffer;
      left -= part.length;
      if (!socket.write(part)) return;
    }
    socket.end();
    server.close();
  };
  socket.on('drain', send);
  send();
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));

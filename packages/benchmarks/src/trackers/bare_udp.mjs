// What a UDP tracker in Node cannot be cheaper than: answers each datagram with one as long as an answer of 50 peers.
import { createSocket } from 'node:dgram';

const CONNECT = 16;
const answer = Buffer.alloc(20 + 50 * 6);
answer.writeUInt32BE(1, 0);

// Addresses are numbers here: without this each answer would wait for the resolver.
const socket = createSocket({ type: 'udp4', lookup: (address, _options, done) => done(null, address, 4) });
socket.on('message', (message, { port, address }) => {
  if (message.length === CONNECT) {
    socket.send(Buffer.concat([Buffer.alloc(4), message.subarray(12), Buffer.alloc(8)]), port, address);
    return;
  }
  message.copy(answer, 4, 12, 16);
  socket.send(answer, port, address);
});
socket.bind(0, '127.0.0.1', () => console.log(`listening ${socket.address().port}`));

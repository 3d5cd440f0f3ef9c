// The askers: so many announces over UDP or HTTP, a fixed number of them under way at any time, every answer read. They run in this
// process, whose time is nobody's.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { httpAnnounce, newDatagram, writeUdpAnnounce } from './announces.ts';

export interface Load {
  readonly port: number;
  /** Numbers of the peers that announce: `count` of them from `first` on. */
  readonly first: number;
  readonly count: number;
  readonly swarms: number;
  readonly signal: AbortSignal;
}

export interface Answered {
  /** Peers in all answers. */
  readonly peers: number;
  /** Connections that were made, over HTTP. */
  readonly connections: number;
}

const UNDER_WAY_UDP = 64;
const UNDER_WAY_HTTP = 16;
const RESEND_MS = 1_000;
const MADE_BEFORE = 20_000;
const PROTOCOL_ID = 0x417_2710_1980n;

/** Throws where an answer is none to an announce. */
export async function announceOverUdp({ port, first, count, swarms, signal }: Load): Promise<Answered> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect', { signal });
    const connectionId = await connectOverUdp(socket, signal);
    const slots = Array.from({ length: Math.min(UNDER_WAY_UDP, count) }, () => {
      const datagram = newDatagram();
      connectionId.copy(datagram);
      return { datagram, isOut: false };
    });
    let peers = 0;
    let next = 0;
    let done = 0;
    await untilDone(signal, (finish, fail) => {
      const send = (at: number): void => {
        const slot = slots[at] as (typeof slots)[number];
        if (next >= count) return;
        writeUdpAnnounce(slot.datagram, at, first + next++, swarms);
        slot.isOut = true;
        socket.send(slot.datagram);
      };
      let seen = -1;
      const timer = setInterval(() => {
        // Lost, where nothing has come for so long.
        if (seen === done) for (const { datagram, isOut } of slots) if (isOut) socket.send(datagram);
        seen = done;
      }, RESEND_MS);
      socket.on('message', (answer) => {
        const slot = slots[answer.length < 20 ? -1 : answer.readUInt32BE(4)];
        if (!slot || answer.readUInt32BE(0) !== 1 || (answer.length - 20) % 6 !== 0) {
          fail(
            new Error(`an answer of ${answer.length} bytes that is none to an announce: ${answer.toString('latin1')}`),
          );
          return;
        }
        if (!slot.isOut) return;
        slot.isOut = false;
        peers += (answer.length - 20) / 6;
        if (++done === count) finish();
        else send(answer.readUInt32BE(4));
      });
      socket.on('error', fail);
      for (const at of slots.keys()) send(at);
      return () => clearInterval(timer);
    });
    return { peers, connections: 0 };
  } finally {
    socket.close();
  }
}

async function connectOverUdp(socket: UdpSocket, signal: AbortSignal): Promise<Buffer> {
  const datagram = Buffer.alloc(16);
  datagram.writeBigUInt64BE(PROTOCOL_ID);
  socket.send(datagram);
  const [answer] = (await once(socket, 'message', { signal })) as [Buffer];
  return answer.subarray(8, 16);
}

/** As `announceOverUdp`, over connections that are kept as long as the server keeps them. */
export async function announceOverHttp({ port, first, count, swarms, signal }: Load): Promise<Answered> {
  const sockets = new Set<Socket>();
  // Made before, and again and again: to write one takes longer than to send it.
  const requests = Array.from({ length: Math.min(count, MADE_BEFORE) }, (_, at) => httpAnnounce(first + at, swarms));
  let peers = 0;
  let connections = 0;
  let next = 0;
  let done = 0;
  // Until one is closed without a word.
  let isKept = true;
  try {
    await untilDone(signal, (finish, fail) => {
      const open = (): void => {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true });
        sockets.add(socket);
        connections++;
        let received = '';
        let isOut = false;
        let hasAnswered = false;
        const ask = (): void => {
          if (next >= count) return;
          isOut = true;
          socket.write(requests[next++ % requests.length] as Buffer);
        };
        socket.on('connect', ask);
        socket.on('data', (bytes) => {
          received += bytes.toString('latin1');
          const answer = readAnswer(received);
          if (answer === undefined) return;
          received = '';
          isOut = false;
          hasAnswered = true;
          if (answer === 'fault') {
            fail(new Error(`an answer that is none to an announce: ${bytes.toString('latin1').slice(0, 300)}`));
            return;
          }
          peers += answer.peers;
          if (++done === count) finish();
          else if (isKept && !answer.isLast) ask();
          else socket.end();
        });
        socket.on('error', (error) => {
          if (!hasAnswered) fail(error);
        });
        socket.on('close', () => {
          sockets.delete(socket);
          if (isOut && !hasAnswered) {
            fail(new Error('a connection was closed before the answer'));
            return;
          }
          if (isOut) {
            isKept = false;
            next--;
          }
          if (next < count) open();
        });
      };
      for (let at = 0; at < Math.min(UNDER_WAY_HTTP, count); at++) open();
      return () => {};
    });
  } finally {
    for (const socket of sockets) socket.removeAllListeners('close').destroy();
  }
  return { peers, connections };
}

/** Undefined: it is not whole. */
function readAnswer(text: string): { readonly peers: number; readonly isLast: boolean } | 'fault' | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (!head.startsWith('HTTP/1.1 200 ') || length === undefined) return 'fault';
  if (text.length < end + 4 + Number(length)) return undefined;
  const [, bytes] = /5:peers(\d+):/.exec(text.slice(end)) ?? [];
  if (bytes === undefined || Number(bytes) % 6 !== 0) return 'fault';
  return { peers: Number(bytes) / 6, isLast: /\r\nconnection: *close/i.test(head) };
}

/** What `begin` answers is called at the end, however it comes. */
async function untilDone(
  signal: AbortSignal,
  begin: (finish: () => void, fail: (error: Error) => void) => () => void,
): Promise<void> {
  let end = (): void => {};
  let onAbort = (): void => {};
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      signal.throwIfAborted();
      end = begin(resolve, reject);
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
    end();
  }
}

// Small real servers on loopback for the tests of the shells. Everything started is stopped with the test.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket as TcpSocket } from 'node:net';
import { onTestFinished } from 'vitest';
import { createTrackerClient, type TrackerClient, type TrackerClientOptions } from '../src/node/index.ts';

/** A client that is closed with the test. */
export function clientFor(options: TrackerClientOptions = {}): TrackerClient {
  const client = createTrackerClient(options);
  onTestFinished(() => client.close());
  return client;
}

/** An HTTP server; answers its origin, such as `http://127.0.0.1:1234`. Rejects where a given port is taken. */
export async function httpServer(listener: RequestListener, host = '127.0.0.1', port = 0): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const name = host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${(server.address() as AddressInfo).port}`;
}

/** A server that speaks raw bytes instead of HTTP. */
export async function tcpServer(onConnection: (socket: TcpSocket) => void): Promise<string> {
  const sockets = new Set<TcpSocket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A UDP socket that hands each datagram to `onDatagram`. */
export async function udpServer(
  onDatagram: (bytes: Uint8Array, from: RemoteInfo, socket: Socket) => void,
  family: 4 | 6 = 4,
  port = 0,
): Promise<{ port: number; socket: Socket }> {
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6 });
  socket.on('message', (bytes, from) => onDatagram(bytes, from, socket));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, family === 4 ? '127.0.0.1' : '::1', resolve);
  });
  onTestFinished(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return { port: socket.address().port, socket };
}

/** Whether this machine has ::1; containers often do not. */
export const HAS_IPV6: boolean = await new Promise((resolve) => {
  const probe = createTcpServer();
  probe.once('error', () => resolve(false));
  probe.listen(0, '::1', () => probe.close(() => resolve(true)));
});

import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { run } from '../examples/hello.ts';
import { type HttpApp, type HttpService, listenHttp } from '../src/node/index.ts';

const open: HttpService[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((service) => service.close()));
});

async function hello(): Promise<{ url: string; port: number }> {
  const { url, service } = await run();
  open.push(service);
  return { url, port: service.port };
}

/** Sends bytes as they are and answers everything that comes back until the end. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('latin1').on('error', () => undefined);
  let answer = '';
  socket.on('data', (part) => {
    answer += String(part);
  });
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

test('the example answers', async () => {
  const { url } = await hello();
  expect(await (await fetch(url)).text()).toBe('hello');
});

test('a name that is not ours is not answered', async () => {
  const { port } = await hello();
  for (const [host, status] of [
    ['evil.example', 403],
    [`localhost:${port}`, 200],
    ['[::1]', 200],
  ] as const) {
    const asked = request({ host: '127.0.0.1', port, headers: { host } }).end();
    const [response] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode, host).toBe(status);
  }
});

test('a body, another method, and headers without end are refused before the application', async () => {
  const { port } = await hello();
  expect(await raw(port, 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 405 /,
  );
  expect(await raw(port, 'GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n')).toMatch(/^HTTP\/1\.1 413 /);
  const long = `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`;
  expect(await raw(port, long)).toMatch(/^HTTP\/1\.1 431 /);
});

test('headers that never end cost five seconds at most', async () => {
  const { port } = await hello();
  const begin = performance.now();
  expect(await raw(port, 'GET / HTTP/1.1\r\nhost: local')).toMatch(/^HTTP\/1\.1 408 /);
  expect(performance.now() - begin).toBeLessThan(9_000);
});

test('a port in use is told in words', async () => {
  const { port } = await hello();
  const { Hono } = await import('hono');
  await expect(listenHttp({ host: '127.0.0.1', port }, new Hono())).rejects.toMatchObject({
    code: 'ERR_HTTP_LISTEN',
    message: `cannot listen on 127.0.0.1:${port} for HTTP: the port is in use`,
  });
});

test('what is first may answer before the application, and leaves the rest to it', async () => {
  const { Hono } = await import('hono');
  const web: HttpApp = new Hono();
  web.get('*', ({ text }) => text('the application'));
  const first = (request: { url?: string | undefined }, response: { end(text: string): void }): boolean => {
    if (request.url !== '/raw?%41') return false;
    response.end('first');
    return true;
  };
  const service = await listenHttp({ host: '127.0.0.1', port: 0 }, web, { first });
  open.push(service);
  const ask = (path: string): Promise<string> =>
    raw(service.port, `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  expect(await ask('/raw?%41')).toMatch(/first$/);
  expect(await ask('/raw?A')).toMatch(/the application$/);
  expect(await raw(service.port, 'POST /raw?%41 HTTP/1.1\r\nhost: localhost\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
});

test('one host has half of the connections at most', async () => {
  const { Hono } = await import('hono');
  const service = await listenHttp({ host: '127.0.0.1', port: 0 }, new Hono(), { maxConnections: 4 });
  open.push(service);
  const sockets = [0, 1].map(() => connect(service.port, '127.0.0.1').on('error', () => undefined));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const third = connect(service.port, '127.0.0.1').on('error', () => undefined);
  await once(third, 'close');
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false]);
  for (const socket of sockets) socket.destroy();
});

import { expect, test } from 'vitest';
import {
  decodeUdpRequest,
  encodeAnnounce,
  encodeScrape,
  encodeUdpAnnounceAnswer,
  encodeUdpConnectAnswer,
} from '../src/index.ts';
import { createTrackerClient } from '../src/node/index.ts';
import { localAddresses } from '../src/node/local-address.ts';
import { announceOf } from './announces.ts';
import { clientFor, httpServer, udpServer } from './loopback.ts';

const request = announceOf();
const both = async (): Promise<string[]> => ['127.0.0.1', '::1'];

test('HTTP announces and scrapes leave from the address given', async () => {
  const seen: (string | undefined)[] = [];
  const origin = await httpServer((incoming, response) => {
    seen.push(incoming.socket.remoteAddress);
    const isScrape = incoming.url?.startsWith('/scrape');
    response.end(isScrape ? encodeScrape([]) : encodeAnnounce({ interval: 900, peers: [] }));
  });
  const client = clientFor({ bind: '127.0.0.2', lookup: both });
  const url = `http://t.example:${new URL(origin).port}/announce`;
  await client.announce(url, request);
  await client.scrape(url, [request.infoHash]);
  expect(seen).toEqual(['127.0.0.2', '127.0.0.2']);
});

test('UDP datagrams leave from the address given', async () => {
  const seen: string[] = [];
  const { port } = await udpServer((bytes, from, socket) => {
    const { action, transactionId } = decodeUdpRequest(bytes);
    seen.push(`${action} ${from.address}`);
    const answer =
      action === 'connect'
        ? encodeUdpConnectAnswer(transactionId, new Uint8Array(8))
        : encodeUdpAnnounceAnswer(transactionId, { interval: 900, seeders: 0, leechers: 0, peers: [] }, 4);
    socket.send(answer, from.port, from.address);
  });
  await clientFor({ bind: '127.0.0.2', lookup: both }).announce(`udp://t.example:${port}`, request);
  expect(seen).toEqual(['connect 127.0.0.2', 'announce 127.0.0.2']);
});

test.each(['http', 'udp'])('%s: a family without a local address is not used', async (protocol) => {
  const client = clientFor({ bind: '127.0.0.2' });
  await expect(client.announce(`${protocol}://[::1]:9/announce`, request)).rejects.toMatchObject({
    code: 'ERR_TRACKER_CONNECT',
    message: expect.stringContaining('it has no address over IPv4'),
  });
});

test.each(['http', 'udp'])('%s: an address that is not ours is an error in words', async (protocol) => {
  // Of the documentation's network: nobody has it.
  const client = clientFor({ bind: '192.0.2.1' });
  await expect(client.announce(`${protocol}://127.0.0.1:9/announce`, request)).rejects.toMatchObject({
    code: 'ERR_TRACKER_CONNECT',
    message: '127.0.0.1:9: the address is not available',
  });
});

test('which families a choice leaves', () => {
  const any = [
    [4, undefined],
    [6, undefined],
  ];
  expect([...localAddresses(undefined, undefined)]).toEqual(any);
  expect([...localAddresses('::', undefined)]).toEqual(any);
  expect([...localAddresses('0.0.0.0', undefined)]).toEqual([[4, undefined]]);
  expect([...localAddresses(['fe80::1%eth0', '10.0.0.2'], undefined)]).toEqual([
    [4, '10.0.0.2'],
    [6, 'fe80::1%eth0'],
  ]);
  expect([...localAddresses(['10.0.0.2', '::'], undefined)]).toEqual([
    [4, '10.0.0.2'],
    [6, undefined],
  ]);
  expect([...localAddresses(undefined, 6)]).toEqual([[6, undefined]]);
  expect(() => createTrackerClient({ bind: 'eth0' })).toThrow(RangeError);
  expect(() => createTrackerClient({ bind: ['10.0.0.2', '10.0.0.3'] })).toThrow(/one address of IPv4/);
});

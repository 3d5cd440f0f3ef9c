import { crc32c, fromHex } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { peerPriority } from '../src/peer-priority.ts';

const at = (host: string, port = 1): { host: string; port: number } => ({ host, port });
const crcOf = (hex: string): number => crc32c(fromHex(hex.replaceAll(' ', '')) as Uint8Array);

test("BEP 40's own examples", () => {
  expect(peerPriority(at('123.213.32.10'), at('98.76.54.32'))).toBe(0xec2d7224);
  expect(peerPriority(at('123.213.32.10'), at('123.213.32.234'))).toBe(0x99568189);
});

test('the same network counts more of the address', () => {
  // Different /16: two bytes and every other bit. The same /16: three bytes. The same /24: all.
  expect(peerPriority(at('10.1.255.255'), at('10.2.0.0'))).toBe(crcOf('0a015555 0a020000'));
  expect(peerPriority(at('10.1.2.255'), at('10.1.3.255'))).toBe(crcOf('0a010255 0a010355'));
  expect(peerPriority(at('10.1.2.4'), at('10.1.2.3'))).toBe(crcOf('0a010203 0a010204'));
});

test('IPv6: /48, then a byte more for each byte in common', () => {
  const one = '2001:db8:aaaa:ffff:ffff:ffff:ffff:ffff';
  expect(peerPriority(at(one), at('2001:db8:aaab::'))).toBe(
    crcOf('20010db8aaaa55555555555555555555 20010db8aaab00000000000000000000'),
  );
  expect(peerPriority(at(one), at('2001:db8:aaaa::'))).toBe(
    crcOf('20010db8aaaa00000000000000000000 20010db8aaaaff555555555555555555'),
  );
  expect(peerPriority(at(one), at('2001:db8:aaaa:ff00::'))).toBe(
    crcOf('20010db8aaaaff000000000000000000 20010db8aaaaffff5555555555555555'),
  );
  expect(peerPriority(at('2001:db8::1'), at('2001:db8::2'))).toBe(
    crcOf('20010db8000000000000000000000001 20010db8000000000000000000000002'),
  );
});

test('of two at one address the ports decide', () => {
  expect(peerPriority(at('1.2.3.4', 0x0102), at('1.2.3.4', 0x0101))).toBe(crcOf('0101 0102'));
});

test('other pairs have none', () => {
  expect(peerPriority(at('1.2.3.4'), at('2001:db8::1'))).toBe(0);
  expect(peerPriority(at('a.example'), at('1.2.3.4'))).toBe(0);
});

test('both ends compute the same, and it is 32 bits', () => {
  const endpoint = fc.record({
    host: fc.oneof(
      fc.ipV4(),
      fc.ipV4().map((ip) => ip.replace(/^\d+\.\d+/, '10.1')),
    ),
    port: fc.integer({ min: 1, max: 65_535 }),
  });
  const endpoint6 = fc.record({ host: fc.ipV6(), port: fc.integer({ min: 1, max: 65_535 }) });
  for (const kind of [endpoint, endpoint6]) {
    fc.assert(
      fc.property(kind, kind, (a, b) => {
        const priority = peerPriority(a, b);
        expect(peerPriority(b, a)).toBe(priority);
        expect(priority >>> 0).toBe(priority);
      }),
    );
  }
});

import { formatIp, normalizeIp } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePexMessage, encodePexMessage, UtPexError } from '../src/index.ts';

const four = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(formatIp);
// What is mapped comes out as IPv4.
const six = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map(formatIp)
  .filter((host) => normalizeIp(host)?.includes(':') === true);
const port = fc.nat(65_535);
const contact = (host: fc.Arbitrary<string>) => fc.record({ host, port, flags: fc.nat(255) });
const endpoint = (host: fc.Arbitrary<string>) => fc.record({ host, port });
const message = fc
  .record({
    added: fc.tuple(fc.array(contact(four), { maxLength: 25 }), fc.array(contact(six), { maxLength: 25 })),
    dropped: fc.tuple(fc.array(endpoint(four), { maxLength: 25 }), fc.array(endpoint(six), { maxLength: 25 })),
  })
  .map(({ added, dropped }) => ({ added: added.flat(), dropped: dropped.flat() }))
  .filter(({ added, dropped }) => added.length + dropped.length > 0);

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(message, (each) => {
      const { added, dropped } = decodePexMessage(encodePexMessage(each));
      expect(added).toEqual(each.added);
      expect(dropped).toEqual(each.dropped);
    }),
  );
});

test('no bytes do anything but be read or be refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodePexMessage(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(UtPexError);
      }
    }),
    { numRuns: 2_000 },
  );
});

import { concatBytes } from '@shoal/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_LIMITS, decodeMessage, FrameDecoder, type Message, WireError } from '../src/index.ts';
import { decodeAll } from './harness.ts';
import { cut, message, sizes } from './streams.ts';

/** What the decoder tells, put together again. Unknown messages keep their id alone. */
function read(chunks: readonly Uint8Array[]): Message[] {
  const decoder = new FrameDecoder(DEFAULT_LIMITS);
  const messages: Message[] = [];
  let parts: Uint8Array[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let step = decoder.next(); step !== 'none'; step = decoder.next()) {
      decoder.checkInvariants();
      if (step === 'keepAlive') messages.push({ type: 'keepAlive' });
      else if (step === 'unknown') messages.push({ type: 'unknown', id: decoder.id, payload: new Uint8Array(0) });
      else if (step === 'message') messages.push(decodeMessage(Uint8Array.of(decoder.id, ...decoder.payload)));
      else if (step === 'blockBegin') parts = [];
      else if (step === 'blockPart') {
        expect(decoder.offset).toBe(parts.reduce((sum, part) => sum + part.length, 0));
        parts.push(decoder.chunk.slice(decoder.start, decoder.end));
      } else {
        const block = concatBytes(parts);
        expect(block.length).toBe(decoder.length);
        messages.push({ type: 'piece', piece: decoder.piece, begin: decoder.begin, block });
      }
    }
    expect(decoder.isDrained).toBe(true);
    // The caller's memory: whatever still points into it would show.
    chunk.fill(0xee);
  }
  return messages;
}

test('however a stream is cut, the same messages come out', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), sizes, (messages, sizes) => {
      const stream = concatBytes(messages);
      const expected = decodeAll(stream).map((each) =>
        each.type === 'unknown' ? { ...each, payload: new Uint8Array(0) } : each,
      );
      expect(read(cut(stream, sizes))).toEqual(expected);
    }),
  );
});

test('any bytes end in a WireError or in waiting for more', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), sizes, (bytes, sizes) => {
      try {
        read(cut(bytes, sizes));
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
  );
});

test('a long message lies in the chunk or is gathered, in both cases whole', () => {
  const payload = new Uint8Array(10_000).map((_, i) => i);
  const frame = concatBytes([Uint8Array.of(0, 0, 0x27, 0x12, 20, 7), payload]);
  const whole = new FrameDecoder(DEFAULT_LIMITS);
  whole.push(frame);
  expect(whole.next()).toBe('message');
  expect(whole.payload.buffer).toBe(frame.buffer);
  expect(read(cut(frame, [100]))).toEqual([{ type: 'extended', id: 7, payload }]);
});

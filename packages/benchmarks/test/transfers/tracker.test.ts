import { expect, test } from 'vitest';
import { startTracker, withTracker } from '../../src/transfers/tracker.ts';

test('tells whoever asks of the addresses that it was told last', async () => {
  const tracker = await startTracker();
  const ask = async (): Promise<string> =>
    Buffer.from(await (await fetch(`${tracker.url}?info_hash=x`)).arrayBuffer()).toString('latin1');
  try {
    expect(await ask()).toBe('d8:intervali1800e5:peers0:e');
    tracker.tell([
      { host: '127.0.0.1', port: 0x1234 },
      { host: '127.0.0.2', port: 80 },
    ]);
    expect(await ask()).toBe('d8:intervali1800e5:peers12:\x7f\0\0\x01\x12\x34\x7f\0\0\x02\0Pe');
  } finally {
    await tracker.close();
  }
});

test('a torrent gets the tracker as its first key, and stays as it is otherwise', () => {
  const torrent = Buffer.from('d10:created by1:x4:infod4:name1:yee');
  expect(Buffer.from(withTracker(torrent, 'http://a/')).toString()).toBe(
    'd8:announce9:http://a/10:created by1:x4:infod4:name1:yee',
  );
  expect(() => withTracker(Buffer.from('d4:infodee'), 'http://a/')).toThrow(TypeError);
});

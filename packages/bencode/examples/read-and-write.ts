import { decode, encode, findSpan, isDict, textOf } from '@shoal/bencode';

export async function run(): Promise<{ name: string | undefined; info: string }> {
  const bytes = encode({ info: { name: 'song.flac', length: 1234 }, comment: 'hello' });

  // Dictionaries are Maps; byte strings are views of `bytes`.
  const torrent = decode(bytes);
  const info = isDict(torrent) ? torrent.get('info') : undefined;
  const name = isDict(info) ? textOf(info.get('name')) : undefined;

  // The bytes an info-hash is made of: as they stand in the document, never encoded again.
  const span = findSpan(bytes, ['info']);
  const raw = bytes.subarray(span?.start, span?.end);
  return { name, info: new TextDecoder().decode(raw) };
}

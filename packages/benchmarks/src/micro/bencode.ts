import { type BencodeInput, decode, encode } from '@shoal/bencode';
import type { Contest } from './compare.ts';
import { MESSAGES, torrentOf } from './documents.ts';
import type { NpmPeers } from './npm-peers.ts';

const MIB = 1024 * 1024;

/** Decoding and encoding, by us and by npm's `bencode`; each encodes what it decoded itself. */
export function bencodeContests(
  { bencode: npm }: Pick<NpmPeers, 'bencode'>,
  files: number,
  repeats: number,
): Contest[] {
  const torrent = torrentOf(files);
  const name = `a torrent of ${files} files`;
  const large = contestsOf(name, torrent, 1, npm).map((each) => ({
    ...each,
    unit: 'MiB',
    amount: torrent.length / MIB,
  }));
  const small = Object.entries(MESSAGES).flatMap(([what, message]) => contestsOf(what, encode(message), repeats, npm));
  return [...large, ...small];
}

function contestsOf(what: string, bytes: Uint8Array, repeats: number, npm: NpmPeers['bencode']): Contest[] {
  const ours = decode(bytes) as BencodeInput;
  const theirs = npm.decode(bytes);
  const repeat = (once: () => unknown) => (): void => {
    for (let count = 0; count < repeats; count++) once();
  };
  return [
    {
      name: `decode ${what}`,
      unit: '',
      amount: repeats,
      candidates: [
        { name: 'shoal', run: repeat(() => decode(bytes)) },
        { name: 'npm bencode', run: repeat(() => npm.decode(bytes)) },
      ],
    },
    {
      name: `encode ${what}`,
      unit: '',
      amount: repeats,
      candidates: [
        { name: 'shoal', run: repeat(() => encode(ours)) },
        { name: 'npm bencode', run: repeat(() => npm.encode(theirs)) },
      ],
    },
  ];
}

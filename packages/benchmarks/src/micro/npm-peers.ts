// What is used of npm's `bencode` and `bittorrent-protocol`, neither of which has types.
import { pathToFileURL } from 'node:url';
import { sourceFile } from '../source-file.ts';

export interface NpmPeers {
  readonly bencode: {
    decode(bytes: Uint8Array): unknown;
    encode(value: unknown): Uint8Array;
  };
  readonly Wire: new () => NpmWire;
}

export interface NpmWire {
  _write(bytes: Uint8Array, done: () => void): void;
  request(piece: number, begin: number, length: number, done: () => void): void;
  unchoke(): void;
  on(event: 'piece' | 'have' | 'request' | 'error', listener: (...details: never[]) => void): void;
  destroy(): void;
}

export async function loadNpmPeers(): Promise<NpmPeers> {
  return (await import(pathToFileURL(sourceFile('micro/npm_peers.mjs')).href)) as NpmPeers;
}

// What this machine can do at all, by the shortest programs for it: a copy over loopback, SHA-1, writing a file.
import { createHash } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { Child, listeningPort } from '../child.ts';
import { MIB } from '../payload.ts';
import { sourceFile } from '../source-file.ts';

const SENDER = sourceFile('transfers/loopback_sender.mjs');
const RECEIVE_BUFFER = 256 * 1024;

/** Each in bytes a second. */
export interface Limits {
  /** From one Node process to another, into one reused buffer that nobody looks at. */
  readonly loopback: number;
  /** Of pieces, on one core. */
  readonly sha1: number;
  /** In calls of 1 MiB, to the folder of the transfers. */
  readonly write: number;
}

export async function measureLimits(options: {
  readonly size: number;
  readonly folder: string;
  readonly signal: AbortSignal;
}): Promise<Limits> {
  const { size, folder, signal } = options;
  return {
    loopback: size / (await secondsOfLoopback(size, signal)),
    sha1: size / secondsOfSha1(size),
    write: size / secondsOfWrite(size, folder),
  };
}

/** The first touch of memory that a virtual machine's host has taken back can cost seconds: better now than in a run. */
export function touchMemory(size: number, folder: string): void {
  secondsOfWrite(size, folder);
}

/** From the first byte to the last. */
async function secondsOfLoopback(size: number, signal: AbortSignal): Promise<number> {
  const command = { file: process.execPath, args: [SENDER, String(size)], endsBy: 'signal' } as const;
  const sender = new Child('loopback sender', command, signal);
  try {
    const port = await sender.until('listening', listeningPort);
    return await new Promise<number>((resolve, reject) => {
      let received = 0;
      let since = 0;
      const callback = (length: number): boolean => {
        if (received === 0) since = performance.now();
        received += length;
        if (received === size) resolve((performance.now() - since) / 1000);
        return true;
      };
      const onread = { buffer: new Uint8Array(RECEIVE_BUFFER), callback };
      const socket = connect({ host: '127.0.0.1', port, onread, signal } as NetConnectOpts);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error(`the loopback copy ended after ${received} of ${size} bytes`)));
    });
  } finally {
    await sender.end();
  }
}

function secondsOfSha1(size: number): number {
  const piece = Buffer.alloc(MIB, 1);
  return timed(() => {
    for (let done = 0; done < size; done += MIB) {
      createHash('sha1')
        .update(piece.subarray(0, Math.min(MIB, size - done)))
        .digest();
    }
  });
}

function secondsOfWrite(size: number, folder: string): number {
  const path = join(folder, 'limit.bin');
  const bytes = Buffer.alloc(MIB, 1);
  const file = openSync(path, 'w');
  try {
    return timed(() => {
      for (let done = 0; done < size; done += MIB) writeSync(file, bytes, 0, Math.min(MIB, size - done));
    });
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

function timed(work: () => void): number {
  const since = performance.now();
  work();
  return (performance.now() - since) / 1000;
}

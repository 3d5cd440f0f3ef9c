// What this machine can do at all, by the shortest programs for it: a copy over loopback, SHA-1, writing a file.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { Child, listeningPort } from '../child.ts';
import { MIB } from '../payload.ts';
import { sourceFile } from '../source-file.ts';

const GIB = 1024 * MIB;
const SENDER = sourceFile('transfers/loopback_sender.mjs');
const RECEIVE_BUFFER = 256 * 1024;
const MEMORY = '/dev/shm';

export interface Limit {
  /** Bytes a second. */
  readonly rate: number;
  /** CPU seconds for a GiB, of the side that is ours. */
  readonly cpuPerGib: number;
}

export interface Limits {
  /** From one Node process to another, into one reused buffer that nobody looks at. */
  readonly loopback: Limit;
  /** Of pieces of 1 MiB, on one core. */
  readonly sha1: Limit;
  /** In calls of 1 MiB, to the folder of the transfers. */
  readonly write: Limit;
}

export async function measureLimits(options: {
  readonly size: number;
  readonly folder: string;
  readonly signal: AbortSignal;
}): Promise<Limits> {
  const { size, folder, signal } = options;
  return {
    loopback: await loopback(size, signal),
    sha1: limitOf(
      size,
      timed(() => hashAll(size)),
    ),
    write: limitOf(size, writeAll(size, folder)),
  };
}

/**
 * The first touch of memory that a virtual machine's host has taken back can cost seconds: better now than in a run. Nothing where the
 * system has no memory that looks like a disk, or too little.
 */
export function touchMemory(size: number): void {
  if (!existsSync(MEMORY)) return;
  const { bavail, bsize } = statfsSync(MEMORY);
  if (bavail * bsize > size) writeAll(size, MEMORY);
}

/** From the first byte to the last. */
async function loopback(size: number, signal: AbortSignal): Promise<Limit> {
  const command = { file: process.execPath, args: [SENDER, String(size)], endsBy: 'signal' } as const;
  const sender = new Child('loopback sender', command, signal);
  try {
    const port = await sender.until('listening', listeningPort);
    return await new Promise<Limit>((resolve, reject) => {
      let received = 0;
      let stop = (): Cost => ({ seconds: 0, cpuSeconds: 0 });
      const callback = (length: number): boolean => {
        if (received === 0) stop = watch();
        received += length;
        if (received === size) resolve(limitOf(size, stop()));
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

function hashAll(size: number): void {
  const piece = Buffer.alloc(MIB, 1);
  for (let done = 0; done < size; done += MIB) {
    createHash('sha1')
      .update(piece.subarray(0, Math.min(MIB, size - done)))
      .digest();
  }
}

function writeAll(size: number, folder: string): Cost {
  const path = join(folder, `limit-${process.pid}.bin`);
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

interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

function limitOf(size: number, { seconds, cpuSeconds }: Cost): Limit {
  return { rate: size / seconds, cpuPerGib: (cpuSeconds * GIB) / size };
}

function timed(work: () => void): Cost {
  const stop = watch();
  work();
  return stop();
}

/** Of this process, from now to the call of the answer. */
function watch(): () => Cost {
  const before = process.cpuUsage();
  const since = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - since) / 1_000, cpuSeconds: (user + system) / 1_000_000 };
  };
}

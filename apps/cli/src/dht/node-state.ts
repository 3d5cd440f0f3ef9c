// What `shoal dht node` keeps over a restart, in the folder of resume data: its ids and the nodes it knows. One file for
// each address and port that is asked for: two nodes with one id would be in each other's way.
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decodeState } from '@shoal/dht';
import type { Endpoint } from '@shoal/primitives';
import { writeFileAtomic } from '@shoal/storage/node';
import type { Io } from '../io.ts';
import { stateDirOf } from '../state-dir.ts';

export interface Place {
  /** An IP address. */
  readonly bind?: string;
  readonly port?: number;
}

/** The bytes that were saved, undefined where there are none. Rejects for a file that cannot be read or is none of ours. */
export async function readNodeState(place: Place, io: Pick<Io, 'env' | 'cwd'>): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readFile(pathOf(place, io));
    decodeState(bytes);
    return bytes;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Rejects with StorageError. */
export async function writeNodeState(place: Place, io: Pick<Io, 'env' | 'cwd'>, bytes: Uint8Array): Promise<void> {
  const path = pathOf(place, io);
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, bytes);
}

/** Nodes that were known when a node without address and port of its own ran here last; none where it never did. */
export async function savedNodes(io: Pick<Io, 'env' | 'cwd'>): Promise<readonly Endpoint[]> {
  const bytes = await readNodeState({}, io).catch(() => undefined);
  return bytes ? decodeState(bytes).nodes.map(({ host, port }) => ({ host, port })) : [];
}

function pathOf({ bind, port }: Place, io: Pick<Io, 'env' | 'cwd'>): string {
  const parts = ['dht-node', bind?.replaceAll(':', '_'), port || undefined];
  return join(stateDirOf(io), `${parts.filter((part) => part !== undefined).join('-')}.state`);
}

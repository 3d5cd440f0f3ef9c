// A slow wire between two programs: a TCP relay that paces what comes from its target, and counts it.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { BlockTap, type PassedBlock } from './block-tap.ts';
import type { Scene } from './scene.ts';

export interface Relay {
  readonly address: string;
  /** Bytes that came from the target. */
  readonly passed: () => number;
  /** The blocks that came whole from the target, in order. */
  readonly blocks: readonly PassedBlock[];
}

/** Relays to `127.0.0.1:target` at about `rate` bytes a second towards those who connect. */
export async function startRelay(scene: Scene, target: number, rate: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const blocks: PassedBlock[] = [];
  let passed = 0;
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: target });
    const tap = new BlockTap((block) => blocks.push(block));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => {
      passed += bytes.length;
      tap.push(bytes);
      near.write(bytes);
      far.pause();
      setTimeout(() => far.resume(), (bytes.length / rate) * 1_000);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scene.onLeave(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, passed: () => passed, blocks };
}

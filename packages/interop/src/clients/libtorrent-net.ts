// A DHT of libtorrent nodes, each at an address of its own, in one program.
import { fileURLToPath } from 'node:url';
import { freePort, hostPort, ownAddress, type Running, type Scene } from '../scene.ts';

const DRIVER = fileURLToPath(new URL('libtorrent_net.py', import.meta.url));
const ENTER_MS = 30_000;

export interface LibtorrentNet {
  readonly running: Running;
  /** Where its nodes are. */
  readonly nodes: readonly string[];
  /** One of libtorrent_net.py's. */
  tell(...command: readonly string[]): void;
  /** Whether the torrent it was told of is whole. */
  isWhole(): boolean;
  /** The rest of the first line that begins with this word and holds `about`, within 20 s: some news are told twice. */
  hears(word: string, about?: string): Promise<string>;
}

/** Resolves once each of its `count` nodes knows a third of the others. `enter`: nodes of others that belong to the net. */
export async function startNet(scene: Scene, count: number, enter: readonly string[] = []): Promise<LibtorrentNet> {
  const nodes: string[] = [];
  for (let i = 0; i < count; i++) {
    const host = ownAddress();
    nodes.push(hostPort(host, await freePort(host)));
  }
  const task = JSON.stringify({ nodes, enter });
  const running = scene.start('libtorrent net', '/usr/bin/python3', ['-u', DRIVER, task], {}, 'pipe');
  const known = (): number => {
    const counts = new Map<string, number>();
    for (const [, node, knows] of running.output().matchAll(/^node (\d+) knows (\d+)$/gm)) {
      counts.set(node as string, Number(knows));
    }
    return [...counts.values()].filter((knows) => knows * 3 >= count).length;
  };
  await scene.until('the net knows itself', ENTER_MS, () => known() === count);
  return {
    running,
    nodes,
    tell: (...command) => running.process.stdin?.write(`${JSON.stringify(command)}\n`),
    isWhole: () => running.output().includes('state seeding\n'),
    hears: async (word, about = '') => {
      const rest = (): string | undefined =>
        [...running.output().matchAll(new RegExp(`^${word} (.*)$`, 'gm'))]
          .map(([, text = '']) => text)
          .find((text) => text.includes(about));
      await scene.until(`the net says ${word} … ${about}`, 20_000, () => rest() !== undefined);
      return rest() as string;
    },
  };
}

// Libtorrent through its Python binding. The one foreign client here with an IPv6 address, limits and a selection of files.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort, hostPort, ownAddress } from '../scene.ts';
import type { ForeignClient } from './foreign.ts';

const DRIVER = fileURLToPath(new URL('libtorrent_peer.py', import.meta.url));

export const libtorrent: ForeignClient = {
  name: 'libtorrent',
  program: 'libtorrent',
  dialsLoopback: true,
  makesEmptyFiles: true,

  async start(scene, given) {
    const {
      torrent,
      dir,
      role,
      host = ownAddress(),
      down = 0,
      up = 0,
      only,
      scrape = false,
      dial = [],
      find = [],
    } = given;
    const { lan } = given;
    const address = hostPort(host, await (lan ? lan.port() : freePort(host)));
    await mkdir(dir, { recursive: true });
    // Where nothing else is said a connection to one of this machine's addresses comes from that very address: in a network of
    // its own, Transmission takes it for itself.
    const outgoing = lan ? host : '';
    const task = { torrent, dir, listen: address, outgoing, down, up, only: only ?? null, scrape, dial, find };
    const command = ['/usr/bin/python3', '-u', DRIVER, JSON.stringify(task)];
    const [program, ...args] = lan ? lan.within(command) : command;
    const running = scene.start(`libtorrent ${role}`, program as string, args);
    const says = (word: string): Promise<boolean> => Promise.resolve(running.output().includes(`state ${word}\n`));
    return {
      running,
      address,
      isComplete: () => says('seeding'),
      isSeeding: () => says('seeding'),
      peers: async () => [...running.output().matchAll(/^peers(.*)$/gm)].at(-1)?.[1]?.split(' ').filter(Boolean) ?? [],
    };
  },
};

// aria2 as its command line drives it: a leech ends when it has everything.
import { mkdir } from 'node:fs/promises';
import { freePort, hostPort, ownAddress } from '../scene.ts';
import type { ForeignClient } from './foreign.ts';

export const aria2: ForeignClient = {
  name: 'aria2',
  program: 'aria2c',
  dialsLoopback: true,
  seedsWithoutMetadata: true,
  makesEmptyFiles: true,

  async start(scene, { torrent, dir, role, host = ownAddress(), tracker, stays = false }) {
    const port = await freePort(host);
    await mkdir(dir, { recursive: true });
    const running = scene.start(`aria2 ${role}`, 'aria2c', [
      '--no-conf',
      '--enable-color=false',
      '--summary-interval=0',
      '--file-allocation=none',
      `--disable-ipv6=${!host.includes(':')}`,
      `--interface=${host}`,
      ...(tracker === 'udp'
        ? ['--enable-dht=true', `--dht-listen-port=${port}`, `--dht-file-path=${dir}.dht`]
        : ['--enable-dht=false']),
      '--bt-enable-lpd=false',
      '--enable-peer-exchange=false',
      `--bt-external-ip=${host}`,
      '--bt-max-peers=0',
      `--listen-port=${port}`,
      `--dir=${dir}`,
      ...(role === 'seed' ? ['--check-integrity=true', '--bt-seed-unverified=false'] : []),
      ...(role === 'seed' || stays ? ['--seed-ratio=0.0', '--seed-time=9999'] : ['--seed-time=0']),
      torrent,
    ]);
    const ended = (): boolean => running.process.exitCode === 0;
    return {
      running,
      address: hostPort(host, port),
      isComplete: async () => ended(),
      isSeeding: async () => running.output().includes('Verification finished successfully'),
    };
  },
};

// rtorrent without a terminal. It tells of what happened by running a command: here one that makes an empty file.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, hostPort, ownAddress } from '../scene.ts';
import type { ForeignClient } from './foreign.ts';

export const rtorrent: ForeignClient = {
  name: 'rtorrent',
  program: 'rtorrent',
  dialsLoopback: true,
  makesEmptyFiles: true,

  async start(scene, { torrent, dir, role, host = ownAddress(), scrape = false }) {
    const port = await freePort(host);
    const home = scene.path(`rtorrent-${role}-${port}`);
    const [seeding, complete] = [join(home, 'seeding'), join(home, 'complete')];
    await mkdir(dir, { recursive: true });
    await mkdir(home);
    const settings = [
      'system.daemon.set = true',
      `directory.default.set = ${dir}`,
      // It takes no IPv6 address, and listens on both families where it is told none.
      ...(host.includes(':') ? [] : [`network.bind_address.set = ${host}`]),
      `network.port_range.set = ${port}-${port}`,
      'network.port_random.set = no',
      'dht.mode.set = disable',
      'protocol.pex.set = no',
      'protocol.encryption.set = none',
      // It does not scrape who told the counts in answer to an announce, so it must ask before.
      ...(scrape
        ? [
            'method.set_key = event.download.inserted, 1_send_scrape, ((d.tracker.send_scrape, 0))',
            `load.normal = ${torrent}`,
            'schedule2 = start, 2, 0, "d.multicall2=main,d.start="',
          ]
        : []),
      // A check of all data once they have arrived would be rtorrent's own affair.
      'pieces.hash.on_completion.set = no',
      `method.set_key = event.download.finished, shoal, "execute.nothrow=touch,${complete}"`,
      `method.set_key = event.download.hash_done, shoal, "branch=d.complete=,\\"execute.nothrow=touch,${seeding}\\""`,
    ];
    const rc = join(home, 'rtorrent.rc');
    await writeFile(rc, settings.map((line) => `${line}\n`).join(''));
    const running = scene.start(
      `rtorrent ${role}`,
      'rtorrent',
      ['-n', '-o', `import=${rc}`, ...(scrape ? [] : [torrent])],
      {
        HOME: home,
      },
    );
    return {
      running,
      address: hostPort(host, port),
      isComplete: async () => existsSync(complete),
      isSeeding: async () => existsSync(seeding),
    };
  },
};

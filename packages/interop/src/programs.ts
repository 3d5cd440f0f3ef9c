// Which foreign programs are here. A missing one skips its tests with the reason, unless SHOAL_INTEROP=require.
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

export type ProgramName = 'libtorrent' | 'transmission-daemon' | 'aria2c' | 'rtorrent' | 'webtorrent' | 'opentracker';

const PYTHON = '/usr/bin/python3';

/** Why a program's tests cannot run; undefined when they can. Throws for a missing one under SHOAL_INTEROP=require. */
export function whyNot(...names: readonly ProgramName[]): string | undefined {
  const missing = names.filter((name) => !isHere(name));
  if (missing.length === 0) return undefined;
  const reason = `not installed: ${missing.join(', ')}`;
  if (process.env.SHOAL_INTEROP === 'require') throw new Error(`SHOAL_INTEROP=require, but ${reason}`);
  return reason;
}

function isHere(name: ProgramName): boolean {
  if (name === 'libtorrent') {
    return existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import libtorrent'], { stdio: 'ignore' }).status === 0;
  }
  if (name === 'webtorrent') return existsSync(new URL('../node_modules/webtorrent/package.json', import.meta.url));
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(`${folder}/${name}`));
}

/** Why no program can have an /etc/hosts of its own: a container may forbid it. */
export function whyNoNamespace(): string | undefined {
  const { status } = spawnSync('unshare', ['-rm', 'true'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'no mount namespaces for users on this machine';
}

/** Why nothing can run over ::1, which containers may lack; no program that one could install. */
export function whyNoIPv6(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ address }) => address === '::1') ? undefined : 'no ::1 on this machine';
}

/** Why local discovery finds nobody on the loopback interface: a container may have no multicast. */
export async function whyNoMulticast(): Promise<string | undefined> {
  const [group, host] = ['239.192.152.143', '127.0.0.1'];
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('what is sent to a group does not arrive')), 2_000);
      socket.once('error', reject);
      socket.once('message', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.bind(0, () => {
        try {
          socket.addMembership(group, host);
          socket.setMulticastInterface(host);
          socket.send('heard', socket.address().port, group);
        } catch (error) {
          clearTimeout(timer);
          reject(error);
        }
      });
    });
    return undefined;
  } catch (error) {
    return `no multicast on this machine: ${(error as Error).message}`;
  } finally {
    socket.close();
  }
}

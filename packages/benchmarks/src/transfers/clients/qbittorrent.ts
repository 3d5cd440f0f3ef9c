// qBittorrent without a window. It takes peers from a tracker. Its web interface tells when a seed is ready, and is left alone from there;
// that everything has come it tells by a command, which makes a file.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from '../../child.ts';
import type { Client, Task } from '../client.ts';
import { untilFile } from './file-sign.ts';
import { askVersion } from './installed.ts';

const PROGRAM = 'qbittorrent-nox';
const POLL_MS = 20;

export const qbittorrent: Client = {
  name: 'qBittorrent',

  probe: (signal) =>
    askVersion({ file: PROGRAM, args: ['--version'], endsBy: 'signal' }, /^qBittorrent v(\S+)$/, signal),

  start({ role, announced, dir, stateDir, host, port, controlPort, signal }) {
    const complete = join(stateDir, 'complete');
    const folder = join(stateDir, 'qBittorrent', 'config');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'qBittorrent.conf'), configurationOf({ host, port, controlPort, complete }));
    const args = [
      `--profile=${stateDir}`,
      `--save-path=${dir}`,
      '--skip-dialog=true',
      // A leech that skipped it would take what is not there for whole.
      ...(role === 'seed' ? ['--skip-hash-check'] : []),
      announced,
    ];
    const env = { HOME: stateDir, QT_LOGGING_RULES: '*=false' };
    const child = new Child(`qBittorrent ${role}`, { file: PROGRAM, args, env, endsBy: 'signal' }, signal);
    return {
      child,
      listening: () => Promise.race([untilSeeding(controlPort, signal), child.untilEnd()]).then(() => port),
      complete: () => untilFile(child, complete),
    };
  },
};

/**
 * What a user who wants speed sets in its advanced options, which are libtorrent's: the same as our libtorrent has. It looks for news each
 * 1.5 s unless told, and would tell of the end so late.
 */
function configurationOf({
  host,
  port,
  controlPort,
  complete,
}: Pick<Task, 'host' | 'port' | 'controlPort'> & {
  readonly complete: string;
}): string {
  return `[LegalNotice]
Accepted=true

[AutoRun]
enabled=true
program=touch ${complete}

[BitTorrent]
Session\\AddExtensionToIncompleteFiles=false
Session\\AsyncIOThreadsCount=8
Session\\BTProtocol=TCP
Session\\CheckingMemUsageSize=256
Session\\DHTEnabled=false
Session\\DiskQueueSize=67108864
Session\\Encryption=2
Session\\FilePoolSize=4000
Session\\GlobalDLSpeedLimit=0
Session\\GlobalUPSpeedLimit=0
Session\\InterfaceAddress=${host}
Session\\LSDEnabled=false
Session\\MaxConnections=-1
Session\\MaxConnectionsPerTorrent=-1
Session\\MaxUploads=-1
Session\\MaxUploadsPerTorrent=-1
Session\\MultiConnectionsPerIp=true
Session\\PeXEnabled=false
Session\\Port=${port}
Session\\Preallocation=false
Session\\QueueingSystemEnabled=false
Session\\RefreshInterval=100
Session\\RequestQueueSize=5000
Session\\SendBufferLowWatermark=1024
Session\\SendBufferWatermark=8192
Session\\SuggestMode=false

[Preferences]
Connection\\UPnP=false
WebUI\\Address=127.0.0.1
WebUI\\CSRFProtection=false
WebUI\\LocalHostAuth=false
WebUI\\Port=${controlPort}
WebUI\\UseUPnP=false
`;
}

async function untilSeeding(port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const states = await fetch(`http://127.0.0.1:${port}/api/v2/torrents/info`, { signal })
      .then((response) => response.json() as Promise<readonly { readonly state: string }[]>)
      // The web interface is not up yet.
      .catch(() => []);
    if (states.some(({ state }) => state === 'uploading' || state === 'stalledUP')) return;
    await delay(POLL_MS, undefined, { signal });
  }
}

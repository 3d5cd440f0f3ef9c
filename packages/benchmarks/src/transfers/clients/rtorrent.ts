// rTorrent without a terminal. It takes peers from a tracker, and tells of what happened by running a command: here one that makes a file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../child.ts';
import type { Client } from '../client.ts';
import { untilFile } from './file-sign.ts';
import { askVersion } from './installed.ts';

const PROGRAM = 'rtorrent';

export const rtorrent: Client = {
  name: 'rTorrent',

  probe: (signal) =>
    askVersion({ file: PROGRAM, args: ['-h'], endsBy: 'signal' }, /client version (\d[\d.]*\d)/, signal),

  start({ role, announced, dir, stateDir, host, port, signal }) {
    const [checked, complete] = [join(stateDir, 'checked'), join(stateDir, 'complete')];
    const settings = [
      'system.daemon.set = true',
      `directory.default.set = ${dir}`,
      `network.bind_address.set = ${host}`,
      `network.port_range.set = ${port}-${port}`,
      'network.port_random.set = no',
      'dht.mode.set = disable',
      'protocol.pex.set = no',
      'protocol.encryption.set = none',
      // A check of all data once they have arrived, after each piece was checked, would be its own affair.
      'pieces.hash.on_completion.set = no',
      // No rate limits and nobody who waits for a slot; room for the pieces in work, and for as many files as there may be.
      'throttle.global_down.max_rate.set_kb = 0',
      'throttle.global_up.max_rate.set_kb = 0',
      'throttle.max_uploads.set = 100',
      'throttle.max_uploads.global.set = 0',
      'throttle.max_downloads.global.set = 0',
      'pieces.memory.max.set = 4096M',
      'network.max_open_files.set = 4000',
      `method.set_key = event.download.finished, bench, "execute.nothrow=touch,${complete}"`,
      `method.set_key = event.download.hash_done, bench, "execute.nothrow=touch,${checked}"`,
    ];
    const configuration = join(stateDir, 'rtorrent.rc');
    writeFileSync(configuration, settings.map((line) => `${line}\n`).join(''));
    const args = ['-n', '-o', `import=${configuration}`, announced];
    const child = new Child(
      `rTorrent ${role}`,
      { file: PROGRAM, args, env: { HOME: stateDir }, endsBy: 'signal' },
      signal,
    );
    return {
      child,
      listening: () => untilFile(child, checked).then(() => port),
      complete: () => untilFile(child, complete),
    };
  },
};

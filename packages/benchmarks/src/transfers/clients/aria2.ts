// aria2 as its command line drives it. It takes peers from a tracker, and tells by a command that everything is there.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../child.ts';
import type { Client } from '../client.ts';
import { untilFile } from './file-sign.ts';
import { askVersion } from './installed.ts';

const PROGRAM = 'aria2c';
const SIGN = 'SHOAL_BENCH_SIGN';

export const aria2: Client = {
  name: 'aria2',

  probe: (signal) =>
    askVersion({ file: PROGRAM, args: ['--version'], endsBy: 'signal' }, /^aria2 version (\S+)$/, signal),

  start({ role, announced, dir, stateDir, host, port, signal }) {
    const sign = join(stateDir, 'complete');
    const hook = join(stateDir, 'hook.sh');
    writeFileSync(hook, `#!/bin/sh\n: > "$${SIGN}"\n`, { mode: 0o755 });
    const args = [
      '--no-conf',
      '--enable-color=false',
      '--show-console-readout=false',
      '--summary-interval=0',
      '--disable-ipv6=true',
      `--interface=${host}`,
      '--enable-dht=false',
      '--bt-enable-lpd=false',
      '--enable-peer-exchange=false',
      `--listen-port=${port}`,
      `--dir=${dir}`,
      // Room that is set aside before would cost a second write of everything.
      '--file-allocation=none',
      // Whole pieces are written, not blocks; its own default is 16 MiB.
      '--disk-cache=64M',
      '--bt-max-peers=0',
      '--bt-max-open-files=4000',
      // It saves no progress in the time of the transfer.
      '--auto-save-interval=0',
      '--seed-ratio=0.0',
      '--seed-time=9999',
      ...(role === 'seed' ? ['--bt-seed-unverified=true'] : [`--on-bt-download-complete=${hook}`]),
      announced,
    ];
    const command = { file: PROGRAM, args, env: { HOME: stateDir, [SIGN]: sign }, endsBy: 'signal' } as const;
    const child = new Child(`aria2 ${role}`, command, signal);
    return {
      child,
      listening: () => child.until('listening', (line) => (/listening on TCP port/.test(line) ? port : undefined)),
      complete: () => untilFile(child, sign),
    };
  },
};

// Our own side, as its user runs it: the built commands.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Running, Scene } from './scene.ts';

const require = createRequire(import.meta.url);
const CLI = join(dirname(require.resolve('@shoal/cli/package.json')), 'dist/main.js');
const SEEDER = join(dirname(require.resolve('@shoal/seeder/package.json')), 'dist/main.js');

/** One line of `--json` output. */
export interface CliEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Shoal {
  readonly running: Running;
  events(): CliEvent[];
}

/** A configuration with which nobody is asked for peers but whom the command names. */
const OFFLINE = fileURLToPath(new URL('offline', import.meta.url));

/** Starts `shoal ARGS` with its state inside the scene; without DHT and local discovery, unless the arguments begin with `--no-config`. */
export function shoal(scene: Scene, ...args: readonly string[]): Shoal {
  return follow(
    scene.start(`shoal ${args[0]}`, process.execPath, [CLI, ...args], {
      NO_COLOR: '1',
      SHOAL_STATE_DIR: scene.path('shoal-state'),
      XDG_CONFIG_HOME: OFFLINE,
    }),
  );
}

/** Starts `shoal-seeder FOLDER ARGS` with its state inside the scene. */
export function shoalSeeder(scene: Scene, folder: string, ...args: readonly string[]): Shoal {
  const options = [folder, '--state-dir', scene.path('seeder-state'), ...args];
  return follow(scene.start('shoal-seeder', process.execPath, [SEEDER, ...options]));
}

function follow(running: Running): Shoal {
  return {
    running,
    events: () =>
      running
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line) as CliEvent),
  };
}

/** Runs a command to its end and answers its status and output. */
export async function runShoal(
  scene: Scene,
  ...args: readonly string[]
): Promise<{ readonly status: number | null; readonly output: string }> {
  const { running } = shoal(scene, ...args);
  const status = await running.ended;
  return { status, output: running.output() };
}

// Our own side, as its user runs it: the built commands.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lan } from './lan.ts';
import { ownAddress, type Running, type Scene } from './scene.ts';

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

/** Starts `shoal ARGS` with its state inside the scene; without DHT and local discovery. */
export function shoal(scene: Scene, ...args: readonly string[]): Shoal {
  return start(scene, scene.path('shoal-state'), [process.execPath, CLI, ...args]);
}

/**
 * Starts `shoal ARGS` as on a machine of its own: with a state of its own, finding peers in every way that the arguments do not
 * forbid, and in a network of its own where one is told.
 */
export function shoalApart(scene: Scene, name: string, lan: Lan | undefined, ...args: readonly string[]): Shoal {
  const command = [process.execPath, CLI, '--no-config', ...args];
  return start(scene, scene.path(`state-${name}`), lan ? lan.within(command) : command);
}

function start(scene: Scene, stateDir: string, [program, ...args]: readonly string[]): Shoal {
  const environment = { NO_COLOR: '1', SHOAL_STATE_DIR: stateDir, XDG_CONFIG_HOME: OFFLINE };
  const [named] = args.slice(args.indexOf(CLI) + 1).filter((arg) => arg !== '--no-config');
  const name = `shoal ${named}`;
  return follow(scene.start(name, program as string, args, environment));
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

/** Starts `shoal dht node` on an address of its own; answers where it is. */
export async function ownNode(scene: Scene): Promise<string> {
  const node = shoalApart(scene, 'node', undefined, 'dht', 'node', '--json', '--bind', ownAddress());
  const addresses = (): unknown => node.events().find(({ event }) => event === 'listening')?.addresses;
  await scene.until('our DHT node listens', 20_000, () => addresses() !== undefined);
  return (addresses() as string[])[0] as string;
}

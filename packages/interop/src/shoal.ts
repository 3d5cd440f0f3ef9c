// Our own side, as its user runs it: the built command.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Running, Scene } from './scene.ts';

const CLI = join(dirname(fileURLToPath(import.meta.url)), '../../../apps/cli/dist/main.js');

/** One line of `--json` output. */
export interface CliEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Shoal {
  readonly running: Running;
  events(): CliEvent[];
}

/** Starts `shoal ARGS --json` with state of its own inside the scene. */
export function shoal(scene: Scene, ...args: readonly string[]): Shoal {
  const running = scene.start(`shoal ${args[0]}`, process.execPath, [CLI, ...args], {
    NO_COLOR: '1',
    SHOAL_STATE_DIR: scene.path('shoal-state'),
  });
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

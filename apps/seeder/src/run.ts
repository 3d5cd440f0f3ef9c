// One run of the program, from its arguments to its exit status: 0 stopped by a signal, 1 the job failed, 2 wrong usage.
import { SeederError, wordsFor } from './errors.ts';
import { createReport, type Lines, printable } from './report.ts';
import { startSeeder } from './seeder.ts';
import { readSettings } from './settings/read-settings.ts';
import { defaultStateDir } from './state-dir.ts';
import type { PageAssets } from './web/page-assets.ts';

export interface RunOptions extends Lines {
  /** Aborted when the seeder has to stop. */
  readonly signal: AbortSignal;
  /** Called with what looks at the folder at once, for whoever may want it. */
  readonly onRescan?: (rescan: () => void) => void;
  readonly env: NodeJS.ProcessEnv;
  /** Reads the page's script and style. */
  readonly assets: () => Promise<PageAssets>;
  /** Stack traces of failures. */
  readonly debug: boolean;
}

export async function run(argv: readonly string[], options: RunOptions): Promise<number> {
  const { signal } = options;
  try {
    const settings = await readSettings(argv, options.env);
    if ('text' in settings) {
      options.out(settings.text.trimEnd());
      return 0;
    }
    const { json, ...rest } = settings;
    const seeder = await startSeeder({
      ...rest,
      stateDir: rest.stateDir ?? defaultStateDir(rest.dir, options.env),
      assets: await options.assets(),
      onEvent: createReport(json, options, () => Date.now()),
    });
    options.onRescan?.(() => seeder.rescan());
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await seeder.close();
    return 0;
  } catch (error) {
    const isUsage = error instanceof SeederError && error.code === 'ERR_SEEDER_USAGE';
    options.error(`shoal-seeder: ${printable(wordsFor(error))}${isUsage ? ' (see shoal-seeder --help)' : ''}`);
    if (options.debug && error instanceof Error) options.error(error.stack ?? '');
    return isUsage ? 2 : 1;
  }
}

// One run of the program, from its arguments to its exit status: 0 stopped by a signal, 1 the job failed, 2 wrong usage.
import { SeederError, wordsFor } from './errors.ts';
import { createReport, type Lines, printable } from './report.ts';
import { startSeeder } from './seeder.ts';
import { parseSettings } from './settings.ts';

export interface RunOptions extends Lines {
  /** Aborted when the seeder has to stop. */
  readonly signal: AbortSignal;
  /** Stack traces of failures. */
  readonly debug: boolean;
}

export async function run(argv: readonly string[], options: RunOptions): Promise<number> {
  const { signal } = options;
  try {
    const settings = parseSettings(argv);
    if ('text' in settings) {
      options.out(settings.text.trimEnd());
      return 0;
    }
    const { json, ...rest } = settings;
    const seeder = await startSeeder({ ...rest, onEvent: createReport(json, options) });
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await seeder.close();
    return 0;
  } catch (error) {
    options.error(`shoal-seeder: ${printable(wordsFor(error))}`);
    if (options.debug && error instanceof Error) options.error(error.stack ?? '');
    return error instanceof SeederError && error.code === 'ERR_SEEDER_USAGE' ? 2 : 1;
  }
}

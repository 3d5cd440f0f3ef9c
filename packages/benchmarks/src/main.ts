// The command behind `pnpm bench`: reads which measurement is wanted, makes it, prints its table or JSON. Exits 0 when all
// was measured, 1 when not, 2 on wrong usage, 130 when interrupted.
import { measurementOf, type Request, readRequest, usageOfAll } from './command-line.ts';
import type { Context, Outcome } from './measurement.ts';

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => interrupt.abort(new Error('interrupted')));
}

process.exitCode = await main();

async function main(): Promise<number> {
  let request: Request;
  let work: (context: Context) => Promise<Outcome>;
  try {
    request = readRequest(process.argv.slice(2));
    if (request.help) {
      console.log(await usageOfAll());
      return 0;
    }
    work = (await measurementOf(request.name)).prepare(request.argv);
  } catch (error) {
    console.error(`bench: ${messageOf(error)}\n${await usageOfAll()}`);
    return 2;
  }
  try {
    const say = (step: string): void => console.error(`bench: ${step}`);
    const { text, json, isPartial = false } = await work({ signal: interrupt.signal, say });
    console.log(request.json ? JSON.stringify(json, null, 2) : `\n${text}`);
    return isPartial ? 1 : 0;
  } catch (error) {
    console.error(`bench: ${messageOf(error)}`);
    return interrupt.signal.aborted ? 130 : 1;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// Whether a program is here, by what it says when asked for its version.
import { Child, type Command } from '../../child.ts';
import type { Client } from '../client.ts';

/** `version`: finds it in a line; of what is said in more than one line, in the first that has it. */
export async function askVersion(command: Command, version: RegExp, signal: AbortSignal): ReturnType<Client['probe']> {
  const child = new Child(command.file, command, signal);
  try {
    return { version: await child.until('its version', (line) => version.exec(line)?.[1]) };
  } catch (error) {
    return { missing: (error as Error).message };
  } finally {
    await child.end();
  }
}

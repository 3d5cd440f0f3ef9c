import { writeFileAtomic } from '@shoal/storage/node';
import { CliError, reasonOf } from './exit.ts';

/** All or nothing. Rejects with ERR_WRITE. */
export async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFileAtomic(path, bytes);
  } catch (error) {
    // The storage package's words would name the file a second time.
    const reason = reasonOf((error as { cause?: unknown }).cause ?? error);
    throw new CliError('ERR_WRITE', `cannot write ${path}: ${reason}`, {
      hint: 'name another place with --output',
      cause: error,
    });
  }
}

// The file that holds the secret of a key pair: 64 hexadecimal digits, the seed of ed25519 (RFC 8032). Nobody but its owner
// may read it.
import { open } from 'node:fs/promises';
import { createItemSigner, type ItemSigner } from '@shoal/dht/node';
import { fromHex, toHex } from '@shoal/primitives';
import { CliError, EXIT, reasonOf } from '../exit.ts';

const MAX_BYTES = 1_000;

/** The key pair of a file, made where there is none. Rejects with CliError. */
export async function signerOf(path: string): Promise<{ readonly signer: ItemSigner; readonly isNew: boolean }> {
  try {
    return { signer: createItemSigner(await readSeed(path)), isNew: false };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw wrong(path, error);
  }
  const signer = createItemSigner();
  try {
    // Fails where somebody has made one meanwhile: that key must not be lost.
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${toHex(signer.seed)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new CliError('ERR_WRITE', `${path}: the new key cannot be saved there: ${reasonOf(error)}`, { cause: error });
  }
  return { signer, isNew: true };
}

async function readSeed(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(MAX_BYTES), 0, MAX_BYTES);
    const text = new TextDecoder().decode(buffer.subarray(0, bytesRead)).trim();
    const seed = text.length === 64 ? fromHex(text) : undefined;
    if (!seed) throw new Error('not a key: 64 hexadecimal digits are expected');
    return seed;
  } finally {
    await file.close();
  }
}

function wrong(path: string, error: unknown): CliError {
  return new CliError('ERR_USAGE', `${path}: ${reasonOf(error)}`, { status: EXIT.wrong, cause: error });
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

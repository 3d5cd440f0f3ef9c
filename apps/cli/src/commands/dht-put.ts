import { resolve } from 'node:path';
import { DhtError, type Item } from '@shoal/dht';
import { type BoundDht, type ItemSigner, immutableItem, mutableItem } from '@shoal/dht/node';
import { toHex } from '@shoal/primitives';
import { signerOf } from '../dht/key-file.ts';
import { MAX_SEQ, seqInJson } from '../dht/seq.ts';
import { targetOfKey } from '../dht/targets.ts';
import { type DhtNetOptions, withNet } from '../dht/with-dht.ts';
import { CliError, EXIT, type ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatCount } from '../output/format.ts';
import { printable } from '../output/printable.ts';
import { writeJson, writeLines } from '../output/write.ts';

export interface DhtPutOptions extends DhtNetOptions {
  /** Where the secret of a key pair is. */
  readonly keyFile?: string;
  readonly salt?: string;
  readonly seq?: bigint;
  readonly cas?: bigint;
  readonly json?: boolean;
}

/** Stores a text, under its digest or under a key. */
export async function dhtPut(text: string, options: DhtPutOptions, io: Io): Promise<ExitStatus> {
  const value = new TextEncoder().encode(text);
  const salt = new TextEncoder().encode(options.salt ?? '');
  // Known before a key is made for it, and before anybody is asked.
  const plain = itemOf(() => immutableItem(value));
  const signer = await signerFor(options, io);
  const { item, target, report } = await withNet(options, io, async (dht, signal) => {
    const seq = signer && (options.seq ?? (await nextSeq(dht, signer, salt, signal)));
    const item = signer && seq !== undefined ? itemOf(() => mutableItem(signer, { value, seq, salt })) : plain;
    return { item, ...(await dht.put(item, { cas: options.cas, signal })) };
  });
  const { stored, refusals } = report;
  if (options.json) {
    const signed = item.kind === 'mutable' ? item : undefined;
    writeJson(io.stdout, {
      target: toHex(target),
      publicKey: signed ? toHex(signed.publicKey) : null,
      salt: options.salt ?? null,
      seq: signed ? seqInJson(signed.seq) : null,
      nodes: stored,
      refused: refusals.length,
    });
    return EXIT.done;
  }
  const [refusal] = refusals;
  const refused = refusal ? `; ${refusals.length} refused: ${refusal.code} ${printable(refusal.reason)}` : '';
  writeLines(io.stdout, [
    `target      ${toHex(target)}`,
    ...(item.kind === 'mutable' ? [`public key  ${toHex(item.publicKey)}`, `seq         ${item.seq}`] : []),
    `stored at   ${formatCount(stored, 'node')}${refused}`,
  ]);
  return EXIT.done;
}

async function signerFor({ keyFile, salt, seq, cas }: DhtPutOptions, io: Io): Promise<ItemSigner | undefined> {
  if (keyFile !== undefined) {
    const path = resolve(io.cwd, keyFile);
    const { signer, isNew } = await signerOf(path);
    if (isNew) writeLines(io.stderr, [printable(`shoal: made a new key: ${path}`)]);
    return signer;
  }
  const given = Object.entries({ salt, seq, cas }).find(([, value]) => value !== undefined);
  if (!given) return undefined;
  throw new CliError('ERR_USAGE', `--${given[0]} is for items with a key: give --key-file too`, { status: EXIT.wrong });
}

async function nextSeq(dht: BoundDht, signer: ItemSigner, salt: Uint8Array, signal: AbortSignal): Promise<bigint> {
  const present = await dht.get(targetOfKey(signer.publicKey, salt), { salt, signal });
  if (present?.kind !== 'mutable') return 1n;
  if (present.seq < MAX_SEQ) return present.seq + 1n;
  throw new CliError('ERR_DATA', `the present item has seq ${MAX_SEQ}, after which there is none`);
}

function itemOf<T extends Item>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof DhtError)) throw error;
    throw new CliError('ERR_USAGE', `no node would take it: ${error.message}`, { status: EXIT.wrong, cause: error });
  }
}

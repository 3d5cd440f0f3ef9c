import { toHex } from '@shoal/primitives';
import { hexOfValue, textOfValue } from '../dht/item-value.ts';
import { seqInJson } from '../dht/seq.ts';
import { itemPlace } from '../dht/targets.ts';
import { type DhtNetOptions, withNet } from '../dht/with-dht.ts';
import { CliError, EXIT, type ExitStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { writeJson, writeLines } from '../output/write.ts';

export interface DhtGetOptions extends DhtNetOptions {
  /** 64 hexadecimal digits. */
  readonly key?: string;
  readonly salt?: string;
  readonly hex?: boolean;
  readonly json?: boolean;
}

/** Prints the value alone on stdout, so that it can go into a file. */
export async function dhtGet(named: string | undefined, options: DhtGetOptions, io: Io): Promise<ExitStatus> {
  const { target, salt } = itemPlace(named, options);
  const item = await withNet(options, io, (dht, signal) => dht.get(target, { salt, signal }));
  if (!item) {
    throw new CliError('ERR_DATA', `no item under ${toHex(target)}: none of the nodes nearest to it has one`, {
      hint: named !== undefined && options.salt === undefined ? 'one with a salt needs --salt too' : undefined,
    });
  }
  const text = textOfValue(item.value);
  const signed = item.kind === 'mutable' ? { publicKey: toHex(item.publicKey), seq: item.seq } : undefined;
  if (options.json) {
    const { publicKey = null, seq } = signed ?? {};
    writeJson(io.stdout, {
      target: toHex(target),
      value: text,
      hex: hexOfValue(item.value),
      publicKey,
      salt: options.salt ?? null,
      seq: seq === undefined ? null : seqInJson(seq),
    });
    return EXIT.done;
  }
  writeLines(io.stdout, [options.hex || text === null ? hexOfValue(item.value) : text]);
  if (signed) writeLines(io.stderr, [`seq ${signed.seq}, signed by ${signed.publicKey}`]);
  return EXIT.done;
}

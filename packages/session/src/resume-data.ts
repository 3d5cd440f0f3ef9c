// What a torrent remembers between runs: storage's part (have-map, file stamps, unfinished pieces) and the counters.
// JSON, so that a person can read it; anything that does not fit is treated as absent, never as an error.
import type { InfoHash, Layout } from '@shoal/primitives';
import { decodeResume, encodeResume, type FastResume } from '@shoal/storage';

const FORMAT = 1;

export interface ResumeData {
  readonly storage: FastResume;
  /** Payload bytes over all runs. */
  readonly uploaded: number;
  readonly downloaded: number;
}

export function encodeResumeData(infoHash: InfoHash, data: ResumeData): Uint8Array {
  const { uploaded, downloaded } = data;
  const json = { format: FORMAT, infoHash: infoHash.hex, uploaded, downloaded, storage: encodeResume(data.storage) };
  return new TextEncoder().encode(`${JSON.stringify(json)}\n`);
}

/** Undefined where the bytes are not this torrent's resume data. */
export function decodeResumeData(bytes: Uint8Array, infoHash: InfoHash, layout: Layout): ResumeData | undefined {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const fields = json as Record<string, unknown>;
  if (fields.format !== FORMAT || fields.infoHash !== infoHash.hex) return undefined;
  const storage = decodeResume(fields.storage, layout);
  return storage && { storage, uploaded: count(fields.uploaded), downloaded: count(fields.downloaded) };
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

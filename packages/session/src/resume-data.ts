// What a torrent remembers between runs: storage's part (have-map, file stamps, unfinished pieces), the counters and the
// user's choices. JSON, so that a person can read it; anything that does not fit is treated as absent, never as an error.
import type { InfoHash, Layout } from '@shoal/primitives';
import { decodeResume, encodeResume, type FastResume } from '@shoal/storage';
import { checkFilePriorities, type Priority } from './selection.ts';

const FORMAT = 1;

/** Over all runs. */
export interface Progress {
  /** Payload bytes. */
  readonly uploaded: number;
  readonly downloaded: number;
  readonly seedingMs: number;
  /** One a file; absent where every file is wanted alike. */
  readonly priorities?: readonly Priority[];
}

export interface ResumeData {
  readonly storage: FastResume;
  readonly progress: Progress;
}

export function encodeResumeData(infoHash: InfoHash, data: ResumeData): Uint8Array {
  const { uploaded, downloaded, seedingMs, priorities } = data.progress;
  const json = {
    format: FORMAT,
    infoHash: infoHash.hex,
    uploaded,
    downloaded,
    seedingMs: Math.round(seedingMs),
    ...(priorities === undefined ? {} : { priorities }),
    storage: encodeResume(data.storage),
  };
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
  const priorities = prioritiesIn(fields.priorities, layout);
  return (
    storage && {
      storage,
      progress: {
        uploaded: count(fields.uploaded),
        downloaded: count(fields.downloaded),
        seedingMs: count(fields.seedingMs),
        ...(priorities === undefined ? {} : { priorities }),
      },
    }
  );
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function prioritiesIn(value: unknown, layout: Layout): Priority[] | undefined {
  if (!Array.isArray(value)) return undefined;
  try {
    return checkFilePriorities(layout, value as Priority[]);
  } catch {
    return undefined;
  }
}

import type { MetainfoFile } from './metainfo.ts';

/** The files a user is to see: without padding (BEP 47), paths joined by `/`. Lengths in bytes. */
export function displayFiles(metainfo: {
  readonly files: readonly MetainfoFile[];
}): { path: string; length: number }[] {
  const shown: { path: string; length: number }[] = [];
  for (const { path, length, padding } of metainfo.files) if (!padding) shown.push({ path: path.join('/'), length });
  return shown;
}

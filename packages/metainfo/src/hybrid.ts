// The two halves of a hybrid torrent (BEP 52, "Upgrade Path") describe the same files in the same order and at the same places,
// or the torrent is refused: peers of either kind would download something else under one name.
import { MetainfoError } from './errors.ts';
import type { RawFile } from './read-files.ts';
import { quoted } from './text.ts';

/** The files of the v1 half with the roots of the v2 half. Throws ERR_METAINFO_HYBRID where the halves disagree. */
export function joinHalves(v1: readonly RawFile[], v2: readonly RawFile[], pieceLength: number): RawFile[] {
  let next = 0;
  let offset = 0;
  let offsetV2 = 0;
  const joined = v1.map((file): RawFile => {
    const start = offset;
    offset += file.length;
    if (file.path === null) return file;
    const twin = v2[next++];
    const what = quoted(file.path.join('/'));
    if (twin === undefined) throw disagreement(`${what} is in the v1 half alone`);
    const path = twin.path ?? [];
    if (!isSame(file.path, path)) throw disagreement(`${what} is ${quoted(path.join('/'))} in the v2 half`);
    if (file.length !== twin.length) {
      throw disagreement(`${what} has ${file.length} bytes in the v1 half and ${twin.length} in the v2 half`);
    }
    if (file.symlink ? !isSame(file.symlink, twin.symlink ?? []) : twin.symlink) {
      throw disagreement(`${what} is not the same link in both halves`);
    }
    if (file.length > 0 && start !== offsetV2) {
      throw disagreement(`${what} begins at byte ${start} in the v1 half and at ${offsetV2} in the v2 half`);
    }
    offsetV2 += Math.ceil(file.length / pieceLength) * pieceLength;
    return twin.piecesRoot ? { ...file, piecesRoot: twin.piecesRoot } : file;
  });
  const more = v2[next];
  if (more) throw disagreement(`${quoted(more.path?.join('/') ?? '')} is in the v2 half alone`);
  return joined;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((component, level) => component === b[level]);
}

function disagreement(what: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_HYBRID', `the halves of a hybrid torrent disagree: ${what}`);
}

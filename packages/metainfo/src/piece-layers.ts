// The `piece layers` of BEP 52. They stand outside the info dictionary, so that the info-hash says nothing of them: each is
// checked against the root it is filed under.
import { type BencodeDict, isDict, keyFromBytes } from '@shoal/bencode';
import { HASH_LENGTH, pieceLayerCount, type Sha256, verifyPieceLayer } from '@shoal/merkle';
import { MetainfoError } from './errors.ts';
import type { MetainfoFile } from './metainfo.ts';
import { quoted } from './text.ts';
import type { Warnings } from './warnings.ts';

/**
 * The files with their piece layers. Layers that are missing can be had from peers (`hash request`) and are a warning; one that
 * is wrong, or of no file, is ERR_METAINFO_PIECE_LAYERS.
 */
export function withPieceLayers(
  files: readonly MetainfoFile[],
  torrent: BencodeDict,
  pieceLength: number,
  sha256: Sha256,
  warnings: Warnings,
): MetainfoFile[] {
  const given = torrent.get('piece layers');
  if (given !== undefined && !isDict(given)) throw wrong('the piece layers are no dictionary');
  // Equal files share a root and a layer, which is checked once: a hostile torrent has one layer and a thousand such files.
  const checked = new Map<string, Uint8Array>();
  const needless = new Set<string>();
  let missing = 0;
  const layered = files.map((file): MetainfoFile => {
    const { piecesRoot: root, length } = file;
    if (root === undefined) return file;
    const key = keyFromBytes(root);
    if (length <= pieceLength) {
      needless.add(key);
      return file;
    }
    const layer = given?.get(key);
    if (layer === undefined) {
      missing++;
      return file;
    }
    const what = quoted(file.path.join('/'));
    const size = pieceLayerCount(length, pieceLength) * HASH_LENGTH;
    if (!(layer instanceof Uint8Array)) throw wrong(`the piece layer of ${what} is no byte string`);
    if (layer.length !== size) throw wrong(`the piece layer of ${what} has ${size} bytes, not ${layer.length}`);
    if (!checked.has(key)) {
      if (!verifyPieceLayer({ layer, root, length, pieceLength }, sha256)) {
        throw wrong(`the piece layer of ${what} does not lead to its pieces root`);
      }
      checked.set(key, layer);
    }
    return { ...file, pieceLayer: layer };
  });
  for (const key of given?.keys() ?? []) {
    if (checked.has(key)) continue;
    if (!needless.has(key)) throw wrong('there is a piece layer that is of no file');
    warnings.add('a file that fits into one piece has a piece layer: ignored');
  }
  if (missing > 0) {
    warnings.add(
      `the piece layers of ${missing} ${missing === 1 ? 'file' : 'files'} are missing: peers have to be asked for them`,
    );
  }
  return layered;
}

function wrong(message: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_PIECE_LAYERS', message);
}

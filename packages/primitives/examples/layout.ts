import { Bitfield, decodeCompact, encodeCompact, formatEndpoint, Layout } from '@shoal/primitives';

/** Where block 1 of piece 1 lies on disk, how far a download is, and two peers in a tracker's compact form. */
export async function run(): Promise<string[]> {
  const layout = new Layout({ pieceLength: 32_768, files: [{ length: 50_000 }, { length: 20_000 }] });
  const spans = layout.spans(1, 16_384, layout.blockSize(1, 1));
  const where = spans.map(({ file, offset, length }) => `${length} bytes of file ${file} at ${offset}`);

  const have = new Bitfield(layout.pieceCount);
  have.set(0);
  have.set(2);

  const peers = decodeCompact(encodeCompact([{ host: '10.0.0.1', port: 6881 }], 4), 4);
  return [where.join(', then '), `${have.count} of ${have.length} pieces`, peers.map(formatEndpoint).join()];
}

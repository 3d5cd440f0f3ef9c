import { createHash } from 'node:crypto';
import { BLOCK_LENGTH, Layout } from '@shoal/primitives';
import { ByteBudget, decodeResume, encodeResume, PieceStore, planCheck, type Verdict } from '@shoal/storage';
import { createFolderStateStore, createNodeHasher, DiskStorage } from '@shoal/storage/node';

/** Stores a torrent of one piece below `folder`, saves what it knows, and finds it again without hashing. */
export async function run(folder: string): Promise<{ verdict: Verdict; trusted: number; toCheck: number }> {
  const content = new Uint8Array(20_000).fill(7);
  const layout = new Layout({ pieceLength: 2 * BLOCK_LENGTH, files: [{ length: 20_000 }] });
  const storage = new DiskStorage({ root: folder, layout, files: [{ path: ['hello.bin'] }] });
  await storage.open();
  const sha1 = createHash('sha1').update(content).digest();
  const pieces = new PieceStore({
    layout,
    storage,
    hasher: createNodeHasher(),
    expectation: () => ({ sha1 }),
    budget: new ByteBudget(64 * 1024 * 1024),
  });

  // Blocks come in any order; each is copied once, into its piece's buffer.
  pieces.put(0, BLOCK_LENGTH, content.subarray(BLOCK_LENGTH));
  pieces.put(0, 0, content.subarray(0, BLOCK_LENGTH));
  const verdict = await pieces.complete(0);

  // Stamps first, then the have-map.
  await storage.flush();
  const stamps = await storage.stamps();
  const { trusted } = planCheck(layout, undefined, stamps);
  if (verdict === 'ok') trusted.set(0);
  const state = createFolderStateStore(`${folder}/state`);
  const json = encodeResume({ have: trusted, stamps, partial: [] });
  await state.save('hello', new TextEncoder().encode(JSON.stringify(json)));
  await pieces.close();

  // The next start.
  const saved = await state.load('hello');
  const resume = decodeResume(JSON.parse(new TextDecoder().decode(saved)), layout);
  const plan = planCheck(layout, resume, await storage.stamps());
  await storage.close();
  return { verdict, trusted: plan.trusted.count, toCheck: plan.check.length };
}

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FileHasher, leafLayer, MerkleTree, rootOf, verifyPieceLayer, verifyProof } from '../src/index.ts';
import { naivePieceLayer, naiveRoot, naiveTree, noise, sha256 } from './naive.ts';

const RUNS = Number(process.env.SHOAL_TEST_RUNS ?? 60);
const SEED = /^\d+$/.test(process.env.SHOAL_SEED ?? '') ? { seed: Number(process.env.SHOAL_SEED) } : {};
const PARAMETERS = { numRuns: RUNS, ...SEED };

const LEAF = 16_384;
const DATA = noise(20 * LEAF);
/** Whole leaves and a little more or less. */
const length = fc
  .tuple(fc.integer({ min: 0, max: 19 }), fc.constantFrom(0, 1, 5_000, LEAF - 1))
  .map(([leaves, more]) => leaves * LEAF + more);
const hex = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('hex');

test('a hasher says what the naive tree says, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      length,
      fc.integer({ min: 0, max: 4 }),
      fc.array(fc.integer({ min: 0, max: 50_000 }), { maxLength: 8 }),
      (size, level, cuts) => {
        const file = DATA.subarray(0, size);
        const hasher = new FileHasher(LEAF * 2 ** level, sha256);
        let at = 0;
        for (const cut of cuts) {
          hasher.update(file.subarray(at, at + cut));
          at = Math.min(file.length, at + cut);
        }
        hasher.update(file.subarray(at));
        const hashed = hasher.end();
        expect(hashed.length).toBe(size);
        expect(hex(hashed.pieceLayer)).toBe(hex(naivePieceLayer(file, level)));
        expect(hex(hashed.root)).toBe(size === 0 ? '' : hex(naiveRoot(file)));
        if (hashed.root !== null && hashed.pieceLayer.length > 0) {
          const claim = { layer: hashed.pieceLayer, root: hashed.root, length: size, pieceLength: LEAF * 2 ** level };
          expect(verifyPieceLayer(claim, sha256)).toBe(true);
        }
      },
    ),
    PARAMETERS,
  );
});

test('every layer and every hash of a tree is that of the naive tree', () => {
  fc.assert(
    fc.property(
      length.filter((size) => size > 0),
      (size) => {
        const file = DATA.subarray(0, size);
        const naive = naiveTree(file);
        const tree = new MerkleTree(leafLayer(file, sha256), sha256);
        expect(tree.height).toBe(naive.length - 1);
        for (const [level, hashes] of naive.entries()) {
          for (const [index, hash] of hashes.entries()) expect(hex(tree.hash(level, index))).toBe(hex(hash));
          expect(hex(rootOf(tree.layer(level), sha256, { level }))).toBe(hex(tree.root));
        }
      },
    ),
    PARAMETERS,
  );
});

test('every range is proven by its proof, and by no proof with a bit changed', () => {
  fc.assert(
    fc.property(
      length.filter((size) => size > 0),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      (size, a, b, c, bit) => {
        const tree = new MerkleTree(leafLayer(DATA.subarray(0, size), sha256), sha256);
        const level = a % (tree.height + 1);
        const width = tree.height - level;
        const count = 2 ** (b % (width + 1));
        const index = count * (c % (2 ** width / count));
        const proof = tree.proof({ level, index, count });
        expect(verifyProof(proof, tree, sha256)).toBe(true);
        const hashes = proof.hashes.slice();
        const uncles = proof.uncles.slice();
        const [changed, at] =
          uncles.length > 0 && bit % 2 === 0 ? [uncles, bit % uncles.length] : [hashes, bit % hashes.length];
        changed[at] = (changed[at] as number) ^ (1 << (bit % 8));
        expect(verifyProof({ ...proof, hashes, uncles }, tree, sha256)).toBe(false);
      },
    ),
    PARAMETERS,
  );
});

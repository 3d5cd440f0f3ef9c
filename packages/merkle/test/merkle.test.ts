import { expect, test } from 'vitest';
import {
  FileHasher,
  leafCount,
  leafLayer,
  MerkleTree,
  padHash,
  parentLayer,
  pieceLayerCount,
  pieceLevel,
  provenNode,
  rootOf,
  treeHeight,
  verifyPieceLayer,
  verifyProof,
} from '../src/index.ts';
import { naivePieceLayer, naiveRoot, noise, sha256 } from './naive.ts';

const KIB = 1024;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('leaves and heights', () => {
  expect([0, 1, 16_384, 16_385, 2 ** 53 - 1].map(leafCount)).toEqual([0, 1, 1, 2, 2 ** 39]);
  expect([0, 1, 2, 3, 4, 5, 2 ** 39].map(treeHeight)).toEqual([0, 0, 1, 2, 2, 3, 39]);
  expect([16, 32, 64, 16_384].map((kib) => pieceLevel(kib * KIB))).toEqual([0, 1, 2, 10]);
  expect(() => leafCount(-1)).toThrow(RangeError);
  expect(() => leafCount(2 ** 53)).toThrow(RangeError);
  expect(() => treeHeight(2 ** 40)).toThrow('from 0 to 2^39 leaves');
  for (const odd of [0, 1, 8 * KIB, 48 * KIB, 16_385, -16_384, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
    expect(() => pieceLevel(odd), String(odd)).toThrow(RangeError);
  }
});

test('padding: a leaf past the end is 32 zeros, above it their hash (BEP 52)', () => {
  expect(hex(padHash(0, sha256))).toBe('00'.repeat(32));
  // SHA-256 of 64 zero bytes, a constant that many trees share.
  expect(hex(padHash(1, sha256))).toBe('f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b');
  expect(padHash(3, sha256)).toBe(padHash(3, sha256));
  expect(() => padHash(40, sha256)).toThrow(RangeError);
  expect(() => padHash(-1, sha256)).toThrow(RangeError);
});

test('a file of one leaf is its own root, however short', () => {
  for (const length of [1, 100, 16_384])
    expect(rootOf(leafLayer(noise(length), sha256), sha256)).toEqual(new Uint8Array(sha256(noise(length))));
});

test('three leaves are filled up with one of zeros', () => {
  const file = noise(3 * 16_384 - 5);
  const [a, b, c] = [0, 1, 2].map((leaf) => sha256(file.subarray(leaf * 16_384, (leaf + 1) * 16_384))) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const root = sha256(Buffer.concat([sha256(Buffer.concat([a, b])), sha256(Buffer.concat([c, new Uint8Array(32)]))]));
  expect(hex(rootOf(leafLayer(file, sha256), sha256))).toBe(hex(root));
  expect(hex(parentLayer(leafLayer(file, sha256), 0, sha256).subarray(32))).toBe(
    hex(sha256(Buffer.concat([c, new Uint8Array(32)]))),
  );
});

test('a short piece is padded up to the height of a piece, a short file only up to a power of two', () => {
  const leaves = leafLayer(noise(16_384), sha256);
  expect(hex(rootOf(leaves, sha256))).toBe(hex(leaves));
  expect(hex(rootOf(leaves, sha256, { height: 1 }))).toBe(hex(sha256(Buffer.concat([leaves, new Uint8Array(32)]))));
  expect(() => rootOf(leafLayer(noise(40_000), sha256), sha256, { height: 1 })).toThrow('need a height of 2, not 1');
  expect(() => rootOf(new Uint8Array(0), sha256)).toThrow(RangeError);
  expect(() => rootOf(new Uint8Array(33), sha256)).toThrow('not 33 bytes');
});

test('an empty file has no root, a file of one piece no piece layer', () => {
  expect(new FileHasher(16 * KIB, sha256).end()).toEqual({ length: 0, root: null, pieceLayer: new Uint8Array(0) });
  for (const length of [1, 32 * KIB - 1, 32 * KIB]) {
    const hasher = new FileHasher(32 * KIB, sha256);
    hasher.update(noise(length));
    const { root, pieceLayer } = hasher.end();
    expect([hex(root as Uint8Array), pieceLayer.length]).toEqual([hex(naiveRoot(noise(length))), 0]);
    expect(pieceLayerCount(length, 32 * KIB)).toBe(0);
  }
  expect(pieceLayerCount(32 * KIB + 1, 32 * KIB)).toBe(2);
});

test('a hasher that has ended takes nothing more', () => {
  const hasher = new FileHasher(16 * KIB, sha256);
  hasher.end();
  expect(() => hasher.update(noise(1))).toThrow(TypeError);
  expect(() => hasher.end()).toThrow(TypeError);
  expect(() => new FileHasher(20 * KIB, sha256)).toThrow(RangeError);
});

test('leaves that were hashed elsewhere', () => {
  const file = noise(200_000);
  const hasher = new FileHasher(64 * KIB, sha256);
  hasher.update(file.subarray(0, 32 * KIB));
  hasher.updateLeaves(leafLayer(file.subarray(32 * KIB), sha256), file.length - 32 * KIB);
  const { root, pieceLayer, length } = hasher.end();
  expect([hex(root as Uint8Array), hex(pieceLayer), length]).toEqual([
    hex(naiveRoot(file)),
    hex(naivePieceLayer(file, 2)),
    200_000,
  ]);
  const other = new FileHasher(64 * KIB, sha256);
  expect(() => other.updateLeaves(new Uint8Array(32), 16_385)).toThrow(RangeError);
  other.update(noise(5));
  expect(() => other.updateLeaves(new Uint8Array(32), 5)).toThrow(TypeError);
});

test('a piece layer is held to its root, its length, and its level', () => {
  const file = noise(5 * 32 * KIB - 7);
  const pieceLength = 32 * KIB;
  const layer = naivePieceLayer(file, 1);
  const root = naiveRoot(file);
  const claim = { layer, root, length: file.length, pieceLength };
  expect(verifyPieceLayer(claim, sha256)).toBe(true);
  const flipped = layer.slice();
  flipped[40] = (flipped[40] as number) ^ 1;
  expect(verifyPieceLayer({ ...claim, layer: flipped }, sha256)).toBe(false);
  expect(verifyPieceLayer({ ...claim, layer: layer.subarray(32) }, sha256)).toBe(false);
  expect(verifyPieceLayer({ ...claim, layer: layer.subarray(1) }, sha256)).toBe(false);
  expect(verifyPieceLayer({ ...claim, layer: Buffer.concat([layer, new Uint8Array(32)]) }, sha256)).toBe(false);
  expect(verifyPieceLayer({ ...claim, layer: naivePieceLayer(file, 0) }, sha256)).toBe(false);
  expect(verifyPieceLayer({ ...claim, pieceLength: 16 * KIB }, sha256)).toBe(false);
  expect(verifyPieceLayer({ ...claim, root: root.subarray(1) }, sha256)).toBe(false);
  expect(verifyPieceLayer({ ...claim, layer: new Uint8Array(0), length: 5 }, sha256)).toBe(false);
  expect(() => verifyPieceLayer({ ...claim, pieceLength: 5 }, sha256)).toThrow(RangeError);
});

test('as many uncles as BEP 52 counts: the first log2(length) - 1 proof layers need none', () => {
  const tree = new MerkleTree(leafLayer(noise(16 * 16_384), sha256), sha256);
  expect(tree.height).toBe(4);
  const uncles = (count: number, layers?: number): number =>
    tree.proof({ level: 0, index: 0, count }, layers).uncles.length / 32;
  expect([uncles(2), uncles(2, 0), uncles(2, 1), uncles(2, 3), uncles(2, 9)]).toEqual([3, 0, 1, 3, 3]);
  expect([uncles(4), uncles(4, 1), uncles(4, 2), uncles(8), uncles(16)]).toEqual([2, 0, 1, 1, 0]);
  expect(tree.proof({ level: 2, index: 2, count: 2 }).uncles.length / 32).toBe(1);
});

test('a proof that stops below the root leads to a node of the tree', () => {
  const tree = new MerkleTree(leafLayer(noise(13 * 16_384), sha256), sha256);
  const node = provenNode(tree.proof({ level: 0, index: 4, count: 2 }, 1), sha256);
  expect([node?.level, node?.index]).toEqual([2, 1]);
  expect(hex(node?.hash as Uint8Array)).toBe(hex(tree.hash(2, 1)));
});

test('a wrong proof is no proof, and an impossible range is misuse', () => {
  const leaves = leafLayer(noise(13 * 16_384), sha256);
  const tree = new MerkleTree(leaves, sha256);
  const proof = tree.proof({ level: 0, index: 8, count: 4 });
  expect(verifyProof(proof, tree, sha256)).toBe(true);
  expect(verifyProof({ ...proof, index: 4 }, tree, sha256)).toBe(false);
  expect(verifyProof({ ...proof, uncles: proof.uncles.subarray(32) }, tree, sha256)).toBe(false);
  expect(verifyProof({ ...proof, uncles: proof.uncles.subarray(1) }, tree, sha256)).toBe(false);
  expect(verifyProof({ ...proof, hashes: proof.hashes.subarray(32) }, tree, sha256)).toBe(false);
  expect(verifyProof({ ...proof, uncles: new Uint8Array(40 * 32) }, tree, sha256)).toBe(false);
  // The inner nodes passed off as leaves have the same root: only the height tells them apart.
  const shorter = new MerkleTree(tree.layer(1), sha256);
  expect(verifyProof(shorter.proof({ level: 0, index: 0, count: 2 }), tree, sha256)).toBe(false);
  for (const [index, count] of [
    [1, 2],
    [0, 3],
    [0, 0],
    [-2, 2],
    [0, 1.5],
    [16, 16],
  ] as const) {
    expect(() => tree.proof({ level: 0, index, count }), `${index} ${count}`).toThrow(RangeError);
  }
  expect(() => tree.proof({ level: 0, index: 0, count: 2 ** 40 })).toThrow(RangeError);
  expect(() => tree.proof({ level: 5, index: 0, count: 1 })).toThrow(RangeError);
  expect(() => new MerkleTree(new Uint8Array(0), sha256)).toThrow(RangeError);
});

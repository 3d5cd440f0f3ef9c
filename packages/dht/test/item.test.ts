import { toHex } from '@shoal/primitives';
import { expect, test } from 'vitest';
import { DhtError, type MutableItem, signedBytes, targetOf } from '../src/index.ts';
import { checkItem, isGenuine } from '../src/item.ts';
import { createItemSigner, immutableItem, mutableItem } from '../src/node/index.ts';
import { NODE_MEANS } from '../src/node/means.ts';
import { ascii, hex, textOf } from './bytes.ts';

// BEP 44's vectors. Their private key is an expanded one, which node:crypto cannot take: the signatures are verified here.
const KEY = hex('77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548');
const VALUE = ascii('12:Hello World!');
const VECTORS = [
  {
    name: 'test 1 (mutable)',
    salt: '',
    signed: '3:seqi1e1:v12:Hello World!',
    target: '4a533d47ec9c7d95b1ad75f576cffc641853b750',
    signature:
      '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
  },
  {
    name: 'test 2 (mutable with salt)',
    salt: 'foobar',
    signed: '4:salt6:foobar3:seqi1e1:v12:Hello World!',
    target: '411eba73b6f087ca51a3795d9c8c938d365e32c1',
    signature:
      '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08',
  },
];

test.each(VECTORS)('BEP 44: $name', ({ salt, signed, target, signature }) => {
  const item: MutableItem = {
    kind: 'mutable',
    value: VALUE,
    publicKey: KEY,
    salt: ascii(salt),
    seq: 1n,
    signature: hex(signature),
  };
  expect(textOf(signedBytes(1n, VALUE, ascii(salt)))).toBe(signed);
  expect(toHex(targetOf(item, NODE_MEANS.sha1))).toBe(target);
  expect(isGenuine(item, hex(target), NODE_MEANS)).toBe(true);
  expect(isGenuine({ ...item, seq: 2n }, hex(target), NODE_MEANS)).toBe(false);
  expect(isGenuine({ ...item, value: ascii('12:Hello world!') }, hex(target), NODE_MEANS)).toBe(false);
  expect(isGenuine({ ...item, salt: ascii('other') }, hex(target), NODE_MEANS)).toBe(false);
});

test('BEP 44: test 3 (immutable)', () => {
  const target = 'e5f96f6f38320f0f33959cb4d3d656452117aadb';
  const item = immutableItem('Hello World!');
  expect(textOf(item.value)).toBe(textOf(VALUE));
  expect(toHex(targetOf(item, NODE_MEANS.sha1))).toBe(target);
  expect(isGenuine(immutableItem('Hello World'), hex(target), NODE_MEANS)).toBe(false);
});

test('a signer signs what it made, and its seed makes it again', () => {
  const signer = createItemSigner();
  const item = mutableItem(signer, { value: { a: [1, 'x'] }, seq: 7n, salt: ascii('s') });
  expect(() => checkItem(item, NODE_MEANS)).not.toThrow();
  expect(createItemSigner(signer.seed).publicKey).toEqual(signer.publicKey);
  expect(() => createItemSigner(new Uint8Array(31))).toThrow(RangeError);
});

test('RFC 8032, 7.1 test 1: the key of a seed', () => {
  const seed = hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
  expect(toHex(createItemSigner(seed).publicKey)).toBe(
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  );
});

test('what no node would take is refused at home', () => {
  const signer = createItemSigner();
  const good = mutableItem(signer, { value: 'v', seq: 1n });
  const refused = (run: () => unknown): void => expect(run).toThrowError(DhtError);
  refused(() => immutableItem('x'.repeat(997)));
  refused(() => mutableItem(signer, { value: 'v', seq: -1n }));
  refused(() => mutableItem(signer, { value: 'v', seq: 2n ** 63n }));
  refused(() => mutableItem(signer, { value: 'v', seq: 1n, salt: new Uint8Array(65) }));
  refused(() => checkItem({ ...good, seq: 2n }, NODE_MEANS));
  refused(() => checkItem({ ...good, publicKey: new Uint8Array(31) }, NODE_MEANS));
  refused(() => checkItem({ kind: 'immutable', value: ascii('d1:b0:1:a0:e') }, NODE_MEANS));
  refused(() => checkItem({ kind: 'immutable', value: ascii('i1ei2e') }, NODE_MEANS));
});

test('32 bytes that are no key verify nothing', () => {
  expect(NODE_MEANS.verify(new Uint8Array(64), new Uint8Array(3), new Uint8Array(32).fill(0xff))).toBe(false);
});

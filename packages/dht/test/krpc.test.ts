import { expect, test } from 'vitest';
import { DhtError, decodeKrpc, encodeKrpc, KRPC_ERROR, type KrpcMessage, type KrpcQuery } from '../src/index.ts';
import { ascii, textOf } from './bytes.ts';

const ID = ascii('abcdefghij0123456789');
const OTHER = ascii('mnopqrstuvwxyz123456');
const T = ascii('aa');

const EXAMPLES: readonly (readonly [string, string, KrpcMessage])[] = [
  [
    'ping',
    'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe',
    { kind: 'query', transactionId: T, id: ID, readOnly: false, call: { method: 'ping' } },
  ],
  [
    'answer to a ping',
    'd1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re',
    { kind: 'response', transactionId: T, id: OTHER },
  ],
  [
    'find_node',
    'd1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe',
    { kind: 'query', transactionId: T, id: ID, readOnly: false, call: { method: 'find_node', target: OTHER } },
  ],
  [
    'get_peers',
    'd1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe',
    { kind: 'query', transactionId: T, id: ID, readOnly: false, call: { method: 'get_peers', infoHash: OTHER } },
  ],
  [
    'peers',
    'd1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re',
    {
      kind: 'response',
      transactionId: T,
      id: ID,
      token: ascii('aoeusnth'),
      values: [
        { host: '97.120.106.101', port: 11_893 },
        { host: '105.100.104.116', port: 28_269 },
      ],
    },
  ],
  [
    'error',
    'd1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee',
    { kind: 'error', transactionId: T, code: 201, reason: 'A Generic Error Ocurred' },
  ],
];

for (const [name, bytes, message] of EXAMPLES) {
  test(`BEP 5's example: ${name}`, () => {
    expect(decodeKrpc(ascii(bytes))).toEqual(message);
    expect(textOf(encodeKrpc(message))).toBe(bytes);
  });
}

test("BEP 5's example of announce_peer, where the implied port makes the other one void", () => {
  const bytes =
    'd1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe';
  const call = {
    method: 'announce_peer',
    infoHash: OTHER,
    port: 6881,
    impliedPort: true,
    token: ascii('aoeusnth'),
  } as const;
  expect(textOf(encodeKrpc({ kind: 'query', transactionId: T, id: ID, readOnly: false, call }))).toBe(bytes);
  expect(decodeKrpc(ascii(bytes))).toMatchObject({ call: { ...call, port: 0 } });
});

test('an answer with nodes of both families, whose broken rest is left alone', () => {
  const node = { id: OTHER, host: '1.2.3.4', port: 5 };
  const node6 = { id: OTHER, host: '2001:db8::1', port: 6 };
  const message = { kind: 'response', transactionId: T, id: ID, nodes: [node], nodes6: [node6] } as const;
  expect(decodeKrpc(encodeKrpc(message))).toEqual(message);
  const broken = textOf(encodeKrpc(message)).replace('5:nodes26:', '5:nodes28:xx');
  expect(decodeKrpc(ascii(broken))).toMatchObject({ nodes: [{ port: expect.any(Number) }] });
});

test('want (BEP 32) names families, and what it does not know is ignored', () => {
  const call = (want: string): unknown =>
    (
      decodeKrpc(
        ascii(`d1:ad2:id20:${textOf(ID)}6:target20:${textOf(OTHER)}4:want${want}e1:q9:find_node1:t2:aa1:y1:qe`),
      ) as KrpcQuery
    ).call;
  expect(call('l2:n42:n6e')).toMatchObject({ want: [4, 6] });
  expect(call('l2:xx2:n6i7ee')).toMatchObject({ want: [6] });
  expect(call('i1e')).toMatchObject({ want: undefined });
});

test('read-only askers (BEP 43) and the asker’s own address (BEP 42) are read', () => {
  expect(decodeKrpc(ascii(`d1:ad2:id20:${textOf(ID)}e1:q4:ping2:roi1e1:t2:aa1:y1:qe`))).toMatchObject({
    readOnly: true,
  });
  const ip = { host: '9.8.7.6', port: 5 };
  expect(decodeKrpc(encodeKrpc({ kind: 'response', transactionId: T, id: ID, ip }))).toMatchObject({ ip });
});

const REFUSED: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['no bencode', 'x'],
  ['a list', 'le'],
  ['a dictionary without anything', 'de'],
  ['no transaction id', 'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:y1:qe'],
  ['a transaction id of 100 bytes', `d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t100:${'t'.repeat(100)}1:y1:qe`],
  ['an id of 19 bytes', 'd1:ad2:id19:abcdefghij012345678e1:q4:ping1:t2:aa1:y1:qe'],
  ['an answer without an id', 'd1:rde1:t2:aa1:y1:re'],
  ['a kind that is none', 'd1:t2:aa1:y1:xe'],
  ['more than 4 KiB', `d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:v5000:${'v'.repeat(5_000)}1:y1:re`],
  ['2,010 tokens', `d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:xl${'le'.repeat(2_010)}e1:y1:re`],
];
for (const [name, bytes] of REFUSED) {
  test(`is no message: ${name}`, () => {
    expect(() => decodeKrpc(ascii(bytes))).toThrowError(DhtError);
  });
}

const call = (args: string, method: string): KrpcQuery['call'] =>
  (decodeKrpc(ascii(`d1:ad2:id20:${textOf(ID)}${args}e1:q${method.length}:${method}1:t2:aa1:y1:qe`)) as KrpcQuery).call;

test.each([
  ['a target of 3 bytes', '6:target3:abc', 'find_node', KRPC_ERROR.protocol],
  ['no info-hash', '', 'get_peers', KRPC_ERROR.protocol],
  ['port 0', `9:info_hash20:${textOf(OTHER)}4:porti0e5:token1:x`, 'announce_peer', KRPC_ERROR.protocol],
  ['port 65536', `9:info_hash20:${textOf(OTHER)}4:porti65536e5:token1:x`, 'announce_peer', KRPC_ERROR.protocol],
  ['no token', `9:info_hash20:${textOf(OTHER)}4:porti1e`, 'announce_peer', KRPC_ERROR.protocol],
  ['a value of 1,001 bytes', `5:token1:x1:v997:${'v'.repeat(997)}`, 'put', KRPC_ERROR.valueTooBig],
  [
    'a salt of 65 bytes',
    `1:k32:${'k'.repeat(32)}4:salt65:${'s'.repeat(65)}3:seqi1e3:sig64:${'g'.repeat(64)}5:token1:x1:v1:v`,
    'put',
    KRPC_ERROR.saltTooBig,
  ],
  [
    'half a signature',
    `1:k32:${'k'.repeat(32)}3:seqi1e3:sig32:${'g'.repeat(32)}5:token1:x1:v1:v`,
    'put',
    KRPC_ERROR.protocol,
  ],
  [
    'a negative sequence number',
    `1:k32:${'k'.repeat(32)}3:seqi-1e3:sig64:${'g'.repeat(64)}5:token1:x1:v1:v`,
    'put',
    KRPC_ERROR.protocol,
  ],
  ['a value that is not canonical', '5:token1:x1:vd1:b0:1:a0:e', 'put', KRPC_ERROR.protocol],
])('a query that is owed an error: %s', (_name, args, method, code) => {
  expect(call(args, method)).toMatchObject({ method: 'invalid', code });
});

test('a value of exactly 1,000 bytes is taken, whatever type it is', () => {
  const value = `996:${'v'.repeat(996)}`;
  expect(call(`5:token1:x1:v${value}`, 'put')).toMatchObject({ method: 'put', value: ascii(value), signed: undefined });
  expect(call('5:token1:x1:vd1:ali1eee', 'put')).toMatchObject({ value: ascii('d1:ali1eee') });
});

test('a query of another time keeps its target', () => {
  expect(call(`6:target20:${textOf(OTHER)}`, 'sample_infohashes')).toMatchObject({ method: 'unknown', target: OTHER });
  expect(call('', 'vote')).toMatchObject({ method: 'unknown', target: undefined });
});

test('an error’s reason comes out printable and cut', () => {
  const reason = `\u001b[2J${'x'.repeat(500)}`;
  expect(decodeKrpc(ascii(`d1:eli201e504:${reason}e1:t2:aa1:y1:ee`))).toMatchObject({
    kind: 'error',
    reason: `.[2J${'x'.repeat(196)}`,
  });
});

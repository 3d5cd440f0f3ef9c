// From messages to datagrams.
import { type BencodeInput, decode, encode } from '@shoal/bencode';
import { type Endpoint, encodeCompact } from '@shoal/primitives';
import { type Family, familyOf } from './addresses.ts';
import { encodeContacts } from './contacts.ts';
import type { KrpcCall, KrpcMessage, KrpcQuery, KrpcResponse } from './krpc.ts';

/** The datagram of a message. Throws TypeError for a query that nobody sends: `unknown` and `invalid` are what arrives. */
export function encodeKrpc(message: KrpcMessage): Uint8Array {
  const head = { t: message.transactionId, v: message.version };
  switch (message.kind) {
    case 'query':
      return encode({
        ...head,
        y: 'q',
        q: message.call.method,
        a: argumentsOf(message),
        ro: message.readOnly ? 1 : undefined,
      });
    case 'response':
      return encode({ ...head, y: 'r', r: returnsOf(message), ip: compactOf(message.ip) });
    case 'error':
      return encode({ ...head, y: 'e', e: [message.code, message.reason], ip: compactOf(message.ip) });
  }
}

function argumentsOf({ id, call }: KrpcQuery): BencodeInput {
  switch (call.method) {
    case 'ping':
      return { id };
    case 'find_node':
      return { id, target: call.target, want: wantOf(call) };
    case 'get_peers':
      return { id, info_hash: call.infoHash, want: wantOf(call) };
    case 'announce_peer': {
      const { infoHash, port, token } = call;
      return { id, info_hash: infoHash, port, token, implied_port: call.impliedPort ? 1 : undefined };
    }
    case 'get':
      return { id, target: call.target, seq: call.seq, want: wantOf(call) };
    case 'put': {
      const { token, value, signed } = call;
      const plain = { id, token, v: decode(value) };
      if (!signed) return plain;
      const { publicKey, signature, seq, salt, cas } = signed;
      return { ...plain, k: publicKey, sig: signature, seq, salt: salt.length > 0 ? salt : undefined, cas };
    }
    case 'unknown':
    case 'invalid':
      throw new TypeError(`a query ${JSON.stringify(call.name)} is never sent`);
  }
}

function wantOf(call: Extract<KrpcCall, { want?: readonly Family[] | undefined }>): string[] | undefined {
  return call.want?.map((family) => `n${family}`);
}

function returnsOf(response: KrpcResponse): BencodeInput {
  const { id, nodes, nodes6, values, token, value, publicKey, signature, seq } = response;
  return {
    id,
    nodes: nodes && encodeContacts(nodes, 4),
    nodes6: nodes6 && encodeContacts(nodes6, 6),
    values: values?.map((peer) => encodeCompact([peer], familyOf(peer.host))),
    token,
    v: value && decode(value),
    k: publicKey,
    sig: signature,
    seq,
  };
}

function compactOf(endpoint: Endpoint | undefined): Uint8Array | undefined {
  return endpoint && encodeCompact([endpoint], familyOf(endpoint.host));
}

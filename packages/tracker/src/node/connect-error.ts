// What the network says, in words for the user.
import { TrackerError } from '../errors.ts';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'the connection timed out',
  EACCES: 'the system does not permit it',
  EADDRNOTAVAIL: 'the address is not available',
  HPE_HEADER_OVERFLOW: 'its headers are too large',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** The TrackerError ERR_TRACKER_CONNECT for a system's error; a TrackerError stays as it is. */
export function connectError(error: unknown, host: string): TrackerError {
  if (error instanceof TrackerError) return error;
  // Several addresses tried at once fail with one error for all of them, and its own message is empty.
  const first = error instanceof AggregateError && error.errors.length > 0 ? (error.errors[0] as unknown) : error;
  const code = (first as { code?: string } | null)?.code ?? '';
  const words = WORDS[code] ?? (first instanceof Error ? first.message : String(first));
  return new TrackerError('ERR_TRACKER_CONNECT', `${host}: ${words}`, { cause: error });
}

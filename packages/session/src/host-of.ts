import { parseEndpoint } from '@shoal/primitives';

/** An address without its port; all of it where it is no IP endpoint. */
export function hostOf(address: string): string {
  try {
    return parseEndpoint(address).host;
  } catch {
    return address;
  }
}

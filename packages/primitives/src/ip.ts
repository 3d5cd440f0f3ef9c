// IP addresses as text and as bytes. Text comes out in one canonical form, so that equal addresses are equal strings.

/** The 4 bytes of dotted IPv4 text without leading zeros, or undefined. */
export function parseIPv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[index] = Number(part);
  }
  return bytes;
}

/** The 16 bytes of IPv6 text (RFC 4291; no zone), or undefined. */
export function parseIPv6(text: string): Uint8Array | undefined {
  let source = text;
  let tail: Uint8Array | undefined;
  const lastColon = source.lastIndexOf(':');
  if (source.includes('.')) {
    tail = parseIPv4(source.slice(lastColon + 1));
    if (!tail || lastColon < 0) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = tail;
    source = `${source.slice(0, lastColon)}:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const groupsOf = (half: string): string[] => (half === '' ? [] : half.split(':'));
  const front = groupsOf(halves[0] as string);
  const back = halves.length === 2 ? groupsOf(halves[1] as string) : [];
  const missing = 8 - front.length - back.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...front, ...new Array<string>(missing).fill('0'), ...back];
  const bytes = new Uint8Array(16);
  for (const [index, group] of groups.entries()) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes[2 * index] = value >> 8;
    bytes[2 * index + 1] = value & 0xff;
  }
  return bytes;
}

/** Canonical text of 4 or 16 bytes (RFC 5952). Throws RangeError for any other length. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  let [bestStart, bestLength] = [-1, 1];
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [start, length];
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (bestStart < 0) return text(groups);
  return `${text(groups.slice(0, bestStart))}::${text(groups.slice(bestStart + bestLength))}`;
}

/**
 * The canonical form of an IP address, IPv4-mapped IPv6 turned into IPv4 (a dual-stack socket reports peers so);
 * undefined where the text is no address.
 */
export function normalizeIp(text: string): string | undefined {
  const four = parseIPv4(text);
  if (four) return formatIp(four);
  const sixteen = parseIPv6(text.replace(/%.*$/, ''));
  if (!sixteen) return undefined;
  const mapped = sixteen.subarray(0, 10).every((byte) => byte === 0) && sixteen[10] === 0xff && sixteen[11] === 0xff;
  return formatIp(mapped ? sixteen.subarray(12) : sixteen);
}

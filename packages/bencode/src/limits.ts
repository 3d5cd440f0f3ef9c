/** What a decoder accepts from a stranger. */
export interface DecodeLimits {
  /** Lists and dictionaries inside one another. */
  readonly depth: number;
  /** Integers, strings (keys too), lists and dictionaries in all. */
  readonly tokens: number;
  /** Bytes of the document. */
  readonly size: number;
  /** Digits of one integer: turning digits into a bigint costs more than linear time. */
  readonly digits: number;
}

/** The limits wherever none are given. */
export const DEFAULT_LIMITS: DecodeLimits = {
  depth: 100,
  tokens: 2_000_000,
  size: 10 * 1024 * 1024,
  digits: 1_000,
};

/** The defaults with the caller's figures over them. Throws RangeError for a limit that is no figure at all. */
export function limitsWith(given: Partial<DecodeLimits> | undefined): DecodeLimits {
  if (given === undefined) return DEFAULT_LIMITS;
  // By their names: going through the entries took longer than reading a small message.
  const { depth = DEFAULT_LIMITS.depth, tokens = DEFAULT_LIMITS.tokens } = given;
  const { size = DEFAULT_LIMITS.size, digits = DEFAULT_LIMITS.digits } = given;
  const limits = { depth, tokens, size, digits };
  if (depth >= 0 && tokens >= 0 && size >= 0 && digits >= 0) return limits;
  const [name, limit] = Object.entries(limits).find((entry) => !(entry[1] >= 0)) ?? [];
  throw new RangeError(`limit ${name} is not a number from 0: ${limit}`);
}

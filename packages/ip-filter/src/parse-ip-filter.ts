// A whole list, in pieces of text of any size. Memory is bounded by the number of ranges, whatever else the text holds.
import { IpFilterError } from './errors.ts';
import { IpFilter } from './ip-filter.ts';
import { parseLine } from './parse-line.ts';
import { RangeTableBuilder } from './range-table.ts';

/** What a list may cost. */
export interface IpFilterLimits {
  /** Ranges as they are listed. Default 2,000,000. */
  readonly maxRanges?: number;
  /** Bad lines that are reported; all are counted. Default 20. */
  readonly maxReported?: number;
}

/** A line that says nothing we understand. */
export interface SkippedLine {
  /** From 1. */
  readonly line: number;
  /** Its beginning, 80 characters, printable. */
  readonly text: string;
  readonly reason: string;
}

/** A list that was read: what it blocks, and what in it was not understood. */
export interface ParsedIpFilter {
  readonly filter: IpFilter;
  /** Lines that block, each with a range; the filter has fewer where they overlap or touch. */
  readonly ranges: number;
  /** Lines whose addresses the list lets through (eMule, access level 128 and above): they block nothing. */
  readonly allowed: number;
  /** How many lines were not understood. */
  readonly skippedCount: number;
  /** The first of them. */
  readonly skipped: readonly SkippedLine[];
}

/** Characters; a longer line is skipped. */
const MAX_LINE = 2_000;
const MAX_REPORTED_TEXT = 80;

/** Takes a list piece by piece. */
export class IpFilterParser {
  readonly #maxRanges: number;
  readonly #maxReported: number;
  readonly #four = new RangeTableBuilder(1);
  readonly #six = new RangeTableBuilder(4);
  readonly #skipped: SkippedLine[] = [];
  /** The beginning of a line whose end has not come yet, no longer than `MAX_LINE` and one piece. */
  #open = '';
  /** That line is too long already, and what follows of it is not kept. */
  #isOverlong = false;
  #line = 0;
  #allowed = 0;
  #skippedCount = 0;

  constructor(limits: IpFilterLimits = {}) {
    this.#maxRanges = limits.maxRanges ?? 2_000_000;
    this.#maxReported = limits.maxReported ?? 20;
  }

  /** Throws IpFilterError ERR_IP_FILTER_SIZE once there are more ranges than the limit. */
  push(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#extend(text, from, end);
      this.#endLine();
      from = end + 1;
    }
    this.#extend(text, from, text.length);
  }

  /** Throws IpFilterError ERR_IP_FILTER_EMPTY where no line named addresses. */
  finish(): ParsedIpFilter {
    if (this.#open !== '') this.#endLine();
    const ranges = this.#four.count + this.#six.count;
    if (ranges + this.#allowed === 0) {
      const [first] = this.#skipped;
      const why = first === undefined ? 'it is empty' : `line ${first.line} is ${JSON.stringify(first.text)}`;
      throw new IpFilterError('ERR_IP_FILTER_EMPTY', `no line of this list names an address: ${why}`);
    }
    return {
      filter: new IpFilter(this.#four.build(), this.#six.build()),
      ranges,
      allowed: this.#allowed,
      skippedCount: this.#skippedCount,
      skipped: this.#skipped,
    };
  }

  #extend(text: string, from: number, to: number): void {
    if (this.#isOverlong) return;
    if (this.#open.length + to - from > MAX_LINE) {
      this.#isOverlong = true;
      this.#open += text.slice(from, Math.min(to, from + MAX_REPORTED_TEXT));
    } else {
      this.#open += text.slice(from, to);
    }
  }

  #endLine(): void {
    const text = this.#open;
    const isOverlong = this.#isOverlong;
    this.#open = '';
    this.#isOverlong = false;
    this.#line++;
    if (isOverlong) this.#skip(text, `longer than ${MAX_LINE} characters`);
    else this.#take(text);
  }

  #take(text: string): void {
    const line = parseLine(text);
    switch (line.kind) {
      case 'nothing':
        break;
      case 'allowed':
        this.#allowed++;
        break;
      case 'bad':
        this.#skip(text, line.reason);
        break;
      case 'blocked':
        if (this.#four.count + this.#six.count >= this.#maxRanges) {
          const message = `more than ${this.#maxRanges} ranges in a list (line ${this.#line})`;
          throw new IpFilterError('ERR_IP_FILTER_SIZE', message);
        }
        (line.words.length === 2 ? this.#four : this.#six).add(line.words);
        break;
    }
  }

  #skip(text: string, reason: string): void {
    this.#skippedCount++;
    if (this.#skipped.length >= this.#maxReported) return;
    // A list may be any file, and its lines end up on a terminal.
    const shown = text
      .trim()
      .slice(0, MAX_REPORTED_TEXT)
      .replaceAll(/[^\x20-\x7e]/g, '?');
    this.#skipped.push({ line: this.#line, text: shown, reason });
  }
}

/**
 * Reads a list: eMule's DAT, PeerGuardian's P2P text, CIDR blocks, single addresses, line by line in any mixture. Bad lines
 * are skipped and reported. Rejects with IpFilterError: ERR_IP_FILTER_EMPTY, ERR_IP_FILTER_SIZE; with what `source` throws.
 */
export async function parseIpFilter(
  source: string | Iterable<string> | AsyncIterable<string>,
  limits: IpFilterLimits = {},
): Promise<ParsedIpFilter> {
  const parser = new IpFilterParser(limits);
  if (typeof source === 'string') parser.push(source);
  else for await (const text of source) parser.push(text);
  return parser.finish();
}

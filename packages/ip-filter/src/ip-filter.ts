// Which addresses are blocked. Immutable; asked in O(log n) of the ranges, with no memory of its own.
import { formatAddress, parseAddress } from './address.ts';
import { type RangeTable, RangeTableBuilder } from './range-table.ts';

/** A run of blocked addresses, in canonical text, both ends included. */
export interface IpRange {
  readonly first: string;
  readonly last: string;
}

/** Blocked addresses, IPv4 and IPv6. Immutable. */
export class IpFilter {
  /** Blocks nobody. */
  static readonly EMPTY: IpFilter = new IpFilter(new RangeTableBuilder(1).build(), new RangeTableBuilder(4).build());

  readonly #four: RangeTable;
  readonly #six: RangeTable;

  /** Use `parseIpFilter`, `IpFilter.merge` or `IpFilter.EMPTY`. */
  constructor(four: RangeTable, six: RangeTable) {
    this.#four = four;
    this.#six = six;
  }

  /** A filter that blocks what any of these blocks. */
  static merge(filters: readonly IpFilter[]): IpFilter {
    const unite = (tables: readonly RangeTable[], builder: RangeTableBuilder): RangeTable => {
      for (const table of tables) {
        for (let index = 0; index < table.size; index++) builder.add(table.at(index));
      }
      return builder.build();
    };
    return new IpFilter(
      unite(
        filters.map((filter) => filter.#four),
        new RangeTableBuilder(1),
      ),
      unite(
        filters.map((filter) => filter.#six),
        new RangeTableBuilder(4),
      ),
    );
  }

  /** Ranges that are apart from each other, of both families. */
  get size(): number {
    return this.#four.size + this.#six.size;
  }

  /** Whether an address (no port, no brackets) is blocked. IPv4-mapped IPv6 counts as IPv4; a name is not blocked. */
  blocks(ip: string): boolean {
    const address = parseAddress(ip);
    if (address === undefined) return false;
    return (address.length === 1 ? this.#four : this.#six).contains(address);
  }

  /** What is blocked, in ascending order, IPv4 before IPv6. */
  *ranges(): IterableIterator<IpRange> {
    for (const table of [this.#four, this.#six]) {
      for (let index = 0; index < table.size; index++) {
        const words = table.at(index);
        yield { first: formatAddress(words.slice(0, table.width)), last: formatAddress(words.slice(table.width)) };
      }
    }
  }

  /** Throws Error where the tables do not hold what their file promises. */
  checkInvariants(): void {
    this.#four.checkInvariants();
    this.#six.checkInvariants();
  }
}

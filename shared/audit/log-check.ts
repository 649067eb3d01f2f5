import type { Digest } from "../ids.ts";
import { ENTRY_BYTES_MAX, readEntry, type AuditEntry } from "./entry.ts";
import { Frontier, leafHash } from "./merkle.ts";

/** What is wrong with the log, and the first entry that it concerns. */
export interface LogFault {
  readonly kind: "malformed" | "modified" | "deleted" | "inserted" | "reordered" | "rewritten" | "truncated" | "forked";
  readonly entry: number;
  readonly line: number | null;
  readonly detail: string;
}

/** A size and root that somebody vouches for: the hub by a checkpoint, an agent by a receipt that quotes one. */
export interface Vouched {
  readonly size: number;
  readonly root: Digest;
  readonly by: string;
}

/**
 * Reads entries in order and says what is wrong with the first bad one. The chain finds what was done carelessly; who chained
 * everything anew after a change is found by the roots that others hold.
 */
export class LogCheck {
  readonly #vouched: Map<number, Vouched[]>;
  readonly #frontier = new Frontier();
  #last: Digest | null = null;
  #lastVouchedSize = 0;
  #fault: LogFault | undefined;
  /** The missing index, while it is not known yet whether it comes later. */
  #missing: number | undefined;

  constructor(vouched: readonly Vouched[]) {
    this.#vouched = Map.groupBy(vouched, ({ size }) => size);
    this.#compare(null);
  }

  get size(): number {
    return this.#frontier.size;
  }

  get root(): Digest {
    return this.#frontier.root;
  }

  /** The next line that holds an entry. After a fault the rest is read only to tell moved from removed. */
  add(bytes: Uint8Array, line: number): void {
    const place = this.size;
    const entry = this.#read(bytes, line, place);
    if (!entry) return;
    if (this.#fault) {
      if (this.#missing === entry.index) {
        this.#fault = {
          ...this.#fault,
          kind: "reordered",
          detail: `entry ${entry.index} stands on line ${line}, after later ones`,
        };
        this.#missing = undefined;
      }
      return;
    }
    if (entry.index > place) {
      this.#missing = place;
      this.#fail("deleted", place, line, `entry ${place} is missing; line ${line} holds entry ${entry.index}`);
    } else if (entry.index < place)
      this.#fail("inserted", entry.index, line, `line ${line} is another entry ${entry.index}`);
    else if (entry.prev !== this.#last) this.#broken(place, line);
    else {
      const hash = leafHash(bytes);
      this.#frontier.push(hash);
      this.#last = hash;
      this.#compare(line);
    }
  }

  /** After the last line: whether others have seen more. */
  end(): LogFault | undefined {
    if (this.#fault) return this.#fault;
    const [beyond] = [...this.#vouched.values()]
      .flat()
      .filter(({ size }) => size > this.size)
      .toSorted((a, b) => b.size - a.size);
    if (beyond) {
      const detail = `the log ends after ${this.size} entries; ${beyond.by} has seen ${beyond.size}`;
      this.#fail("truncated", this.size, null, detail);
    }
    return this.#fault;
  }

  #read(bytes: Uint8Array, line: number, place: number): AuditEntry | undefined {
    try {
      if (bytes.length > ENTRY_BYTES_MAX) throw new RangeError("too long for an entry");
      return readEntry(bytes);
    } catch (error) {
      this.#fail("malformed", place, line, `line ${line} is no entry: ${error instanceof Error ? error.message : ""}`);
      return undefined;
    }
  }

  /** The entry before is vouched for if a root ends with it; else it may as well be the one that was changed. */
  #broken(place: number, line: number): void {
    const isVouched = this.#lastVouchedSize === place;
    const first = isVouched || place === 0 ? place : place - 1;
    const detail = isVouched
      ? `entry ${place} does not name the entry before it`
      : `entry ${place} names another entry ${Math.max(0, place - 1)} than the one that stands there`;
    this.#fail("modified", first, line, detail);
  }

  #compare(line: number | null): void {
    const vouched = this.#vouched.get(this.size) ?? [];
    const against = vouched.find(({ root }) => root !== this.root);
    if (!against) {
      if (vouched.length > 0) this.#lastVouchedSize = this.size;
      return;
    }
    const first = this.#lastVouchedSize;
    const span = this.size - first === 1 ? `entry ${first} is` : `of entries ${first} to ${this.size - 1} one is`;
    const detail = `${span} not what ${against.by} vouches for (${this.size} entries, root ${against.root})`;
    const isFork = vouched.some(({ root }) => root === this.root);
    this.#fail(isFork ? "forked" : "rewritten", first, line, detail);
  }

  #fail(kind: LogFault["kind"], entry: number, line: number | null, detail: string): void {
    this.#fault ??= { kind, entry, line, detail };
  }
}

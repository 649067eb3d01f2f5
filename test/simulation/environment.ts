import { EventQueue } from "./events.ts";
import { Faults } from "./faults.ts";
import type { Mutant } from "./mutants.ts";
import { SeededRandom } from "./random.ts";

/** Virtual time 0. */
export const BIRTH_MS = 1_800_000_000_000;
const TAIL_LINES = 250;

/** Something that must never be seen was seen. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Violation";
  }
}

/** What every part of one simulated world shares: its time, its dice, its faults and its diary. */
export class Environment {
  readonly seed: number;
  readonly mutant: Mutant | null;
  readonly queue = new EventQueue();
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly #tail: string[] = [];
  #hash = 0x811c9dc5;
  lines = 0;

  constructor(seed: number, mutant: Mutant | null) {
    this.seed = seed;
    this.mutant = mutant;
    this.random = new SeededRandom(seed);
    this.faults = new Faults(this.random);
  }

  /** One line of the diary. Two runs of a seed must agree on all of them. */
  trace(who: string, what: string): void {
    const line = `${this.queue.nowMs} ${who} ${what}`;
    for (let i = 0; i < line.length; i++) this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), 0x01000193) >>> 0;
    this.lines++;
    this.#tail.push(line);
    if (this.#tail.length > 2 * TAIL_LINES) this.#tail.splice(0, TAIL_LINES);
  }

  get hash(): string {
    return this.#hash.toString(16).padStart(8, "0");
  }

  get tail(): readonly string[] {
    return this.#tail.slice(-TAIL_LINES);
  }

  is(mutant: Mutant): boolean {
    return this.mutant === mutant;
  }

  violated(message: string): never {
    this.trace("VIOLATION", message);
    throw new Violation(message);
  }
}

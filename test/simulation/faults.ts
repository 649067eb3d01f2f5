import type { SeededRandom } from "./random.ts";

/** How often each can happen, where a seed lets it happen at all: a probability each time that it could. */
const RATES = {
  "agent crash at a statement": 0.0015,
  "agent crash before commit": 0.012,
  "agent crash after commit": 0.012,
  "agent crash before a packet": 0.06,
  "agent crash after a packet": 0.06,
  "agent crash between events": 0.0008,
  "hub crash at a statement": 0.0004,
  "hub crash before commit": 0.004,
  "hub crash after commit": 0.004,
  "hub crash between events": 0.0004,
  "effect dropped": 0.15,
  "message lost": 0.06,
  "message doubled": 0.08,
  "message reordered": 0.2,
  "message delayed": 0.04,
  "link cut": 0.01,
  "offer altered": 0.2,
  "offer misdirected": 0.2,
  "offer replayed": 0.3,
  "clock forward": 1,
  "clock back": 1,
  "device unreachable": 1,
  "packet lost": 0.06,
  "reply lost": 0.06,
  "command refused": 0.05,
  "device drifted": 1,
} as const;

export type Fault = keyof typeof RATES;
export const FAULTS = Object.keys(RATES) as readonly Fault[];
export type FaultCounts = Record<Fault, number>;

export const noFaults = (): FaultCounts => Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as FaultCounts;

/** A seed draws which faults its world knows, and how wild they are; all of them end with the quiet period. */
export class Faults {
  readonly #random: SeededRandom;
  readonly #rates: FaultCounts = noFaults();
  readonly counts: FaultCounts = noFaults();
  active = true;

  constructor(random: SeededRandom) {
    this.#random = random;
    for (const fault of FAULTS) {
      if (random.chance(0.6)) this.#rates[fault] = Math.min(1, RATES[fault] * (0.3 + random.next() * 1.7));
    }
  }

  fires(fault: Fault): boolean {
    const rate = this.#rates[fault];
    if (!this.active || rate === 0 || !this.#random.chance(rate)) return false;
    this.counts[fault]++;
    return true;
  }
}

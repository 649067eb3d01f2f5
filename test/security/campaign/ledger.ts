import type { Digest } from "../../../shared/ids.ts";

/** What one piece of signed work may do to a device, in the words that the device will hear. */
export interface Entitled {
  readonly digest: Digest;
  readonly words: string;
}

/**
 * Kept beside the agent and without a line of its code: what people signed and sent out, and what the devices heard. Words are
 * unique to a piece of work, so that a device's own count says which work ran, and how often.
 */
export class Ledger {
  readonly #entitled = new Map<string, Digest>();
  readonly #heard = new Map<string, number>();

  entitle({ digest, words }: Entitled): void {
    this.#entitled.set(words, digest);
  }

  heard(words: string): void {
    this.#heard.set(words, (this.#heard.get(words) ?? 0) + 1);
  }

  hasHeard(words: string): boolean {
    return this.#heard.has(words);
  }

  get entitledCount(): number {
    return this.#entitled.size;
  }

  /** Every way in which what was heard is not exactly what was signed. */
  faults(): string[] {
    const unsigned = [...this.#heard.keys()].filter((words) => !this.#entitled.has(words));
    const wrong = [...this.#entitled].flatMap(([words]) => {
      const times = this.#heard.get(words) ?? 0;
      return times === 1 ? [] : [`${words}: ${times} times`];
    });
    return [...unsigned.map((words) => `${words}: nobody signed it`), ...wrong];
  }
}

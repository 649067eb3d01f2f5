import { createHash } from "node:crypto";
import type { SeededRandom } from "../../simulation/random.ts";

/** What a stranger hands over: mostly one text, for some readers several that belong together. */
export type Input = readonly Uint8Array[];

/** Makes a hostile input out of valid ones. Everything that it decides comes from `random`: one seed is one input. */
export type Mutator = (samples: readonly Input[], random: SeededRandom) => Input;

/**
 * One reader of foreign bytes. It takes an input, or refuses it with an error of shared/errors.ts; everything else that may
 * happen is a fault.
 */
export interface Target {
  readonly name: string;
  /** How many inputs it gets for each that the others get. */
  readonly share?: number;
  prepare(): Promise<Prepared> | Prepared;
}

export interface Prepared {
  /** Each is taken as it is. */
  readonly samples: readonly Input[];
  readonly mutate: Mutator;
  /**
   * Throws to refuse. Where signatures decide, it gives a digest of what it believes, and believes nothing but what one of the samples
   * says; where nothing is signed it gives undefined, and what it makes of the input it checks itself.
   */
  take(input: Input): Promise<string | undefined> | string | undefined;
}

/** One meaning out of several parts. */
export const meaning = (...parts: readonly (Uint8Array | string)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(String(part.length)).update(":").update(part);
  return hash.digest("hex");
};

export const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** The part at a place; empty where the input has none. */
export const part = (input: Input, place = 0): Uint8Array<ArrayBuffer> => new Uint8Array(input[place] ?? []);

import { inspect } from "node:util";

const HIDDEN = "‹secret›";

/** A value that prints as `‹secret›` wherever it is shown. Only `reveal` gives it, and grep finds every call. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}

/** What opens a device. A later provider may lease it or refresh a token; a driver asks, and never keeps. */
export interface Credential {
  readonly username: string;
  readonly password?: Secret;
  readonly privateKey?: Secret;
  readonly enable?: Secret;
  /** Milliseconds since the epoch; undefined does not expire. */
  readonly expiresAtMs?: number;
}

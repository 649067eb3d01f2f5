import { inspect } from "node:util";
import { z } from "zod";

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

const VALUE_CHARACTERS_MAX = 16_384;
const SecretText = z.string().min(1).max(VALUE_CHARACTERS_MAX);

/** A credential as it is sealed: in the clear only between a vault and the device, or the person who gives it. */
export const CredentialValue = z.strictObject({
  username: z.string().min(1).max(256),
  password: SecretText.optional(),
  privateKey: SecretText.optional(),
  enable: SecretText.optional(),
});
export type CredentialValue = z.infer<typeof CredentialValue>;

/** What of a credential must not be seen; its username may. */
export const secretsOf = (value: CredentialValue): string[] =>
  [value.password, value.privateKey, value.enable].filter((secret) => secret !== undefined);

/** What opens a device. A later provider may lease it or refresh a token; a driver asks, and never keeps. */
export interface Credential {
  readonly username: string;
  readonly password?: Secret;
  readonly privateKey?: Secret;
  readonly enable?: Secret;
  /** Milliseconds since the epoch; undefined does not expire. */
  readonly expiresAtMs?: number;
}

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

/** SHA-1 and SHA-2 only (RFC 3414 §7, RFC 7860): MD5 has no place here. */
export const SnmpAuthProtocol = z.enum(["sha1", "sha224", "sha256", "sha384", "sha512"]);
export type SnmpAuthProtocol = z.infer<typeof SnmpAuthProtocol>;

/** RFC 3826; the two 256-bit forms differ in how a short key is stretched (Blumenthal, and Reeder as Cisco does it). DES has no place here. */
export const SnmpPrivacyProtocol = z.enum(["aes128", "aes256-blumenthal", "aes256-reeder"]);
export type SnmpPrivacyProtocol = z.infer<typeof SnmpPrivacyProtocol>;

/** RFC 3414 §11.2: a passphrase of at least eight characters. */
const SnmpPassphrase = z.string().min(8).max(256);

/** How SNMP is spoken to a device. noAuthNoPriv has no form. */
export const SnmpValue = z.discriminatedUnion("version", [
  z.strictObject({ version: z.literal("2c"), community: z.string().min(1).max(255) }),
  z.strictObject({
    version: z.literal("3"),
    authProtocol: SnmpAuthProtocol,
    authPassphrase: SnmpPassphrase,
    /** Without it everything that is read crosses the network in the clear: each session says so in a finding. */
    privacy: z.strictObject({ protocol: SnmpPrivacyProtocol, passphrase: SnmpPassphrase }).optional(),
    contextName: z.string().max(32).optional(),
  }),
]);
export type SnmpValue = z.infer<typeof SnmpValue>;

/** A credential as it is sealed: in the clear only between a vault and the device, or the person who gives it. */
export const CredentialValue = z.strictObject({
  username: z.string().min(1).max(256),
  password: SecretText.optional(),
  privateKey: SecretText.optional(),
  enable: SecretText.optional(),
  /** For version 3 `username` is the security name; for 2c it is only a label. */
  snmp: SnmpValue.optional(),
});
export type CredentialValue = z.infer<typeof CredentialValue>;

/** What of a credential must not be seen; its username may. */
export const secretsOf = (value: CredentialValue): string[] =>
  [value.password, value.privateKey, value.enable, ...snmpSecrets(value.snmp)].filter((secret) => secret !== undefined);

function snmpSecrets(value: SnmpValue | undefined): (string | undefined)[] {
  switch (value?.version) {
    case undefined:
      return [];
    case "2c":
      return [value.community];
    case "3":
      return [value.authPassphrase, value.privacy?.passphrase];
    default:
      return value satisfies never;
  }
}

/** The same with its secrets hidden. */
export type SnmpSecurity =
  | { readonly version: "2c"; readonly community: Secret }
  | {
      readonly version: "3";
      readonly authProtocol: SnmpAuthProtocol;
      readonly authPassphrase: Secret;
      readonly privacy?: { readonly protocol: SnmpPrivacyProtocol; readonly passphrase: Secret };
      readonly contextName?: string;
    };

/** In the clear again: for the vault that keeps it. */
export function snmpValue(security: SnmpSecurity): SnmpValue {
  if (security.version === "2c") return { version: "2c", community: security.community.reveal() };
  const { authPassphrase, privacy, ...rest } = security;
  return {
    ...rest,
    authPassphrase: authPassphrase.reveal(),
    ...(privacy ? { privacy: { protocol: privacy.protocol, passphrase: privacy.passphrase.reveal() } } : {}),
  };
}

export function snmpSecurity(value: SnmpValue): SnmpSecurity {
  if (value.version === "2c") return { version: "2c", community: new Secret(value.community) };
  const { authPassphrase, privacy, contextName, ...rest } = value;
  return {
    ...rest,
    authPassphrase: new Secret(authPassphrase),
    ...(privacy ? { privacy: { protocol: privacy.protocol, passphrase: new Secret(privacy.passphrase) } } : {}),
    ...(contextName === undefined ? {} : { contextName }),
  };
}

/** What opens a device. A later provider may lease it or refresh a token; a driver asks, and never keeps. */
export interface Credential {
  readonly username: string;
  readonly password?: Secret;
  readonly privateKey?: Secret;
  readonly enable?: Secret;
  readonly snmp?: SnmpSecurity;
  /** Milliseconds since the epoch; undefined does not expire. */
  readonly expiresAtMs?: number;
}

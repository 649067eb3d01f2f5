import snmp, { type User } from "net-snmp";
import { FarhandError } from "../../../shared/errors.ts";
import type { Credential, SnmpAuthProtocol, SnmpPrivacyProtocol, SnmpSecurity } from "../../../shared/secret.ts";
import type { Finding } from "../../../shared/documents/receipt.ts";

const AUTH: Record<SnmpAuthProtocol, number> = {
  sha1: snmp.AuthProtocols.sha,
  sha224: snmp.AuthProtocols.sha224,
  sha256: snmp.AuthProtocols.sha256,
  sha384: snmp.AuthProtocols.sha384,
  sha512: snmp.AuthProtocols.sha512,
};

const PRIVACY: Record<SnmpPrivacyProtocol, number> = {
  aes128: snmp.PrivProtocols.aes,
  "aes256-blumenthal": snmp.PrivProtocols.aes256b,
  "aes256-reeder": snmp.PrivProtocols.aes256r,
};

/** A USM user as the library takes it. Revealed: it lives as long as its session. */
export type UsmUser = User & { readonly authProtocol: number; readonly authKey: string };

/** Throws CREDENTIAL_UNKNOWN where the credential says nothing about SNMP. */
export function securityOf({ snmp: security }: Credential): SnmpSecurity {
  if (!security) throw new FarhandError("CREDENTIAL_UNKNOWN", "the credential has no SNMP part");
  return security;
}

export function usmUser(name: string, security: Extract<SnmpSecurity, { version: "3" }>): UsmUser {
  const { privacy } = security;
  return {
    name,
    level: privacy ? snmp.SecurityLevel.authPriv : snmp.SecurityLevel.authNoPriv,
    authProtocol: AUTH[security.authProtocol],
    authKey: security.authPassphrase.reveal(),
    ...(privacy ? { privProtocol: PRIVACY[privacy.protocol], privKey: privacy.passphrase.reveal() } : {}),
  };
}

/** What every session over such a credential has to say about itself. */
export function findingsOf(security: SnmpSecurity): readonly Finding[] {
  if (security.version === "2c")
    return [
      {
        code: "SNMP_CLEARTEXT",
        detail: "SNMP 2c sends its community and everything that it reads in the clear, and no answer is authentic",
      },
    ];
  if (security.privacy) return [];
  return [
    {
      code: "SNMP_NO_PRIVACY",
      detail: "SNMP 3 without privacy: everything that is read crosses the network in the clear",
    },
  ];
}

/**
 * The library keeps each key that it derives, under the passphrase in the clear, for as long as the process lives. Each session takes
 * its own away again; another session of the same device only derives it once more.
 */
export function forgetKeys(user: UsmUser): void {
  const cache = snmp.Authentication.authToKeyCache;
  for (const [name, key] of Object.entries(cache)) {
    const isOurs = [user.authKey, user.privKey].some(
      (passphrase) => passphrase !== undefined && name.startsWith(`${user.authProtocol}${passphrase}`),
    );
    if (!isOurs) continue;
    // A key that Reeder's stretching derived from this one stands under this one's text.
    const derived = `${user.authProtocol}${key.toString()}`;
    for (const other of Object.keys(cache)) if (other.startsWith(derived)) delete cache[other];
    delete cache[name];
  }
}

import type { Clock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { CredentialName, DeviceId, HopId } from "../../shared/ids.ts";
import type { Credential } from "../../shared/secret.ts";
import type { DeviceLogins } from "./device-logins.ts";

/**
 * What a task logs in with. A value of this vault never expires; what another provider leases (a Vault secret, a cloud token) does, and
 * `refresh` gives the next one. A task asks again before each login and keeps nothing.
 */
export interface CredentialLease {
  readonly value: Credential;
  readonly name: CredentialName;
  /** Which version of the name it is: refused logins are counted against it. */
  readonly version: number;
  /** Milliseconds since the epoch; undefined does not expire. */
  readonly expiresAtMs?: number;
  refresh(signal: AbortSignal): Promise<CredentialLease>;
}

export interface CredentialProvider {
  /** CREDENTIAL_UNKNOWN when there is no such name. */
  lease(name: CredentialName, target: DeviceId | HopId, signal: AbortSignal): Promise<CredentialLease>;
}

export function vaultProvider(logins: Pick<DeviceLogins, "current">): CredentialProvider {
  const lease = async (asked: CredentialName, target: DeviceId | HopId): Promise<CredentialLease> => {
    const { name, version, credential } = await logins.current(asked, target);
    return { value: credential, name, version, refresh: () => lease(asked, target) };
  };
  return { lease };
}

/** Refreshed when it has ended; one that cannot be renewed is not used. */
export async function inForce(lease: CredentialLease, clock: Clock, signal: AbortSignal): Promise<CredentialLease> {
  const isOver = (one: CredentialLease): boolean => one.expiresAtMs !== undefined && one.expiresAtMs <= clock.nowMs();
  if (!isOver(lease)) return lease;
  const next = await lease.refresh(signal);
  if (isOver(next)) throw new FarhandError("EXPIRED", "the credential's lease ended and was not renewed");
  return next;
}

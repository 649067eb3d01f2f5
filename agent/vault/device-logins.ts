import { createHash } from "node:crypto";
import { FarhandError } from "../../shared/errors.ts";
import { CredentialName, type DeviceId, type HopId } from "../../shared/ids.ts";
import { snmpValue, type CredentialValue, type Credential, type Secret } from "../../shared/secret.ts";
import type { Vault } from "./vault.ts";

/** Which version of which item a login is. Says nothing of its value: it may stand in the journal. */
export interface LoginRef {
  readonly name: CredentialName;
  readonly version: number;
}

export interface Login extends LoginRef {
  readonly credential: Credential;
}

/**
 * A device's own login. A credential may be bound to many devices; rotated, each gets a password of its own, kept beside the named one under a
 * name made from device and credential. The newer of the two is used: a credential that is sent or set again later counts for all of its devices.
 */
export class DeviceLogins {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  async current(credential: CredentialName, device: DeviceId | HopId): Promise<Login> {
    const [named, own] = await Promise.all([
      this.#vault.standing("credential", credential),
      this.#vault.standing("credential", ownName(credential, device)),
    ]);
    const name = (own?.current ?? 0) > (named?.current ?? 0) ? ownName(credential, device) : credential;
    const { version, credential: value } = await this.#vault.heldCredential(name);
    return { name, version, credential: value };
  }

  async at({ name, version }: LoginRef): Promise<Credential> {
    return this.#vault.credentialAt(name, version);
  }

  /** The same login with another password, known here before any device learns it, and used by nothing yet. */
  async stage(credential: CredentialName, device: DeviceId, old: Login, password: Secret): Promise<LoginRef> {
    const name = ownName(credential, device);
    await this.drop(credential, device);
    const version = await this.#vault.stageCredential(name, valueOf(old.credential, password), old.version);
    return { name, version };
  }

  /** Takes back what was staged and no device can have learnt. */
  async drop(credential: CredentialName, device: DeviceId): Promise<void> {
    const name = ownName(credential, device);
    const staged = (await this.#vault.standing("credential", name))?.staged;
    if (staged != null) await this.#vault.dropStaged(name, staged);
  }

  async keep({ name, version }: LoginRef): Promise<void> {
    await this.#vault.commitCredential(name, version);
  }

  /** The old one works after all: it is used again, whether the new one had been kept or not. */
  async back(fresh: LoginRef, old: LoginRef): Promise<void> {
    const standing = await this.#vault.standing("credential", fresh.name);
    if (standing?.staged === fresh.version) await this.#vault.dropStaged(fresh.name, fresh.version);
    if (standing?.current !== fresh.version) return;
    const value = valueOf(await this.at(old));
    await this.#vault.commitCredential(fresh.name, await this.#vault.stageCredential(fresh.name, value, fresh.version));
  }

  async forgetOld({ name }: LoginRef): Promise<void> {
    await this.#vault.forgetPrevious(name);
  }
}

export function ownName(credential: CredentialName, device: DeviceId | HopId): CredentialName {
  const digest = createHash("sha256").update(`${credential}\0${device}`).digest("hex");
  return CredentialName.parse(`device.${digest.slice(0, 32)}`);
}

function valueOf(credential: Credential, password = credential.password): CredentialValue {
  const { username, privateKey, enable, snmp } = credential;
  if (password === undefined) throw new FarhandError("CREDENTIAL_UNKNOWN", "this login has no password to change");
  return {
    username,
    password: password.reveal(),
    ...(privateKey === undefined ? {} : { privateKey: privateKey.reveal() }),
    ...(enable === undefined ? {} : { enable: enable.reveal() }),
    ...(snmp === undefined ? {} : { snmp: snmpValue(snmp) }),
  };
}

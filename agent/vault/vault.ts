import { randomBytes } from "node:crypto";
import { chmodSync, existsSync } from "node:fs";
import { z } from "zod";
import { systemClock, type Clock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import { CredentialName, type AgentId, type Digest, type OrgId } from "../../shared/ids.ts";
import { generateBoxJwk, generateSigningJwk, PrivateJwk } from "../../shared/keys.ts";
import { CredentialValue, Secret, secretsOf, snmpSecurity, type Credential } from "../../shared/secret.ts";
import { openSqlite, type Migration } from "../../shared/sqlite.ts";
import type { TrustSet } from "../../shared/tuf/set.ts";
import type { BoundaryObserver, Store } from "../../shared/store.ts";
import { ABSENT, setOf, textsOf, TRUST_ITEMS } from "./trust-items.ts";
import { Items, nextVersion, versionsOf, type ItemKind, type Standing } from "./items.ts";
import { deriveKey, newDerivation, provision, type VaultKey } from "./key.ts";
import first from "./migrations/0001_vault.sql" with { type: "text" };
import versions from "./migrations/0002_versions.sql" with { type: "text" };
import { PROOF, PROOF_FIRST, proves, putKey, readKey } from "./recorded.ts";
import { rewrapKey } from "./seal.ts";

const migrations: readonly Migration[] = [
  { version: 1, sql: first },
  { version: 2, sql: versions },
];

const Identity = z.strictObject({ sign: PrivateJwk, box: PrivateJwk });
export type Identity = z.infer<typeof Identity>;
const SiteKey = z.strictObject({ generation: z.int().min(1), key: z.string() });
/** The HMAC key behind the tags of secrets, and which generation of it. */
export interface SiteKey {
  readonly generation: number;
  readonly key: Uint8Array;
}

/** Names for secrets in texts, as an author writes them in `secret("name")`. */
export const SecretName = CredentialName;
const SecretValue = z.string();

export interface VaultPlace {
  readonly path: string;
  readonly org: OrgId;
  readonly agent: AgentId;
}

/** What is told of a value: never the value. */
export interface HeldItem extends Standing {
  readonly kind: "credential" | "secret";
  readonly name: CredentialName;
}

/** What a signed document brings. */
export type Brought = { readonly name: CredentialName; readonly version: number; readonly source: Digest } & (
  | { readonly kind: "credential"; readonly value: CredentialValue }
  | { readonly kind: "secret"; readonly value: string }
);

const SITE_KEY_BYTES = 32;

/** Everything that this agent must never show, in a file of its own. Open it once; it holds the key in memory until closed. */
export class Vault {
  readonly #store: Store;
  readonly #items: Items;
  readonly #clock: Clock;
  #known: { readonly generation: number; readonly values: readonly string[] } | undefined;

  private constructor(store: Store, kek: Buffer, place: VaultPlace, clock: Clock) {
    this.#store = store;
    this.#items = new Items(kek, place);
    this.#clock = clock;
  }

  /** Makes the vault, an identity and the site key. Refuses a vault that is there already. */
  static async create(place: VaultPlace, key: VaultKey, clock: Clock = systemClock): Promise<Vault> {
    if (existsSync(place.path)) throw new FarhandError("CONFLICT", `${place.path} is there already`);
    const derivation = newDerivation(key.kind);
    await provision(key, derivation);
    const kek = await deriveKey(key, derivation);
    const store = openSqlite({ path: place.path, migrations, isShared: true });
    chmodSync(place.path, 0o600);
    const vault = new Vault(store, kek, place, clock);
    const identity: Identity = { sign: await generateSigningJwk(), box: await generateBoxJwk() };
    const siteKey = { generation: 1, key: randomBytes(SITE_KEY_BYTES).toString("base64url") };
    const atMs = clock.nowMs();
    await store.tx("vault-create", async (tx) => {
      await putKey(tx, derivation, kek);
      await vault.#items.firstIndex(tx);
      await vault.#items.put(tx, "identity", "agent", identity, { atMs });
      await vault.#items.put(tx, "site-key", "current", siteKey, { atMs });
    });
    return vault;
  }

  /** Refuses a wrong key, and a vault of which any row was altered, taken away, or put back from an older copy. */
  static async open(
    place: VaultPlace,
    key: VaultKey,
    clock: Clock = systemClock,
    onBoundary?: BoundaryObserver,
  ): Promise<Vault> {
    if (!existsSync(place.path)) throw new FarhandError("VAULT_LOCKED", `${place.path} is not there: enrol first`);
    const store = openSqlite({ path: place.path, migrations, isShared: true, ...(onBoundary && { onBoundary }) });
    try {
      const meta = await readKey(store);
      const kek = await deriveKey(key, meta.derivation);
      const vault = new Vault(store, kek, place, clock);
      if (proves(meta.proof, kek, PROOF_FIRST)) {
        await store.tx("vault-index", async (tx) => {
          await vault.#items.adopt(tx, clock.nowMs());
          await putKey(tx, meta.derivation, kek);
        });
      } else if (!proves(meta.proof, kek, PROOF)) throw new FarhandError("VAULT_LOCKED");
      await store.read((tx) => vault.#items.verify(tx));
      return vault;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#items.forget();
    this.#known = undefined;
    await this.#store.close();
  }

  /**
   * Puts the data keys under another key, in one transaction: a crash leaves the vault under the old key or under the new one.
   * The values are not touched. A copy of the file made before goes on opening with the key of its time.
   */
  async rewrap(key: VaultKey): Promise<void> {
    const derivation = newDerivation(key.kind);
    await provision(key, derivation);
    const kek = await deriveKey(key, derivation);
    await this.#store.tx("vault-rewrap", async (tx) => {
      await this.#items.rewrapAll(tx, (kekNow, wrappedKey, context) => rewrapKey(kekNow, kek, wrappedKey, context));
      await putKey(tx, derivation, kek);
    });
    this.#items.takeKey(kek);
  }

  async identity(): Promise<Identity> {
    const identity = await this.#get("identity", "agent", Identity);
    if (!identity) throw new FarhandError("VAULT_LOCKED", "no identity");
    return identity;
  }

  async siteKey(): Promise<SiteKey> {
    const held = await this.#get("site-key", "current", SiteKey);
    if (!held) throw new FarhandError("VAULT_LOCKED", "no site key");
    return { generation: held.generation, key: Buffer.from(held.key, "base64url") };
  }

  /** Another agent's: from now on both mark secrets alike. */
  async setSiteKey({ generation, key }: SiteKey): Promise<void> {
    if (key.length !== SITE_KEY_BYTES) throw new FarhandError("SEALED", "no site key");
    const held = { generation, key: Buffer.from(key).toString("base64url") };
    await this.#store.tx("vault-site-key", (tx) =>
      this.#items.put(tx, "site-key", "current", held, { atMs: this.#clock.nowMs() }),
    );
  }

  async setCredential(name: CredentialName, credential: CredentialValue): Promise<number> {
    return this.#set("credential", name, CredentialValue.parse(credential));
  }

  async setSecret(name: string, value: Secret): Promise<number> {
    return this.#set("secret", SecretName.parse(name), value.reveal());
  }

  /**
   * Takes what a verified document brings: CREDENTIAL_STALE unless its version is higher than any held. The document that
   * brought the current version may come again; that changes nothing.
   */
  async take(brought: Brought): Promise<"taken" | "held"> {
    const { kind, name, version, source, value } = brought;
    return this.#store.tx("vault-take", async (tx) => {
      const held = await this.#items.standing(tx, kind, name);
      if (held?.current === version && held.source === source) return "held";
      await this.#items.put(tx, kind, name, value, { atMs: this.#clock.nowMs(), version, source });
      return "taken";
    });
  }

  /** CREDENTIAL_UNKNOWN when it is not there: nothing stands in for it. */
  async credential(name: CredentialName): Promise<Credential> {
    return (await this.heldCredential(name)).credential;
  }

  async heldCredential(name: CredentialName): Promise<{ readonly version: number; readonly credential: Credential }> {
    const held = await this.#store.read(async (tx) => {
      const standing = await this.#items.standing(tx, "credential", name);
      if (!standing || standing.current === 0) return undefined;
      const value = await this.#items.at(tx, "credential", name, standing.current, CredentialValue);
      return { version: standing.current, credential: asCredential(value) };
    });
    if (!held) throw new FarhandError("CREDENTIAL_UNKNOWN", name);
    return held;
  }

  /** One of the versions that its standing names: for a rotation, which must be able to log in with the old one and the new one. */
  async credentialAt(name: CredentialName, version: number): Promise<Credential> {
    const held = await this.#store.read((tx) => this.#items.at(tx, "credential", name, version, CredentialValue));
    return asCredential(held);
  }

  /** On disk before any device learns it, and used by nothing until it is committed. The version. */
  async stageCredential(name: CredentialName, credential: CredentialValue, above = 0): Promise<number> {
    const value = CredentialValue.parse(credential);
    return this.#store.tx("vault-stage", async (tx) => {
      const held = await this.#items.standing(tx, "credential", name);
      const version = Math.max(nextVersion(held, this.#seconds()), above + 1);
      return this.#items.stage(tx, "credential", name, value, { atMs: this.#clock.nowMs(), version });
    });
  }

  async commitCredential(name: CredentialName, version: number): Promise<void> {
    await this.#store.tx("vault-commit", (tx) =>
      this.#items.commit(tx, "credential", name, version, this.#clock.nowMs()),
    );
  }

  async dropStaged(name: CredentialName, version: number): Promise<void> {
    await this.#store.tx("vault-drop", (tx) => this.#items.drop(tx, "credential", name, version));
  }

  /** The version before the current one opens nothing any more. */
  async forgetPrevious(name: CredentialName): Promise<void> {
    await this.#store.tx("vault-forget", (tx) => this.#items.forgetPrevious(tx, "credential", name));
  }

  async standing(kind: "credential" | "secret", name: CredentialName): Promise<Standing | undefined> {
    return this.#store.read((tx) => this.#items.standing(tx, kind, name));
  }

  /** Every named secret, for substitution in a text just before it is sent. */
  async secrets(): Promise<ReadonlyMap<string, Secret>> {
    return this.#store.read(async (tx) => {
      const secrets = new Map<string, Secret>();
      for (const { kind, name, current } of heldIn(await this.#items.index(tx)))
        if (kind === "secret" && current > 0)
          secrets.set(name, new Secret(await this.#items.at(tx, kind, name, current, SecretValue)));
      return secrets;
    });
  }

  /** Every value that must not be seen anywhere, of every version that is here: what redaction looks for. */
  async knownValues(): Promise<readonly string[]> {
    return this.#store.read(async (tx) => {
      const index = await this.#items.index(tx);
      if (this.#known?.generation === index.generation) return this.#known.values;
      const values = new Set<string>();
      for (const item of heldIn(index)) {
        for (const version of versionsOf(item)) {
          if (item.kind === "secret") values.add(await this.#items.at(tx, item.kind, item.name, version, SecretValue));
          else
            for (const value of secretsOf(await this.#items.at(tx, item.kind, item.name, version, CredentialValue)))
              values.add(value);
        }
      }
      this.#known = { generation: index.generation, values: [...values] };
      return this.#known.values;
    });
  }

  /** Names, versions and ages, for people. */
  async held(): Promise<readonly HeldItem[]> {
    return heldIn(await this.#store.read((tx) => this.#items.index(tx)));
  }

  async names(kind: "credential" | "secret"): Promise<string[]> {
    return (await this.held()).filter((item) => item.kind === kind).map((item) => item.name);
  }

  /** The trust repository, all of it in one transaction; sealed, so that only this agent can have put it here. */
  async setTrust(set: TrustSet): Promise<void> {
    const texts = textsOf(set);
    await this.#store.tx("vault-trust", async (tx) => {
      for (const name of TRUST_ITEMS) {
        const next = texts[name] ?? ABSENT;
        if ((await this.#items.get(tx, "trust", name, z.string())) === next) continue;
        await this.#items.put(tx, "trust", name, next, { atMs: this.#clock.nowMs() });
      }
    });
  }

  /** Throws TRUST_MISMATCH before the first set was stored. */
  async trust(): Promise<TrustSet> {
    return this.#store.read(async (tx) => {
      const texts: Record<string, string> = {};
      for (const name of TRUST_ITEMS) {
        const held = await this.#items.get(tx, "trust", name, z.string());
        if (held !== undefined && held !== ABSENT) texts[name] = held;
      }
      return setOf(texts);
    });
  }

  #seconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000);
  }

  #set(kind: "credential" | "secret", name: string, value: unknown): Promise<number> {
    return this.#store.tx("vault-set", async (tx) => {
      const version = nextVersion(await this.#items.standing(tx, kind, name), this.#seconds());
      return this.#items.put(tx, kind, name, value, { atMs: this.#clock.nowMs(), version });
    });
  }

  #get<T>(kind: ItemKind, name: string, schema: z.ZodType<T>): Promise<T | undefined> {
    return this.#store.read((tx) => this.#items.get(tx, kind, name, schema));
  }
}

function heldIn(index: { readonly items: Readonly<Record<string, Standing>> }): HeldItem[] {
  const held: HeldItem[] = [];
  for (const [id, standing] of Object.entries(index.items)) {
    const [kind, name] = [id.slice(0, id.indexOf("/")), CredentialName.safeParse(id.slice(id.indexOf("/") + 1))];
    if ((kind === "credential" || kind === "secret") && name.success) held.push({ ...standing, kind, name: name.data });
  }
  return held.toSorted((a, b) => (a.kind + a.name < b.kind + b.name ? -1 : 1));
}

function asCredential(held: CredentialValue): Credential {
  return {
    username: held.username,
    ...(held.password === undefined ? {} : { password: new Secret(held.password) }),
    ...(held.privateKey === undefined ? {} : { privateKey: new Secret(held.privateKey) }),
    ...(held.enable === undefined ? {} : { enable: new Secret(held.enable) }),
    ...(held.snmp === undefined ? {} : { snmp: snmpSecurity(held.snmp) }),
  };
}

import { randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, existsSync } from "node:fs";
import { z } from "zod";
import { utf8 } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import { CredentialName, type AgentId, type OrgId } from "../../shared/ids.ts";
import { generateBoxJwk, generateSigningJwk, PrivateJwk } from "../../shared/keys.ts";
import { Secret, type Credential } from "../../shared/secret.ts";
import { openSqlite, type Migration } from "../../shared/sqlite.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import { commitmentOf, seal, unseal } from "./seal.ts";
import { Derivation, deriveKey, newDerivation, type VaultKey } from "./key.ts";
import first from "./migrations/0001_vault.sql" with { type: "text" };

const migrations: readonly Migration[] = [{ version: 1, sql: first }];

const sql = statements("vault", {
  getMeta: "SELECT value FROM meta WHERE key = $key",
  putMeta: "INSERT INTO meta (key, value) VALUES ($key, $value)",
  get: "SELECT version, wrapped_key, sealed, commitment FROM item WHERE kind = $kind AND name = $name",
  put: `INSERT INTO item (kind, name, version, wrapped_key, sealed, commitment)
    VALUES ($kind, $name, $version, $wrappedKey, $sealed, $commitment)
    ON CONFLICT (kind, name) DO UPDATE SET version = excluded.version, wrapped_key = excluded.wrapped_key,
      sealed = excluded.sealed, commitment = excluded.commitment`,
  names: "SELECT name FROM item WHERE kind = $kind ORDER BY name",
});

type ItemKind = "identity" | "credential" | "secret" | "site-key" | "trust";

const StoredCredential = z.strictObject({
  username: z.string().min(1).max(256),
  password: z.string().optional(),
  privateKey: z.string().optional(),
  enable: z.string().optional(),
});
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

const PROOF = utf8("farhand vault");

export interface VaultPlace {
  readonly path: string;
  readonly org: OrgId;
  readonly agent: AgentId;
}

/** Everything that this agent must never show, in a file of its own. Open it once; it holds the key in memory until closed. */
export class Vault {
  readonly #store: Store;
  readonly #kek: Buffer;
  readonly #place: VaultPlace;

  private constructor(store: Store, kek: Buffer, place: VaultPlace) {
    this.#store = store;
    this.#kek = kek;
    this.#place = place;
  }

  /** Makes the vault, an identity and the site key. Refuses a vault that is there already. */
  static async create(place: VaultPlace, key: VaultKey): Promise<Vault> {
    if (existsSync(place.path)) throw new FarhandError("CONFLICT", `${place.path} is there already`);
    const derivation = newDerivation(key.kind);
    const kek = await deriveKey(key, derivation);
    const store = openSqlite({ path: place.path, migrations });
    chmodSync(place.path, 0o600);
    const vault = new Vault(store, kek, place);
    const identity: Identity = { sign: await generateSigningJwk(), box: await generateBoxJwk() };
    await store.tx("vault-create", async (tx) => {
      await tx.run(sql.putMeta, { key: "derivation", value: JSON.stringify(derivation) });
      await tx.run(sql.putMeta, { key: "proof", value: commitmentOf(kek, PROOF).toString("base64url") });
      await vault.#put(tx, "identity", "agent", identity);
      await vault.#put(tx, "site-key", "current", { generation: 1, key: randomBytes(32).toString("base64url") });
    });
    return vault;
  }

  static async open(place: VaultPlace, key: VaultKey): Promise<Vault> {
    if (!existsSync(place.path)) throw new FarhandError("VAULT_LOCKED", `${place.path} is not there: enrol first`);
    const store = openSqlite({ path: place.path, migrations });
    try {
      const meta = await store.read(async (tx) => ({
        derivation: (await tx.get(sql.getMeta, { key: "derivation" }))?.["value"],
        proof: (await tx.get(sql.getMeta, { key: "proof" }))?.["value"],
      }));
      if (typeof meta.derivation !== "string" || typeof meta.proof !== "string")
        throw new FarhandError("VAULT_LOCKED", "not a vault");
      const kek = await deriveKey(key, Derivation.parse(JSON.parse(meta.derivation)));
      const proof = Buffer.from(meta.proof, "base64url");
      const mine = commitmentOf(kek, PROOF);
      if (proof.length !== mine.length || !timingSafeEqual(proof, mine)) throw new FarhandError("VAULT_LOCKED");
      return new Vault(store, kek, place);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#kek.fill(0);
    await this.#store.close();
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

  async setCredential(
    name: CredentialName,
    credential: { username: string; password?: string; privateKey?: string; enable?: string },
  ): Promise<void> {
    await this.#store.tx("vault-credential", (tx) =>
      this.#put(tx, "credential", name, StoredCredential.parse(credential)),
    );
  }

  /** CREDENTIAL_UNKNOWN when it is not there: nothing stands in for it. */
  async credential(name: CredentialName): Promise<Credential> {
    const held = await this.#get("credential", name, StoredCredential);
    if (!held) throw new FarhandError("CREDENTIAL_UNKNOWN", name);
    return {
      username: held.username,
      ...(held.password === undefined ? {} : { password: new Secret(held.password) }),
      ...(held.privateKey === undefined ? {} : { privateKey: new Secret(held.privateKey) }),
      ...(held.enable === undefined ? {} : { enable: new Secret(held.enable) }),
    };
  }

  async setSecret(name: string, value: Secret): Promise<void> {
    await this.#store.tx("vault-secret", (tx) => this.#put(tx, "secret", SecretName.parse(name), value.reveal()));
  }

  /** Every named secret, for substitution in a text just before it is sent. */
  async secrets(): Promise<ReadonlyMap<string, Secret>> {
    const names = await this.#store.read((tx) => tx.all(sql.names, { kind: "secret" satisfies ItemKind }));
    const secrets = new Map<string, Secret>();
    for (const row of names) {
      const name = String(row["name"]);
      const value = await this.#get("secret", name, z.string());
      if (value !== undefined) secrets.set(name, new Secret(value));
    }
    return secrets;
  }

  async names(kind: "credential" | "secret"): Promise<string[]> {
    return (await this.#store.read((tx) => tx.all(sql.names, { kind }))).map((row) => String(row["name"]));
  }

  /** A trust document that must survive the journal; sealed, so that only this agent can have put it here. */
  async setTrust(name: "keys", envelope: unknown): Promise<void> {
    await this.#store.tx("vault-trust", (tx) => this.#put(tx, "trust", name, envelope));
  }

  async trust(name: "keys"): Promise<unknown> {
    return this.#get("trust", name, z.unknown());
  }

  async #put(tx: Tx, kind: ItemKind, name: string, value: unknown): Promise<void> {
    const held = await tx.get(sql.get, { kind, name });
    const version = (typeof held?.["version"] === "number" ? held["version"] : 0) + 1;
    const sealed = seal(this.#kek, utf8(JSON.stringify(value)), this.#context(kind, name, version));
    await tx.run(sql.put, { kind, name, version, ...sealed });
  }

  async #get<T>(kind: ItemKind, name: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const row = await this.#store.read((tx) => tx.get(sql.get, { kind, name }));
    if (!row) return undefined;
    const version = Number(row["version"]);
    const plain = unseal(
      this.#kek,
      {
        wrappedKey: row["wrapped_key"] as Uint8Array,
        sealed: row["sealed"] as Uint8Array,
        commitment: row["commitment"] as Uint8Array,
      },
      this.#context(kind, name, version),
    );
    try {
      return schema.parse(JSON.parse(plain.toString("utf8")));
    } finally {
      plain.fill(0);
    }
  }

  #context(kind: ItemKind, name: string, version: number) {
    return { org: this.#place.org, agent: this.#place.agent, name: `${kind}/${name}`, version };
  }
}

import { z } from "zod";
import { utf8 } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import { Digest, type AgentId, type OrgId } from "../../shared/ids.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import { seal, unseal, type SealContext } from "./seal.ts";

export type ItemKind = "identity" | "credential" | "secret" | "site-key" | "trust";
type Read = Pick<Tx, "all" | "get">;

const sql = statements("vault.items", {
  get: "SELECT wrapped_key, sealed, commitment FROM item_version WHERE kind = $kind AND name = $name AND version = $version",
  all: "SELECT kind, name, version, wrapped_key, sealed, commitment FROM item_version ORDER BY kind, name, version",
  index: "SELECT version FROM item_version WHERE kind = 'index'",
  put: `INSERT INTO item_version (kind, name, version, wrapped_key, sealed, commitment)
    VALUES ($kind, $name, $version, $wrappedKey, $sealed, $commitment)`,
  drop: "DELETE FROM item_version WHERE kind = $kind AND name = $name AND version = $version",
  rewrap:
    "UPDATE item_version SET wrapped_key = $wrappedKey WHERE kind = $kind AND name = $name AND version = $version",
});

const Version = z.int().min(1);

/** Which versions of one value are here. */
export const Standing = z.strictObject({
  /** In use; 0 while only a staged one is here. */
  current: z.int().min(0),
  /** The one before: a device that was not reached while its password changed still answers to it. */
  previous: Version.nullable(),
  /** Known here before any device learns it, and used by nothing until it is committed. */
  staged: Version.nullable(),
  /** Digest of the signed document that brought the current one; null when it was set here. */
  source: Digest.nullable(),
  atMs: z.int().min(0),
});
export type Standing = z.infer<typeof Standing>;

export const Index = z.strictObject({ generation: Version, items: z.record(z.string(), Standing) });
export type Index = z.infer<typeof Index>;

export interface ItemPlace {
  readonly org: OrgId;
  readonly agent: AgentId;
}

/** Only a credential is worth keeping beyond its replacement. */
const keepsPrevious = (kind: ItemKind): boolean => kind === "credential";

/** The rows of the vault under one key-encryption key. Every read goes by the index, so that a row that was put back is noticed. */
export class Items {
  #kek: Buffer;
  readonly #place: ItemPlace;

  constructor(kek: Buffer, place: ItemPlace) {
    this.#kek = kek;
    this.#place = place;
  }

  forget(): void {
    this.#kek.fill(0);
  }

  async index(tx: Read): Promise<Index> {
    const rows = await tx.all(sql.index);
    const [row] = rows;
    if (!row || rows.length > 1) throw new FarhandError("VAULT_LOCKED", "the vault's index is not there");
    const index = await this.#open(tx, "index", "vault", Number(row["version"]), Index);
    if (index.generation !== Number(row["version"])) throw new FarhandError("VAULT_LOCKED", "the vault's index");
    return index;
  }

  async standing(tx: Read, kind: ItemKind, name: string): Promise<Standing | undefined> {
    return (await this.index(tx)).items[idOf(kind, name)];
  }

  async get<T>(tx: Read, kind: ItemKind, name: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const standing = await this.standing(tx, kind, name);
    return standing && standing.current > 0 ? this.#open(tx, kind, name, standing.current, schema) : undefined;
  }

  at<T>(tx: Read, kind: ItemKind, name: string, version: number, schema: z.ZodType<T>): Promise<T> {
    return this.#open(tx, kind, name, version, schema);
  }

  async firstIndex(tx: Tx): Promise<void> {
    await this.#write(tx, "index", "vault", 1, { generation: 1, items: {} } satisfies Index);
  }

  /** The value becomes the current one; the version only rises. */
  async put(
    tx: Tx,
    kind: ItemKind,
    name: string,
    value: unknown,
    as: { atMs: number; version?: number; source?: Digest },
  ): Promise<number> {
    const index = await this.index(tx);
    const held = index.items[idOf(kind, name)];
    if (held?.staged) throw new FarhandError("CONFLICT", `${name} is being rotated`);
    const version = as.version ?? nextVersion(held, 0);
    if (version <= highest(held)) throw stale(version, held);
    await this.#write(tx, kind, name, version, value);
    const next = await this.#succeed(tx, kind, name, held, version);
    await this.#save(tx, index, kind, name, { ...next, source: as.source ?? null, atMs: as.atMs });
    return version;
  }

  async stage(
    tx: Tx,
    kind: ItemKind,
    name: string,
    value: unknown,
    as: { atMs: number; version?: number },
  ): Promise<number> {
    const index = await this.index(tx);
    const held = index.items[idOf(kind, name)];
    if (held?.staged) throw new FarhandError("CONFLICT", `${name} is being rotated`);
    const version = as.version ?? nextVersion(held, 0);
    if (version <= highest(held)) throw stale(version, held);
    await this.#write(tx, kind, name, version, value);
    const base = held ?? { current: 0, previous: null, source: null, atMs: as.atMs };
    await this.#save(tx, index, kind, name, { ...base, staged: version });
    return version;
  }

  /** The staged version becomes the current one. Doing it twice changes nothing. */
  async commit(tx: Tx, kind: ItemKind, name: string, version: number, atMs: number): Promise<void> {
    const index = await this.index(tx);
    const held = index.items[idOf(kind, name)];
    if (held?.current === version) return;
    if (held?.staged !== version) throw new FarhandError("CONFLICT", `${name} has no staged version ${version}`);
    const next = await this.#succeed(tx, kind, name, { ...held, staged: null }, version);
    await this.#save(tx, index, kind, name, { ...next, source: null, atMs });
  }

  async drop(tx: Tx, kind: ItemKind, name: string, version: number): Promise<void> {
    const index = await this.index(tx);
    const held = index.items[idOf(kind, name)];
    if (held?.staged !== version) return;
    await tx.run(sql.drop, { kind, name, version });
    await this.#save(tx, index, kind, name, { ...held, staged: null });
  }

  async forgetPrevious(tx: Tx, kind: ItemKind, name: string): Promise<void> {
    const index = await this.index(tx);
    const held = index.items[idOf(kind, name)];
    if (!held || held.previous === null) return;
    await tx.run(sql.drop, { kind, name, version: held.previous });
    await this.#save(tx, index, kind, name, { ...held, previous: null });
  }

  /** Every row opens in its place and is one that the index names, and none that it names is missing. */
  async verify(tx: Read): Promise<void> {
    const index = await this.index(tx);
    const named = new Set(
      Object.entries(index.items).flatMap(([id, standing]) => versionsOf(standing).map((v) => `${id}@${v}`)),
    );
    for (const row of await tx.all(sql.all)) {
      const [kind, name, version] = [String(row["kind"]), String(row["name"]), Number(row["version"])];
      if (kind === "index") continue;
      if (!named.delete(`${kind}/${name}@${version}`))
        throw new FarhandError("VAULT_LOCKED", `${kind}/${name} is not of the version that the vault's index names`);
      this.#unseal(row, kind, name, version).fill(0);
    }
    const [missing] = named;
    if (missing !== undefined)
      throw new FarhandError("VAULT_LOCKED", `${missing.split("@")[0] ?? ""} is missing from the vault`);
  }

  /** A vault of the first schema has no index: what stands there is what it says. */
  async adopt(tx: Tx, atMs: number): Promise<void> {
    const items: Record<string, Standing> = {};
    for (const row of await tx.all(sql.all)) {
      const [kind, name, version] = [String(row["kind"]), String(row["name"]), Number(row["version"])];
      this.#unseal(row, kind, name, version).fill(0);
      items[`${kind}/${name}`] = { current: version, previous: null, staged: null, source: null, atMs };
    }
    await this.#write(tx, "index", "vault", 1, { generation: 1, items } satisfies Index);
  }

  /** The data keys under another key-encryption key; the values stay as they are. */
  async rewrapAll(
    tx: Tx,
    rewrap: (kek: Uint8Array, wrappedKey: Uint8Array, context: SealContext) => Uint8Array,
  ): Promise<void> {
    for (const row of await tx.all(sql.all)) {
      const [kind, name, version] = [String(row["kind"]), String(row["name"]), Number(row["version"])];
      const wrappedKey = rewrap(this.#kek, row["wrapped_key"] as Uint8Array, this.#context(kind, name, version));
      await tx.run(sql.rewrap, { kind, name, version, wrappedKey });
    }
  }

  /** What was rewrapped is on disk: from now on it opens with this key. */
  takeKey(kek: Buffer): void {
    this.#kek.fill(0);
    this.#kek = kek;
  }

  async #succeed(tx: Tx, kind: ItemKind, name: string, held: Standing | undefined, version: number) {
    const former = held && held.current > 0 ? held.current : null;
    const keep = keepsPrevious(kind) ? former : null;
    for (const old of [held?.previous ?? null, former])
      if (old !== null && old !== keep) await tx.run(sql.drop, { kind, name, version: old });
    return { current: version, previous: keep, staged: held?.staged ?? null };
  }

  async #save(tx: Tx, index: Index, kind: ItemKind, name: string, standing: Standing): Promise<void> {
    const generation = index.generation + 1;
    await this.#write(tx, "index", "vault", generation, {
      generation,
      items: { ...index.items, [idOf(kind, name)]: standing },
    } satisfies Index);
    await tx.run(sql.drop, { kind: "index", name: "vault", version: index.generation });
  }

  async #write(tx: Tx, kind: ItemKind | "index", name: string, version: number, value: unknown): Promise<void> {
    const plain = utf8(JSON.stringify(value));
    const sealed = seal(this.#kek, plain, this.#context(kind, name, version));
    plain.fill(0);
    await tx.run(sql.put, { kind, name, version, ...sealed });
  }

  async #open<T>(tx: Read, kind: string, name: string, version: number, schema: z.ZodType<T>): Promise<T> {
    const row = await tx.get(sql.get, { kind, name, version });
    if (!row)
      throw new FarhandError("VAULT_LOCKED", `${kind}/${name} is not of the version that the vault's index names`);
    const plain = this.#unseal(row, kind, name, version);
    try {
      return schema.parse(JSON.parse(plain.toString("utf8")));
    } finally {
      plain.fill(0);
    }
  }

  #unseal(row: SqlRow, kind: string, name: string, version: number): Buffer {
    const [wrappedKey, sealed, commitment] = [row["wrapped_key"], row["sealed"], row["commitment"]];
    if (!(wrappedKey instanceof Uint8Array && sealed instanceof Uint8Array && commitment instanceof Uint8Array))
      throw new FarhandError("VAULT_LOCKED", `${kind}/${name} does not open`);
    return unseal(this.#kek, { wrappedKey, sealed, commitment }, this.#context(kind, name, version));
  }

  #context(kind: string, name: string, version: number) {
    return { org: this.#place.org, agent: this.#place.agent, name: `${kind}/${name}`, version };
  }
}

export const idOf = (kind: ItemKind, name: string): string => `${kind}/${name}`;

export const versionsOf = (standing: Standing): number[] =>
  [standing.current, standing.previous ?? 0, standing.staged ?? 0].filter((version) => version > 0);

const highest = (held: Standing | undefined): number => Math.max(held?.current ?? 0, held?.staged ?? 0);

const stale = (version: number, held: Standing | undefined): FarhandError =>
  new FarhandError("CREDENTIAL_STALE", `version ${version}, held ${highest(held)}`);

/** Never below what is held. Seconds of the clock, for what people send: a value that was set here later is not undone by one sealed before. */
export const nextVersion = (held: Standing | undefined, seconds: number): number =>
  Math.max(highest(held) + 1, seconds);

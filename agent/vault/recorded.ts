import { existsSync } from "node:fs";
import { timingSafeEqual } from "node:crypto";
import { Database } from "bun:sqlite";
import { utf8 } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import { Derivation, type VaultKeyKind } from "./key.ts";
import { commitmentOf } from "./seal.ts";

const sql = statements("vault.key", {
  getMeta: "SELECT value FROM meta WHERE key = $key",
  putMeta: "INSERT INTO meta (key, value) VALUES ($key, $value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
});

/** Proof of the right key, of a vault without an index, as the first schema made it, and of one whose index must be there. */
export const PROOF_FIRST = utf8("farhand vault");
export const PROOF = utf8("farhand vault 2");

/** By what the vault was made, read before it is opened. Undefined when there is none; a changed record opens nothing, the key must still fit. */
export function recordedKey(path: string): VaultKeyKind | undefined {
  if (!existsSync(path)) return undefined;
  const db = new Database(path, { readonly: true, strict: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    db.run("PRAGMA query_only = ON");
    const row = db.query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'derivation'").get();
    return row ? Derivation.parse(JSON.parse(row.value)).kind : undefined;
  } catch (error) {
    throw new FarhandError("VAULT_LOCKED", "not a vault", { cause: error });
  } finally {
    db.close();
  }
}

export async function putKey(tx: Tx, derivation: Derivation, kek: Buffer): Promise<void> {
  await tx.run(sql.putMeta, { key: "derivation", value: JSON.stringify(derivation) });
  await tx.run(sql.putMeta, { key: "proof", value: commitmentOf(kek, PROOF).toString("base64url") });
}

export async function readKey(store: Store): Promise<{ derivation: Derivation; proof: string }> {
  const meta = await store.read(async (tx) => ({
    derivation: (await tx.get(sql.getMeta, { key: "derivation" }))?.["value"],
    proof: (await tx.get(sql.getMeta, { key: "proof" }))?.["value"],
  }));
  const derivation = typeof meta.derivation === "string" ? readDerivation(meta.derivation) : undefined;
  if (!derivation || typeof meta.proof !== "string") throw new FarhandError("VAULT_LOCKED", "not a vault");
  return { derivation, proof: meta.proof };
}

function readDerivation(text: string): Derivation | undefined {
  try {
    return Derivation.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function proves(proof: string, kek: Buffer, label: Uint8Array): boolean {
  const [theirs, mine] = [Buffer.from(proof, "base64url"), commitmentOf(kek, label)];
  return theirs.length === mine.length && timingSafeEqual(theirs, mine);
}

import { sha256 } from "../../shared/bytes.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import { int, named, text } from "./columns.ts";

export const TOKEN_ROLES = ["viewer", "auditor", "operator", "admin"] as const;
export type TokenRole = (typeof TOKEN_ROLES)[number];

/** What each role may besides its own. An auditor sees everything and moves nothing; an operator does not see who did what. */
const includes: Record<TokenRole, readonly TokenRole[]> = {
  viewer: [],
  auditor: ["viewer"],
  operator: ["viewer"],
  admin: ["viewer", "auditor", "operator"],
};
export const mayAct = (role: TokenRole, needed: TokenRole): boolean =>
  role === needed || includes[role].includes(needed);

const sql = statements("token", {
  add: `INSERT INTO api_token (id, sha256, name, role, created_ms, expires_ms)
        VALUES (:id, :sha256, :name, :role, :nowMs, :expiresMs)`,
  find: "SELECT id, name, role, expires_ms FROM api_token WHERE sha256 = :sha256 AND revoked_ms IS NULL",
  revoke: "UPDATE api_token SET revoked_ms = :nowMs WHERE id = :id AND revoked_ms IS NULL",
});

export interface NewToken {
  readonly name: string;
  readonly role: TokenRole;
  readonly lifetimeMs: number;
}

/** The token itself is shown once and kept only as a hash: 256 random bits need no slow one. */
export async function addToken(tx: Tx, token: NewToken, random: Uint8Array, nowMs: number): Promise<string> {
  const secret = `fht_${Buffer.from(random).toString("base64url")}`;
  await tx.run(sql.add, {
    id: sha256(secret).slice(0, 12),
    sha256: sha256(secret),
    name: token.name,
    role: token.role,
    nowMs,
    expiresMs: nowMs + token.lifetimeMs,
  });
  return secret;
}

export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly role: TokenRole;
}

export async function callerOf(store: Store, secret: string, nowMs: number): Promise<Caller | undefined> {
  const row = await store.read((tx) => tx.get(sql.find, { sha256: sha256(secret) }));
  if (!row || int(row, "expires_ms") <= nowMs) return undefined;
  return { id: text(row, "id"), name: text(row, "name"), role: named<TokenRole>(row, "role") };
}

export async function revokeToken(tx: Tx, id: string, nowMs: number): Promise<boolean> {
  return (await tx.run(sql.revoke, { id, nowMs })) === 1;
}

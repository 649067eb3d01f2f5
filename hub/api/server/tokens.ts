import { randomBytes } from "node:crypto";
import type { Clock } from "../../../shared/clock.ts";
import type { Store } from "../../../shared/store.ts";
import { audit } from "../../store/audit.ts";
import { addToken, type TokenRole } from "../../store/tokens.ts";

const TOKEN_BYTES = 32;
const LIFETIME_MS = 365 * 86_400_000;

/** Shown once; only its hash is kept. */
export function createToken(
  store: Store,
  clock: Clock,
  token: { readonly name: string; readonly role: TokenRole; readonly lifetimeMs?: number },
): Promise<string> {
  const { name, role, lifetimeMs = LIFETIME_MS } = token;
  const secret = randomBytes(TOKEN_BYTES);
  const nowMs = clock.nowMs();
  return store.tx("token.create", async (tx) => {
    await audit(tx, nowMs, { actor: "hub", action: "token.create", object: name, decision: "allowed", detail: role });
    return addToken(tx, { name, role, lifetimeMs }, secret, nowMs);
  });
}

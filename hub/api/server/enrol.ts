import { createHmac, timingSafeEqual } from "node:crypto";
import type { z } from "@hono/zod-openapi";
import { fromBase64url, jcs, toBase64url, utf8 } from "../../../shared/bytes.ts";
import type { Envelope } from "../../../shared/envelope.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import type { AgentId, SiteId } from "../../../shared/ids.ts";
import { importSigningKey, keyIdOf } from "../../../shared/keys.ts";
import { addEnrolment, addInvite, findInvite, useInvite } from "../../store/agents.ts";
import { audit } from "../../store/audit.ts";
import type { routes } from "../contract/routes.ts";
import type { ApiDeps } from "./deps.ts";

export type EnrolRequest = z.infer<(typeof routes.enrol.request.body.content)["application/json"]["schema"]>;

const INVITE_LIFETIME_MS = 3_600_000;
const NONCE_LIFETIME_MS = 5 * 60_000;
const NONCES_MAX = 10_000;
const SECRET_BYTES = 32;
const INVITE_ID_BYTES = 9;

/** Challenges that wait for their answer. In memory: after a restart an agent asks for another one. */
export class Nonces {
  readonly #deps: Pick<ApiDeps, "clock" | "randomBytes">;
  readonly #expires = new Map<string, number>();

  constructor(deps: Pick<ApiDeps, "clock" | "randomBytes">) {
    this.#deps = deps;
  }

  give(): string {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [nonce, expiresMs] of this.#expires) {
      // In order of age: what follows is younger.
      if (expiresMs > nowMs && this.#expires.size < NONCES_MAX) break;
      this.#expires.delete(nonce);
    }
    const nonce = toBase64url(this.#deps.randomBytes(SECRET_BYTES));
    this.#expires.set(nonce, nowMs + NONCE_LIFETIME_MS);
    return nonce;
  }

  /** True once. */
  take(nonce: string): boolean {
    const expiresMs = this.#expires.get(nonce);
    this.#expires.delete(nonce);
    return expiresMs !== undefined && expiresMs > this.#deps.clock.monotonicMs();
  }
}

export async function invite(
  deps: ApiDeps,
  asked: { readonly agent: AgentId; readonly site: SiteId },
  actor: string,
): Promise<{ id: string; secret: string; url: string; ca: string; expiresMs: number }> {
  const { inventory } = deps.trust.requireInventory();
  const { agent, site } = asked;
  if (!inventory.site(site)) throw new FarhandError("NOT_FOUND", `no site ${site} in the signed inventory`);
  const id = toBase64url(deps.randomBytes(INVITE_ID_BYTES));
  const secret = toBase64url(deps.randomBytes(SECRET_BYTES));
  const sealed = deps.cipher.seal(labelOf(id), utf8(secret));
  const nowMs = deps.clock.nowMs();
  const expiresMs = nowMs + INVITE_LIFETIME_MS;
  await deps.store.tx("invite", async (tx) => {
    await addInvite(tx, { id, secret: sealed, agent, site, expiresMs });
    await audit(tx, nowMs, {
      actor,
      action: "agent.invite",
      object: agent,
      decision: "allowed",
      detail: `${site} ${id}`,
    });
  });
  return { id, secret, url: deps.publicUrl, ca: deps.caPem, expiresMs };
}

const labelOf = (id: string): string => `invite:${id}`;

/** Takes an agent's keys for one who holds the join token. They mean nothing until a keyadmin has countersigned them. */
export async function enrol(deps: ApiDeps, nonces: Nonces, request: EnrolRequest): Promise<{ keys: Envelope }> {
  const keys = deps.trust.require().envelopes.keys;
  if (!keys) throw new FarhandError("CONFLICT", "this hub has no keys.json yet");
  const nowMs = deps.clock.nowMs();
  const { agent, site, signKey, boxKey, token } = request;
  const actor = `agent:${agent}`;
  try {
    if (!nonces.take(request.nonce)) throw new FarhandError("CHALLENGE", "the nonce is unknown, used or too old");
    await checkProof(deps, request, nowMs);
    const kid = await keyIdOf(signKey);
    await deps.store.tx("enrol", async (tx) => {
      if (!(await useInvite(tx, token, nowMs))) throw new FarhandError("JOIN_TOKEN", "it was used already");
      await addEnrolment(tx, { agent, site, kid, signKey, boxKey }, nowMs);
      await audit(tx, nowMs, {
        actor,
        action: "agent.enrol",
        object: agent,
        decision: "allowed",
        detail: `${site} ${kid}`,
      });
    });
  } catch (error) {
    const detail = `${errorCode(error)} token ${token}`;
    await deps.store.tx("enrol.refused", (tx) =>
      audit(tx, nowMs, { actor, action: "agent.enrol", object: agent, decision: "refused", detail }),
    );
    throw error;
  }
  deps.effects.moved();
  return { keys };
}

async function checkProof(deps: ApiDeps, request: EnrolRequest, nowMs: number): Promise<void> {
  const { agent, site, signKey, boxKey, token, nonce } = request;
  const held = await findInvite(deps.store, token);
  if (!held || held.secret === null || held.usedMs !== null || held.expiresMs <= nowMs) {
    throw new FarhandError("JOIN_TOKEN", "it is unknown, used or expired");
  }
  if (held.agent !== agent || held.site !== site)
    throw new FarhandError("JOIN_TOKEN", "it is for another agent or site");
  const bytes = jcs({ agent, boxKey, nonce, signKey, site, token });
  const secret = deps.cipher.open(labelOf(token), held.secret);
  const mac = createHmac("sha256", secret).update(bytes).digest();
  const given = fromBase64url(request.mac);
  if (given.length !== mac.length || !timingSafeEqual(given, mac)) {
    throw new FarhandError("CHALLENGE", "the join token's secret is not proved");
  }
  const key = await importSigningKey(signKey);
  if (!(await crypto.subtle.verify("Ed25519", key, fromBase64url(request.signature), bytes))) {
    throw new FarhandError("CHALLENGE", "the agent's key is not proved");
  }
}

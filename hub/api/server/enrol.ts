import { createHmac, timingSafeEqual } from "node:crypto";
import type { z } from "@hono/zod-openapi";
import { holdsBoxKey, sealBoxChallenge } from "../../../shared/box-proof.ts";
import { fromBase64url, jcs, toBase64url, utf8 } from "../../../shared/bytes.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import type { AgentId, KeyId, SiteId } from "../../../shared/ids.ts";
import { importSigningKey, keyIdOf, type BoxPublicKey } from "../../../shared/keys.ts";
import type { Tx } from "../../../shared/store.ts";
import { fileOfUpdate, type TrustFile } from "../../../shared/tuf/file.ts";
import { addEnrolment, addInvite, enrolmentsIn, findInvite, useInvite, type Invite } from "../../store/agents.ts";
import { audit } from "../../store/audit.ts";
import { requireFreshId } from "../../store/tombstones.ts";
import type { routes } from "../contract/routes.ts";
import { alreadyAudited } from "./audited.ts";
import type { ApiDeps } from "./deps.ts";
import type { Guesses } from "./guesses.ts";

export type EnrolRequest = z.infer<(typeof routes.enrol.request.body.content)["application/json"]["schema"]>;

const INVITE_LIFETIME_MS = 3_600_000;
const NONCE_LIFETIME_MS = 5 * 60_000;
const NONCES_MAX = 10_000;
const SECRET_BYTES = 32;
const INVITE_ID_BYTES = 9;

interface Waiting {
  readonly boxKey: BoxPublicKey;
  readonly secret: Uint8Array;
  readonly expiresMs: number;
}

/** Challenges that wait for their answer. In memory: after a restart an agent asks for another one. */
export class Challenges {
  readonly #deps: Pick<ApiDeps, "clock" | "randomBytes">;
  readonly #waiting = new Map<string, Waiting>();

  constructor(deps: Pick<ApiDeps, "clock" | "randomBytes">) {
    this.#deps = deps;
  }

  async give(boxKey: BoxPublicKey): Promise<{ nonce: string; sealed: string }> {
    const secret = this.#deps.randomBytes(SECRET_BYTES);
    const sealed = await sealBoxChallenge(secret, boxKey);
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [nonce, { expiresMs }] of this.#waiting) {
      // In order of age: what follows is younger.
      if (expiresMs > nowMs && this.#waiting.size < NONCES_MAX) break;
      this.#waiting.delete(nonce);
    }
    const nonce = toBase64url(this.#deps.randomBytes(SECRET_BYTES));
    this.#waiting.set(nonce, { boxKey, secret, expiresMs: nowMs + NONCE_LIFETIME_MS });
    return { nonce, sealed };
  }

  /** What was sealed with this nonce; once. Throws CHALLENGE. */
  take(nonce: string, boxKey: BoxPublicKey): Uint8Array {
    const held = this.#waiting.get(nonce);
    this.#waiting.delete(nonce);
    if (!held || held.expiresMs <= this.#deps.clock.monotonicMs())
      throw new FarhandError("CHALLENGE", "the nonce is unknown, used or too old");
    if (held.boxKey !== boxKey) throw new FarhandError("CHALLENGE", "the challenge was sealed to another key");
    return held.secret;
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
    await requireFreshId(tx, agent);
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
export async function enrol(
  deps: ApiDeps,
  { challenges, guesses }: { readonly challenges: Challenges; readonly guesses: Guesses },
  request: EnrolRequest,
  peer: string,
): Promise<{ trust: TrustFile }> {
  const { view, roots } = deps.trust.require();
  const nowMs = deps.clock.nowMs();
  const { agent, site, signKey, boxKey, token } = request;
  const actor = `agent:${agent}`;
  await guesses.check(peer, token);
  const held = await findInvite(deps.store, token);
  try {
    const secret = challenges.take(request.nonce, boxKey);
    await checkProof(deps, request, { held, secret, nowMs });
    const kid = await keyIdOf(signKey);
    await deps.store.tx("enrol", async (tx) => {
      if (!(await useInvite(tx, token, nowMs))) throw new FarhandError("JOIN_TOKEN", "it was used already");
      await requireFreshId(tx, agent);
      await requireOwnKeys(deps, tx, { agent, kid, signKey, boxKey });
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
    const spent = await guesses.failed(peer, held && token);
    // An id that we did not make is not repeated: somebody may have pasted a secret into its place.
    const which = held ? `token ${token}` : "an unknown token";
    const detail = `${errorCode(error)} ${which}${spent ? "; further guesses are refused for a while" : ""}`;
    await deps.store.tx("enrol.refused", (tx) =>
      audit(tx, nowMs, {
        actor: held ? actor : "anyone",
        action: "agent.enrol",
        object: agent,
        decision: "refused",
        code: errorCode(error),
        detail,
      }),
    );
    throw alreadyAudited(error);
  }
  deps.effects.moved();
  return { trust: fileOfUpdate({ ...view.set, roots }) };
}

/** A key is one agent's, and no person's and no hub's: else one could answer for the other. */
async function requireOwnKeys(
  deps: ApiDeps,
  tx: Tx,
  { agent, kid, signKey, boxKey }: { agent: AgentId; kid: KeyId; signKey: string; boxKey: string },
): Promise<void> {
  const { trust, agents } = deps.trust.require();
  const { people, hub, recovery } = trust.keys.document;
  const theirs = [...people.flatMap((person) => person.keys), ...hub.keys].some((key) => key.publicKey === signKey);
  const others = [
    ...(agents?.document.agents ?? []),
    ...(await enrolmentsIn(tx)).map(({ agent: id, ...row }) => ({ id, ...row })),
  ];
  const another = others.some((entry) => entry.kid === kid || entry.signKey === signKey || entry.boxKey === boxKey);
  if (theirs || another || recovery === boxKey) throw new FarhandError("KEY_REUSED", agent);
}

async function checkProof(
  deps: ApiDeps,
  request: EnrolRequest,
  given: { readonly held: Invite | undefined; readonly secret: Uint8Array; readonly nowMs: number },
): Promise<void> {
  const { agent, site, signKey, boxKey, token, nonce } = request;
  const { held, nowMs } = given;
  if (!held || held.secret === null || held.usedMs !== null || held.expiresMs <= nowMs) {
    throw new FarhandError("JOIN_TOKEN", "it is unknown, used or expired");
  }
  if (held.agent !== agent || held.site !== site)
    throw new FarhandError("JOIN_TOKEN", "it is for another agent or site");
  const bytes = jcs({ agent, boxKey, nonce, signKey, site, token });
  const secret = deps.cipher.open(labelOf(token), held.secret);
  const mac = createHmac("sha256", secret).update(bytes).digest();
  const proof = fromBase64url(request.mac);
  if (proof.length !== mac.length || !timingSafeEqual(proof, mac)) {
    throw new FarhandError("CHALLENGE", "the join token's secret is not proved");
  }
  const key = await importSigningKey(signKey);
  if (!(await crypto.subtle.verify("Ed25519", key, fromBase64url(request.signature), bytes))) {
    throw new FarhandError("CHALLENGE", "the agent's key is not proved");
  }
  if (!holdsBoxKey(given.secret, bytes, request.boxMac)) {
    throw new FarhandError("CHALLENGE", "the agent's box key is not proved");
  }
}

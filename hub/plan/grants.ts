import { marksOf } from "../../shared/audit/entry.ts";
import { sha256 } from "../../shared/bytes.ts";
import { Grant } from "../../shared/documents/grant.ts";
import { openEnvelope, readAs, type Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest, GrantId, KeyId, PersonId } from "../../shared/ids.ts";
import { authorise, type TrustStore } from "../../shared/trust.ts";
import { checkValidity } from "../../shared/verify/time.ts";
import { audit } from "../store/audit.ts";
import { addGrant, grantNamed } from "../store/documents.ts";
import type { SubmitDeps } from "./prepared.ts";

const GRANT_LIFETIME_SECONDS_MAX = 366 * 86_400;

export interface HeldGrant {
  readonly grant: Grant;
  readonly sha256: Digest;
  readonly signers: readonly PersonId[];
  readonly kids: readonly KeyId[];
}

/** Each agent checks all of this again; the hub does so that a person hears of it at once. */
async function verifyGrant(trust: TrustStore, envelope: Envelope, nowMs: number): Promise<HeldGrant> {
  const opened = await openEnvelope("farhand-grant+jws", envelope, trust.personKey);
  const grant = readAs(Grant, opened.value);
  if (grant.org !== trust.org) throw new FarhandError("WRONG_ORG");
  const policy = trust.policy(grant.policy.id, grant.policy.version);
  if (!policy) throw new FarhandError("POLICY_UNKNOWN", `${grant.policy.id} v${grant.policy.version}`);
  // One that starts later may be stored now: only its end and its length matter here.
  const time = { nowMs: Math.max(nowMs, grant.nbf * 1000), errorMs: 0, floorMs: 0 };
  checkValidity(grant, time, GRANT_LIFETIME_SECONDS_MAX);
  const { signers } = authorise(trust, opened.kids, { author: grant.author, sites: grant.sites, policy, risk: "read" });
  return { grant, sha256: sha256(opened.bytes), signers, kids: opened.kids };
}

export async function acceptGrant(deps: SubmitDeps, envelope: Envelope, actor: string): Promise<HeldGrant> {
  const { trust } = deps.trust.require();
  const nowMs = deps.clock.nowMs();
  const held = await verifyGrant(trust, envelope, nowMs);
  await deps.store.tx("grant.put", async (tx) => {
    await addGrant(tx, held.grant.id, { sha256: held.sha256, envelope, signers: held.signers }, nowMs);
    const note = { actor, object: held.grant.id, digest: held.sha256, decision: "allowed" } as const;
    await audit(tx, nowMs, { ...note, action: "grant.put" });
    for (const signature of marksOf(envelope, held.sha256, held.kids)) {
      const onBehalfOf = trust.personOf(signature.kid)?.id ?? signature.kid;
      await audit(tx, nowMs, { ...note, action: "grant.sign", onBehalfOf, signature });
    }
  });
  return held;
}

/** The newest grant of that name as it stands now: signed under the keys in force, and valid. It outlives inventories. */
export async function usableGrant(deps: SubmitDeps, id: GrantId): Promise<HeldGrant> {
  const { state } = deps.trust.requireInventory();
  const row = await grantNamed(deps.store, id);
  if (!row) throw new FarhandError("NOT_FOUND", `no grant ${id}`);
  return verifyGrant(state.trust, row.envelope, deps.clock.nowMs());
}

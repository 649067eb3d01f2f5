import { marksOf } from "../shared/audit/entry.ts";
import { fromBase64url, sha256 } from "../shared/bytes.ts";
import type { Clock } from "../shared/clock.ts";
import type { Adoption } from "../shared/documents/adoption.ts";
import { openEnvelope, type Envelope } from "../shared/envelope.ts";
import { FarhandError } from "../shared/errors.ts";
import type { Store } from "../shared/store.ts";
import { verifyAdoption } from "../shared/verify/hands.ts";
import { addAdoption, hasAdoption, lastAdoptedAt, wasCollected } from "./store/adoptions.ts";
import { audit } from "./store/audit.ts";
import type { TrustHolder } from "./trust.ts";

const AHEAD_SECONDS_MAX = 120;

/** Takes a person's word that what was collected is as it should be. Nothing is sent to any device or agent: it is what people compare with. */
export async function acceptAdoption(
  deps: { readonly store: Store; readonly clock: Clock; readonly trust: TrustHolder },
  envelope: Envelope,
  actor: string,
): Promise<Adoption> {
  const { state, inventory } = deps.trust.requireInventory();
  const { trust } = state;
  const adoption = await verifyAdoption(envelope, { trust, inventory });
  const { device, config, owner, reason, iat, from } = adoption;
  const nowMs = deps.clock.nowMs();
  if (iat > nowMs / 1000 + AHEAD_SECONDS_MAX) throw new FarhandError("NOT_YET_VALID", `signed at ${iat}`);
  const { kids } = await openEnvelope("farhand-adoption+jws", envelope, trust.personKey);
  const digest = sha256(fromBase64url(envelope.payload));
  await deps.store.tx("adoption.put", async (tx) => {
    if (await hasAdoption(tx, digest)) return;
    if (!(await wasCollected(tx, device, config)))
      throw new FarhandError("NOT_FOUND", `no configuration ${config.slice(0, 12)} of ${device}`);
    if (iat <= (await lastAdoptedAt(tx, device)))
      throw new FarhandError("CONFLICT", `a newer configuration of ${device} was adopted`);
    await addAdoption(tx, { sha256: digest, device, config, owner, reason, iat, envelope }, nowMs);
    for (const signature of marksOf(envelope, digest, kids))
      await audit(tx, nowMs, {
        actor,
        onBehalfOf: owner,
        action: "device.adopt",
        object: device,
        digest,
        signature,
        decision: "allowed",
        detail: `${from?.slice(0, 12) ?? "nothing"} to ${config.slice(0, 12)}: ${reason}`,
      });
  });
  return adoption;
}

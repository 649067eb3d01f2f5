import { marksOf } from "../shared/audit/entry.ts";
import { fromBase64url, sha256 } from "../shared/bytes.ts";
import type { Clock } from "../shared/clock.ts";
import { Hold, holdText } from "../shared/documents/hold.ts";
import { envelopeBytes, openEnvelope, peekPayload, readAs, type Envelope } from "../shared/envelope.ts";
import { FarhandError } from "../shared/errors.ts";
import type { DeviceId, Digest, SiteId } from "../shared/ids.ts";
import type { Store, Tx } from "../shared/store.ts";
import { isHeld, verifyHold } from "../shared/verify/hands.ts";
import { encodeDown } from "../shared/wire/messages.ts";
import { audit } from "./store/audit.ts";
import { holdsAt, newestHold, putHold } from "./store/holds.ts";
import type { TrustHolder } from "./trust.ts";

type Deps = { readonly store: Store; readonly clock: Clock; readonly trust: TrustHolder };

/** Generations are times, as the tool makes them: one from far ahead could be lifted by nothing that anybody signs. */
const AHEAD_SECONDS_MAX = 86_400;

/**
 * Takes a hold, or what lifts one. This hub can make neither, and each agent checks all of this again; it is checked here so that a person
 * hears of it at once and the log says who keeps hands off what.
 */
export async function acceptHold(deps: Deps, envelope: Envelope, actor: string): Promise<Hold> {
  const { state, inventory } = deps.trust.requireInventory();
  const { trust } = state;
  const nowMs = deps.clock.nowMs();
  const hold = await verifyHold(envelope, { trust, inventory });
  const { device, site, generation, held, exp, owner } = hold;
  if (held && !isHeld(hold, nowMs)) throw new FarhandError("EXPIRED", `it ends at ${exp}`);
  if (generation > nowMs / 1000 + AHEAD_SECONDS_MAX)
    throw new FarhandError("NOT_YET_VALID", `generation ${generation} is of a time to come`);
  const { kids } = await openEnvelope("farhand-hold+jws", envelope, trust.personKey);
  const digest = sha256(fromBase64url(envelope.payload));
  await deps.store.tx("hold.put", async (tx) => {
    const newest = await newestHold(tx, device);
    if (newest?.sha256 === digest) return;
    if (newest && generation <= newest.generation)
      throw new FarhandError("CONFLICT", `somebody signed a newer word on ${device}: farhand device list shows it`);
    await putHold(tx, { device, site, generation, sha256: digest, envelope }, nowMs);
    for (const signature of marksOf(envelope, digest, kids))
      await audit(tx, nowMs, {
        actor,
        onBehalfOf: owner,
        action: held ? "device.hold" : "device.release",
        object: device,
        digest,
        signature,
        decision: "allowed",
        detail: holdText(hold),
      });
  });
  return hold;
}

/** All words on the site's devices that were not sent in this session yet; also those that lift: the agent may still know what they lift. */
export async function holdFrames(
  { store }: Pick<Deps, "store">,
  site: SiteId,
  told: ReadonlySet<Digest>,
): Promise<{ readonly sha256: Digest; readonly frame: Uint8Array }[]> {
  const rows = await store.read((tx) => holdsAt(tx, site));
  return rows
    .filter((row) => !told.has(row.sha256))
    .map((row) => ({ sha256: row.sha256, frame: encodeDown("hold", {}, envelopeBytes(row.envelope)) }));
}

/** What stands on the device now. */
export async function standingHold(
  tx: Pick<Tx, "get" | "all">,
  device: DeviceId,
  nowMs: number,
): Promise<Hold | undefined> {
  const row = await newestHold(tx, device);
  const hold = row && readAs(Hold, peekPayload(row.envelope));
  return hold && isHeld(hold, nowMs) ? hold : undefined;
}

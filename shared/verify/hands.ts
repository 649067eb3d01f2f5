import { Hold } from "../documents/hold.ts";
import { Readmission } from "../documents/readmission.ts";
import type { Role } from "../documents/keys.ts";
import { readAs, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { AgentId, SiteId } from "../ids.ts";
import { holdsRole, type InventoryView, type TrustStore } from "../trust.ts";
import { openSigned } from "./revoked.ts";
import type { TimeBound } from "./time.ts";

/** Who works at a site may keep others' hands off its devices. */
const HOLDERS: readonly Role[] = ["author", "approver", "oncall", "siteoperator"];

/** A hold that its owner signed, for a device that stands at its site. */
export async function verifyHold(
  envelope: Envelope,
  context: { readonly trust: TrustStore; readonly inventory: InventoryView; readonly site?: SiteId },
): Promise<Hold> {
  const { trust, inventory } = context;
  const opened = await openSigned("farhand-hold+jws", envelope, trust);
  const hold = readAs(Hold, opened.value);
  if (hold.org !== trust.org) throw new FarhandError("WRONG_ORG");
  if (context.site !== undefined && hold.site !== context.site) throw new FarhandError("WRONG_SITE", hold.site);
  const device = inventory.device(hold.device);
  if (device?.site !== hold.site) throw new FarhandError("INVENTORY_MISMATCH", `no ${hold.device} at ${hold.site}`);
  const owner = opened.kids.map((kid) => trust.personOf(kid)).find((person) => person?.id === hold.owner);
  if (!owner) throw new FarhandError("SIGNATURE_MISSING", `${hold.owner} has not signed it`);
  if (!HOLDERS.some((role) => holdsRole(owner, role, [hold.site])))
    throw new FarhandError("FORBIDDEN", `${hold.owner} has no part at ${hold.site}`);
  return hold;
}

/** Whether it stands at this time: a clock set back does not lift it, one set forward does not either where it has no end. */
export const isHeld = (hold: Pick<Hold, "held" | "exp">, nowMs: number): boolean =>
  hold.held && (hold.exp === null || hold.exp * 1000 > nowMs);

const READMISSION_SECONDS_MAX = 7 * 86_400;

/** A keyadmin's word that this journal, in the epoch that its quarantine began, may take part again. */
export async function verifyReadmission(
  envelope: Envelope,
  context: { readonly trust: TrustStore; readonly agent: AgentId; readonly site: SiteId; readonly time: TimeBound },
): Promise<Readmission> {
  const { trust, agent, site, time } = context;
  const opened = await openSigned("farhand-readmission+jws", envelope, trust);
  const readmission = readAs(Readmission, opened.value);
  if (readmission.org !== trust.org) throw new FarhandError("WRONG_ORG");
  if (readmission.agent !== agent) throw new FarhandError("WRONG_AGENT", readmission.agent);
  const isKeyadmin = opened.kids.some((kid) => {
    const person = trust.personOf(kid);
    return person !== undefined && holdsRole(person, "keyadmin", [site]);
  });
  if (!isKeyadmin) throw new FarhandError("FORBIDDEN", "no keyadmin has signed it");
  const { iat, exp } = readmission;
  if (exp <= iat || exp - iat > READMISSION_SECONDS_MAX) throw new FarhandError("LIFETIME", "readmission");
  const nowMs = Math.max(time.nowMs, time.floorMs);
  if (iat * 1000 > nowMs + time.errorMs + 120_000) throw new FarhandError("NOT_YET_VALID");
  if (exp * 1000 <= nowMs - time.errorMs) throw new FarhandError("EXPIRED");
  return readmission;
}

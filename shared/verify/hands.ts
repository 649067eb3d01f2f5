import { Adoption } from "../documents/adoption.ts";
import { Hold } from "../documents/hold.ts";
import { Readmission } from "../documents/readmission.ts";
import type { Role } from "../documents/keys.ts";
import { readAs, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { AgentId, KeyId, SiteId } from "../ids.ts";
import { holdsRole, type InventoryView, type TrustStore } from "../trust.ts";
import { openSigned } from "./revoked.ts";
import type { TimeBound } from "./time.ts";

/** Who works at a site may keep others' hands off its devices. */
const HOLDERS: readonly Role[] = ["author", "approver", "oncall", "siteoperator"];

interface HandsContext {
  readonly trust: TrustStore;
  readonly inventory: InventoryView;
  readonly site?: SiteId;
}

/** A hold that its owner signed, for a device that stands at its site. */
export async function verifyHold(envelope: Envelope, context: HandsContext): Promise<Hold> {
  const opened = await openSigned("farhand-hold+jws", envelope, context.trust);
  const hold = readAs(Hold, opened.value);
  checkOwner(hold, opened.kids, context);
  return hold;
}

/** An adoption likewise. */
export async function verifyAdoption(envelope: Envelope, context: HandsContext): Promise<Adoption> {
  const opened = await openSigned("farhand-adoption+jws", envelope, context.trust);
  const adoption = readAs(Adoption, opened.value);
  checkOwner(adoption, opened.kids, context);
  return adoption;
}

function checkOwner(
  word: Pick<Hold, "org" | "site" | "device" | "owner">,
  kids: readonly KeyId[],
  { trust, inventory, site }: HandsContext,
): void {
  if (word.org !== trust.org) throw new FarhandError("WRONG_ORG");
  if (site !== undefined && word.site !== site) throw new FarhandError("WRONG_SITE", word.site);
  const device = inventory.device(word.device);
  if (device?.site !== word.site) throw new FarhandError("INVENTORY_MISMATCH", `no ${word.device} at ${word.site}`);
  const owner = kids.map((kid) => trust.personOf(kid)).find((person) => person?.id === word.owner);
  if (!owner) throw new FarhandError("SIGNATURE_MISSING", `${word.owner} has not signed it`);
  if (!HOLDERS.some((role) => holdsRole(owner, role, [word.site])))
    throw new FarhandError("FORBIDDEN", `${word.owner} has no part at ${word.site}`);
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

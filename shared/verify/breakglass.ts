import { sha256 } from "../bytes.ts";
import { BREAKGLASS_LIFETIME_SECONDS_MAX, Breakglass } from "../documents/breakglass.ts";
import { hasDeviceTimer } from "../documents/common.ts";
import type { Policy } from "../documents/keys.ts";
import type { Manifest } from "../documents/manifest.ts";
import type { Warrant } from "../documents/warrant.ts";
import { readAs, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { AgentId, Digest, KeyId, PersonId, SiteId } from "../ids.ts";
import { authorise, holdsRole, type TrustStore } from "../trust.ts";
import { openSigned, type LoggedSignature, type RevocationMemory } from "./revoked.ts";
import { checkValidity, type TimeBound } from "./time.ts";

export interface VerifiedBreakglass {
  readonly breakglass: Breakglass;
  readonly digest: Digest;
  /** Who signed it in calm. */
  readonly signers: readonly PersonId[];
}

export interface BreakglassContext {
  readonly trust: TrustStore;
  readonly time: TimeBound;
  readonly memory?: RevocationMemory;
  readonly logged?: readonly LoggedSignature[];
}

/** The permission itself: signed by as many as a change at its site needs, still valid. The hub and the tool check it with this too. */
export async function verifyBreakglass(envelope: Envelope, context: BreakglassContext): Promise<VerifiedBreakglass> {
  const { trust } = context;
  const opened = await openSigned("farhand-breakglass+jws", envelope, trust, context.memory, context.logged);
  const breakglass = readAs(Breakglass, opened.value);
  if (breakglass.org !== trust.org) throw new FarhandError("WRONG_ORG");
  if (breakglass.keysVersion > trust.keys.document.version) throw new FarhandError("KEYS_VERSION", "break-glass");
  const policy = policyOf(trust, breakglass);
  checkValidity(breakglass, context.time, BREAKGLASS_LIFETIME_SECONDS_MAX);
  const { author, site } = breakglass;
  const { signers } = authorise(trust, opened.kids, { author, sites: [site], policy, risk: "change" }, (kid) =>
    trust.ownerOf(kid),
  );
  return { breakglass, digest: sha256(opened.bytes), signers };
}

function policyOf(trust: TrustStore, { policy, site }: Pick<Breakglass, "policy" | "site">): Policy {
  const governing = trust.policyOf(site);
  if (governing?.id !== policy.id || governing.version !== policy.version)
    throw new FarhandError("POLICY_UNKNOWN", `site ${site} is governed by another policy than the break-glass names`);
  return governing;
}

export interface BreakglassUse {
  readonly warrant: Warrant;
  readonly manifest: Manifest;
  /** Keys whose signatures over the warrant count. */
  readonly kids: readonly KeyId[];
  readonly agent: AgentId;
  readonly site: SiteId;
}

/**
 * One on-call person alone, for as long as it says, at its site and on its agents, where the device undoes it by itself. Returns who that
 * is. That it is used once is the journal's to hold, and that nothing is destructive follows from the risk that the agent derives.
 */
export function checkUse({ breakglass, digest }: VerifiedBreakglass, use: BreakglassUse, trust: TrustStore): PersonId {
  const { warrant, manifest } = use;
  const refuse = (detail: string): never => {
    throw new FarhandError("BREAKGLASS", detail);
  };
  if (warrant.breakglass !== digest) refuse("the warrant names another one");
  if (warrant.sites.some((site) => site !== breakglass.site) || use.site !== breakglass.site)
    refuse(`it is for site ${breakglass.site}`);
  if (!breakglass.agents.includes(use.agent)) refuse(`agent ${use.agent} is not in it`);
  if (manifest.agents.some((agent) => !breakglass.agents.includes(agent))) refuse("a standby is not in it");
  if (warrant.kind !== "change" || warrant.risk !== "change") refuse("it covers a change, and nothing destructive");
  if (warrant.reason === "") refuse("a use says why, in its reason");
  if (warrant.attemptsMax !== 1) refuse("one attempt");
  if (warrant.exp - warrant.iat > breakglass.useSecondsMax) refuse(`${breakglass.useSecondsMax} seconds at most`);
  if (warrant.iat < breakglass.iat || warrant.exp > breakglass.exp) refuse("the warrant does not lie within its time");
  const weak = manifest.tasks.find((task) => task.kind !== "change" || !hasDeviceTimer(task.level));
  if (weak) refuse(`${weak.device}: it needs a device timer, level A to C`);
  const author = use.kids.map((kid) => trust.ownerOf(kid)).find((person) => person?.id === warrant.author);
  if (!author || !breakglass.oncall.includes(author.id) || !holdsRole(author, "oncall", [breakglass.site]))
    throw new FarhandError("BREAKGLASS", `${warrant.author} is not on call in it, or has not signed`);
  return author.id;
}

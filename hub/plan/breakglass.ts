import { marksOf } from "../../shared/audit/entry.ts";
import { hasDeviceTimer } from "../../shared/documents/common.ts";
import type { Manifest } from "../../shared/documents/manifest.ts";
import type { PlannedDevice } from "../../shared/documents/receipt.ts";
import type { Warrant } from "../../shared/documents/warrant.ts";
import { openEnvelope, type Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest, KeyId } from "../../shared/ids.ts";
import { holdsRole, type TrustStore } from "../../shared/trust.ts";
import { checkUse, verifyBreakglass, type VerifiedBreakglass } from "../../shared/verify/breakglass.ts";
import type { JobRequest } from "../api/contract/views.ts";
import { audit } from "../store/audit.ts";
import { addBreakglass, breakglassByDigest } from "../store/breakglass.ts";
import type { BuiltManifest } from "./manifests.ts";
import type { SubmitDeps } from "./prepared.ts";

type ChangeRequest = Extract<JobRequest, { kind: "change" }>;

const refuse = (detail: string): never => {
  throw new FarhandError("BREAKGLASS", detail);
};

/** Each agent checks all of this again; the hub does so that a person hears of it in calm. */
export async function acceptBreakglass(
  deps: SubmitDeps,
  envelope: Envelope,
  actor: string,
): Promise<VerifiedBreakglass> {
  const { trust } = deps.trust.require();
  const nowMs = deps.clock.nowMs();
  const { kids } = await openEnvelope("farhand-breakglass+jws", envelope, trust.personKey);
  const held = await verifyBreakglass(envelope, { trust, time: { nowMs, errorMs: 0, floorMs: 0 } });
  const { breakglass, digest, signers } = held;
  const { id, site } = breakglass;
  await deps.store.tx("breakglass.put", async (tx) => {
    await addBreakglass(tx, { sha256: digest, id, site, envelope, signers }, nowMs);
    const note = { actor, object: `${site} ${id}`, digest, decision: "allowed" } as const;
    await audit(tx, nowMs, { ...note, action: "breakglass.put", detail: breakglass.reason });
    for (const signature of marksOf(envelope, digest, kids)) {
      const onBehalfOf = trust.personOf(signature.kid)?.id ?? signature.kid;
      await audit(tx, nowMs, { ...note, action: "breakglass.sign", onBehalfOf, signature });
    }
  });
  return held;
}

/** As it stands now: signed under the keys in force, and valid. */
export async function usableBreakglass(deps: SubmitDeps, sha256: Digest): Promise<VerifiedBreakglass> {
  const row = await breakglassByDigest(deps.store, sha256);
  if (!row) throw new FarhandError("NOT_FOUND", `no break-glass ${sha256}`);
  const { trust } = deps.trust.require();
  return verifyBreakglass(row.envelope, { trust, time: { nowMs: deps.clock.nowMs(), errorMs: 0, floorMs: 0 } });
}

/** What can be known before the agents plan; checkUse asks all of it once more, of the warrant. */
export function checkRequest(
  { breakglass }: VerifiedBreakglass,
  request: ChangeRequest,
  planned: readonly BuiltManifest[],
  trust: TrustStore,
): void {
  const person = trust.person(request.author);
  if (!person || !breakglass.oncall.includes(person.id) || !holdsRole(person, "oncall", [breakglass.site]))
    refuse(`${request.author} is not on call in it`);
  if (request.reason === "") refuse("a use says why, in its reason");
  if (request.waves || request.notBefore !== undefined) refuse("it is used now, in one wave");
  if ((request.attemptsMax ?? 1) !== 1) refuse("one attempt");
  for (const { manifest } of planned) {
    if (manifest.site !== breakglass.site) refuse(`it is for site ${breakglass.site}`);
    if (manifest.agents.some((agent) => !breakglass.agents.includes(agent)))
      refuse(`agent ${manifest.agents.join(", ")} is not in it`);
  }
  if (planned.length !== 1) refuse("it is used once, so for no more devices than one manifest holds");
}

/** How long its warrant may live from now. */
export function lifetimeOf({ breakglass }: VerifiedBreakglass, asked: number | undefined, nowMs: number): number {
  const left = breakglass.exp - Math.floor(nowMs / 1000);
  return Math.min(asked ?? breakglass.useSecondsMax, breakglass.useSecondsMax, left);
}

export function checkPlans(plans: Iterable<PlannedDevice>, isDestructive: boolean): void {
  if (isDestructive) refuse("it covers a change, and nothing destructive");
  for (const { device, level } of plans)
    if (!hasDeviceTimer(level)) refuse(`${device}: it needs a device timer, level A to C; this is ${level}`);
}

/** Whether these signatures let the warrant run, under the break-glass that it names. */
export function isUse(
  held: VerifiedBreakglass,
  of: { readonly warrant: Warrant; readonly manifests: readonly Manifest[]; readonly kids: readonly KeyId[] },
  trust: TrustStore,
): void {
  for (const manifest of of.manifests) {
    const [agent] = manifest.agents;
    if (agent === undefined) throw new FarhandError("INTERNAL", "a manifest for no agent");
    checkUse(held, { warrant: of.warrant, manifest, kids: of.kids, agent, site: manifest.site }, trust);
  }
}

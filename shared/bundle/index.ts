import { sha256 } from "../bytes.ts";
import { BundleIndex, type BreakglassIndex, type InboundIndex, type OutboundIndex } from "../documents/bundle.ts";
import { openEnvelope, readAs, type Envelope, type KeyLookup } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { AgentId, Digest, KeyId, OrgId, SiteId } from "../ids.ts";
import { holdsRole, type TrustStore } from "../trust.ts";

/** An index of a direction, as a trusted key signed it. */
export interface Opened<T> {
  readonly index: T;
  readonly digest: Digest;
  readonly kids: readonly KeyId[];
}

async function opened(envelope: Envelope, lookup: KeyLookup): Promise<Opened<BundleIndex>> {
  const { bytes, value, kids } = await openEnvelope("farhand-bundle+jws", envelope, lookup);
  return { index: readAs(BundleIndex, value), digest: sha256(bytes), kids };
}

export async function openInbound(envelope: Envelope, lookup: KeyLookup): Promise<Opened<InboundIndex>> {
  const { index, ...rest } = await opened(envelope, lookup);
  if (index.direction !== "in") throw new FarhandError("BUNDLE_SHAPE", "it does not come from the hub");
  return { ...rest, index };
}

export async function openOutbound(envelope: Envelope, lookup: KeyLookup): Promise<Opened<OutboundIndex>> {
  const { index, ...rest } = await opened(envelope, lookup);
  if (index.direction !== "out") throw new FarhandError("BUNDLE_SHAPE", "it is on its way to an agent, not to the hub");
  return { ...rest, index };
}

/** What an on-call person brings: whose key that is must be whom the index names, on call at the site. Throws BUNDLE_ADMISSION. */
export async function openOncall(envelope: Envelope, trust: TrustStore): Promise<Opened<BreakglassIndex>> {
  const { index, ...rest } = await opened(envelope, trust.personKey);
  if (index.direction !== "breakglass") throw new FarhandError("BUNDLE_SHAPE", "no on-call person brings this");
  const person = rest.kids.map((kid) => trust.personOf(kid)).find((owner) => owner?.id === index.oncall);
  if (!person || !holdsRole(person, "oncall", [index.site]))
    throw new FarhandError("BUNDLE_ADMISSION", `${index.oncall} is not on call at ${index.site}`);
  return { ...rest, index };
}

export function checkPlace(
  index: { readonly org: OrgId; readonly site: SiteId; readonly agent: AgentId },
  own: { readonly org: OrgId; readonly site: SiteId; readonly agent: AgentId },
): void {
  if (index.org !== own.org) throw new FarhandError("WRONG_ORG", index.org);
  if (index.site !== own.site) throw new FarhandError("WRONG_SITE", `for ${index.site}; this is ${own.site}`);
  if (index.agent !== own.agent) throw new FarhandError("WRONG_AGENT", `for ${index.agent}; this is ${own.agent}`);
}

/** One bundle by number and digest of its index. */
export interface Mark {
  readonly number: number;
  readonly sha256: Digest;
}

/**
 * Each bundle carries all that the other side has not acknowledged, so a lost stick costs time and nothing else: the next one is
 * taken in its place, and those that never came are given back by number. What came once, or is older, is refused.
 */
export function checkOrder(
  index: Pick<InboundIndex, "number" | "prev">,
  digest: Digest,
  last: Mark | null,
): { readonly first: number; readonly last: number } | null {
  const { number, prev } = index;
  if (last && number <= last.number) {
    const again = number === last.number && digest === last.sha256;
    throw new FarhandError(
      "BUNDLE_ORDER",
      again ? `number ${number} was taken in already` : `number ${number}; number ${last.number} was taken in before`,
    );
  }
  const expected = (last?.number ?? 0) + 1;
  if (number > expected) return { first: expected, last: number - 1 };
  if (prev !== (last?.sha256 ?? null))
    throw new FarhandError("BUNDLE_ORDER", `number ${number} does not follow the number ${number - 1} that is held`);
  return null;
}

/** What the sender says that it has taken in must be what was sent: `sent` finds the digest of a number. */
export function checkSeen(
  seen: Mark | null,
  sent: Digest | undefined,
  lastSent: number,
): { readonly first: number; readonly last: number } | null {
  if (seen && (seen.number > lastSent || (sent !== undefined && sent !== seen.sha256)))
    throw new FarhandError("BUNDLE_ORDER", `it acknowledges a number ${seen.number} that was not sent from here`);
  const acknowledged = seen?.number ?? 0;
  return acknowledged < lastSent ? { first: acknowledged + 1, last: lastSent } : null;
}

import { z } from "zod";
import { AgentId, Digest, EpochSeconds, OrgId, PersonId, SiteId } from "../ids.ts";
import { Epoch } from "../wire/epoch.ts";
import { Lane } from "../wire/lane.ts";
import { Authority } from "./offer.ts";

/** What an entry of a bundle is. Bodies follow the index in this order, known only by digest and length: there are no names and no paths. */
export const BundleEntry = z.discriminatedUnion("kind", [
  /** A file of the trust repository: TUF metadata or a target. */
  z.strictObject({ kind: z.literal("trust"), sha256: Digest, bytes: z.int().min(0), role: z.string().max(63) }),
  z.strictObject({
    kind: z.enum([
      "authority",
      "manifest",
      "text",
      "credential",
      "hold",
      "grant",
      "breakglass",
      "cancel",
      "checkpoint",
      "records",
    ]),
    sha256: Digest,
    bytes: z.int().min(0),
  }),
]);
export type BundleEntry = z.infer<typeof BundleEntry>;

/** Takes the offer's place where there is no line: the hub's numbers for one (manifest, attempt). */
export const BundledWork = z.strictObject({
  authority: Authority,
  /** Digest of the entry that holds the authority's envelope. */
  envelope: Digest,
  manifest: Digest,
  attempt: z.int().min(1).max(10),
  sequence: z.int().min(1),
  fence: z.int().min(1),
});
export type BundledWork = z.infer<typeof BundledWork>;

const LaneMark = z.strictObject({ lane: Lane, first: z.int().min(0), last: z.int().min(0) });
const LaneAck = z.strictObject({ lane: Lane, acked: z.int().min(0), released: z.int().min(0) });

const common = {
  type: z.literal("bundle"),
  v: z.literal(1),
  org: OrgId,
  site: SiteId,
  agent: AgentId,
  /** Gapless for each agent and direction; a lower one is a replay, a higher one than the next names a stick that was withheld. */
  number: z.int().min(1),
  /** Digest of the index payload before this one, in the same direction. */
  prev: Digest.nullable(),
  /** The last index of the other direction that the sender has taken in. */
  seen: z.strictObject({ number: z.int().min(1), sha256: Digest }).nullable(),
  iat: EpochSeconds,
  exp: EpochSeconds,
  entries: z.array(BundleEntry).max(20_000),
} as const;

/** Hub to agent, signed by the hub. */
export const InboundIndex = z.strictObject({
  ...common,
  direction: z.literal("in"),
  work: z.array(BundledWork).max(2000),
  acks: z.strictObject({ epoch: Epoch, lanes: z.array(LaneAck).max(8) }).nullable(),
});
export type InboundIndex = z.infer<typeof InboundIndex>;

/** Agent to hub: signed by the agent; entries are encrypted to the hub's evidence key in keys.json. */
export const OutboundIndex = z.strictObject({
  ...common,
  direction: z.literal("out"),
  epoch: Epoch,
  lanes: z.array(LaneMark).max(8),
});
export type OutboundIndex = z.infer<typeof OutboundIndex>;

/**
 * On-call person to agent, where the hub is dead: one plan under a grant, or one change under the break-glass. It knows none of the hub's
 * numbers, acknowledges nothing and brings no trust: whoever is on call can only add what others signed for.
 */
export const BreakglassIndex = z.strictObject({
  type: common.type,
  v: common.v,
  org: common.org,
  site: common.site,
  agent: common.agent,
  iat: common.iat,
  exp: common.exp,
  entries: z.array(BundleEntry).max(500),
  direction: z.literal("breakglass"),
  /** Whose key signs this index: it stands where a site operator's admission would. */
  oncall: PersonId,
  /** Digest of the entry that holds the break-glass's envelope. */
  breakglass: Digest,
  work: BundledWork.pick({ authority: true, envelope: true, manifest: true }),
});
export type BreakglassIndex = z.infer<typeof BreakglassIndex>;

export const BundleIndex = z.discriminatedUnion("direction", [InboundIndex, OutboundIndex, BreakglassIndex]);
export type BundleIndex = z.infer<typeof BundleIndex>;

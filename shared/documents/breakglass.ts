import { z } from "zod";
import { AgentId, BreakglassId, OrgId, PersonId, PolicyId, SiteId } from "../ids.ts";
import { Validity } from "./common.ts";

/**
 * Signed in calm by the site policy's threshold for a change: afterwards one on-call key may author a change at this site alone, once for
 * each agent, where a device timer can undo it. A permission and never a bypass: its warrant is verified like any other.
 */
export const Breakglass = z.strictObject({
  type: z.literal("breakglass"),
  v: z.literal(1),
  org: OrgId,
  id: BreakglassId,
  author: PersonId,
  policy: z.strictObject({ id: PolicyId, version: z.int().min(1) }),
  keysVersion: z.int().min(1),
  site: SiteId,
  agents: z.array(AgentId).min(1).max(16),
  /** Any one of these, holding the on-call role at the site, may use it. */
  oncall: z.array(PersonId).min(1).max(32),
  /** Longest lifetime of the warrant that uses it. */
  useSecondsMax: z.int().min(60).max(86_400),
  reason: z.string().min(1).max(2000),
  ...Validity,
});
export type Breakglass = z.infer<typeof Breakglass>;

export const BREAKGLASS_LIFETIME_SECONDS_MAX = 90 * 86_400;

import { z } from "zod";
import { AgentId, EpochSeconds, OrgId } from "../ids.ts";
import { Epoch } from "../wire/epoch.ts";

/** A keyadmin's way out of quarantine for an agent whose state went backwards: what was signed before `iat` stays refused. */
export const Readmission = z.strictObject({
  type: z.literal("readmission"),
  v: z.literal(1),
  org: OrgId,
  agent: AgentId,
  /** The journal epoch that is readmitted: another restored copy needs another signature. */
  epoch: Epoch,
  reason: z.string().min(1).max(500),
  iat: EpochSeconds,
  exp: EpochSeconds,
});
export type Readmission = z.infer<typeof Readmission>;

import { z } from "zod";
import { AgentId, KeyId, OrgId, SiteId } from "../ids.ts";
import { BoxPublicKey, SigningPublicKey } from "../keys.ts";

export const AgentEntry = z.strictObject({
  id: AgentId,
  site: SiteId,
  kid: KeyId,
  signKey: SigningPublicKey,
  boxKey: BoxPublicKey,
  /** A banned agent keeps its entry: its id is spent, and it learns of the ban from this very document. */
  status: z.enum(["active", "banned"]),
  /** Why it was banned, in the words of the keyadmin. */
  reason: z.string().min(1).max(200).optional(),
});
export type AgentEntry = z.infer<typeof AgentEntry>;

/** agents.json: agents' keys, countersigned by keyadmin so that a hub cannot substitute one. */
export const Agents = z.strictObject({
  type: z.literal("agents"),
  v: z.literal(1),
  org: OrgId,
  version: z.int().min(1),
  agents: z.array(AgentEntry).max(20_000),
});
export type Agents = z.infer<typeof Agents>;

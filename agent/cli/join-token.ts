import { z } from "zod";
import { fromBase64url } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import { AgentId, Digest, OrgId, SiteId } from "../../shared/ids.ts";

/** What `farhand agent invite` prints: where the hub is, and how this agent knows it from another. */
export const JoinToken = z.strictObject({
  v: z.literal(1),
  url: z.url({ protocol: /^https$/ }).max(2048),
  ca: z.string().min(1).max(65_536),
  org: OrgId,
  site: SiteId,
  agent: AgentId,
  /** Fingerprint of the root.json that the inviting person trusted. */
  root: Digest,
  id: z.string().min(1).max(64),
  secret: z.string().min(1).max(128),
});
export type JoinToken = z.infer<typeof JoinToken>;

export function readToken(text: string): JoinToken {
  try {
    return JoinToken.parse(JSON.parse(new TextDecoder().decode(fromBase64url(text.trim()))));
  } catch (error) {
    throw new FarhandError("JOIN_TOKEN", "not a join token", { cause: error });
  }
}

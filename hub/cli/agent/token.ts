import { toBase64url, utf8 } from "../../../shared/bytes.ts";
import type { AgentId, Digest, OrgId, SiteId } from "../../../shared/ids.ts";

/** What an agent needs to enrol. `root` pins root.json: whoever holds the token trusts what the operator trusted, not the hub. */
export interface JoinToken {
  readonly v: 1;
  readonly url: string;
  /** PEM of the hub's CA. */
  readonly ca: string;
  readonly org: OrgId;
  readonly site: SiteId;
  readonly agent: AgentId;
  /** Its fingerprint. */
  readonly root: Digest;
  readonly id: string;
  readonly secret: string;
}

export const encodeJoinToken = (token: JoinToken): string => toBase64url(utf8(JSON.stringify(token)));

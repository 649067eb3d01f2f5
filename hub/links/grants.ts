import { fromBase64url, parseCanonical } from "../../shared/bytes.ts";
import { Grant } from "../../shared/documents/grant.ts";
import { readAs, type Envelope } from "../../shared/envelope.ts";
import type { Digest, GrantId, SiteId } from "../../shared/ids.ts";
import { listGrants } from "../store/documents.ts";
import type { LinkDeps } from "./deps.ts";

/** Grants that this site's agent carries out by its own clock and was not told of in this session; of each name the one signed last. */
export async function scheduledGrants(
  deps: Pick<LinkDeps, "store" | "clock">,
  site: SiteId,
  told: ReadonlySet<Digest>,
): Promise<{ readonly sha256: Digest; readonly envelope: Envelope }[]> {
  const nowSeconds = deps.clock.nowMs() / 1000;
  const newest = new Map<GrantId, { grant: Grant; sha256: Digest; envelope: Envelope }>();
  for (const { sha256, envelope } of await listGrants(deps.store)) {
    const grant = readAs(Grant, parseCanonical(fromBase64url(envelope.payload)));
    const held = newest.get(grant.id);
    if (held && held.grant.iat >= grant.iat) continue;
    newest.set(grant.id, { grant, sha256, envelope });
  }
  return [...newest.values()]
    .filter(
      ({ grant, sha256 }) =>
        grant.schedule && grant.sites.includes(site) && grant.exp > nowSeconds && !told.has(sha256),
    )
    .map(({ sha256, envelope }) => ({ sha256, envelope }));
}

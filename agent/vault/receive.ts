import { parseEnvelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import { CredentialName, type AgentId, type Digest, type SiteId } from "../../shared/ids.ts";
import type { PrivateJwk } from "../../shared/keys.ts";
import { openCredential } from "../../shared/sealed-credential.ts";
import type { TrustStore } from "../../shared/trust.ts";
import type { TimeBound } from "../../shared/verify/time.ts";
import { verifyCredential } from "../../shared/verify/credential.ts";
import type { Vault } from "./vault.ts";

export interface Receiver {
  readonly vault: Pick<Vault, "take">;
  readonly trust: TrustStore;
  readonly site: SiteId;
  readonly agent: AgentId;
  readonly time: TimeBound;
  /** This agent's X25519 key, whose public half a keyadmin countersigned. */
  readonly box: PrivateJwk;
}

/** What came of a sealed credential: told to the hub, never the value. */
export interface Received {
  readonly kind: "credential" | "secret";
  readonly name: CredentialName;
  readonly version: number;
  readonly document: Digest;
  /** `held`: it is the one that brought the current version. */
  readonly outcome: "taken" | "held";
}

/**
 * Takes a sealed credential, from the hub or from a file: who signed it, for whom, until when, whether it opens here, and last whether its
 * version is higher than any held. Committed when it returns; throws with a stable code, and then nothing has changed.
 */
export async function receiveCredential(bytes: Uint8Array, receiver: Receiver): Promise<Received> {
  const { vault, trust, site, agent, time, box } = receiver;
  const { document, digest } = await verifyCredential(parseEnvelope(bytes), { trust, time, audience: { site, agent } });
  const { kind, version } = document.context;
  const name = CredentialName.safeParse(document.context.name);
  if (!name.success) throw new FarhandError("SCHEMA", "context.name");
  const opened = await openCredential(document.jwe, document.context, box);
  const outcome = await vault.take({ ...opened, name: name.data, version, source: digest });
  return { kind, name: name.data, version, document: digest, outcome };
}

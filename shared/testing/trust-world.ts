import type { Bytes } from "../bytes.ts";
import type { Signer } from "../keys.ts";
import { makeRoot, makeTimestamp, signMetadata, type RootSpec } from "../tuf/make.ts";
import type { TrustSet, TrustUpdate } from "../tuf/set.ts";
import { id, makeOrg } from "./org.ts";
import { makeTrustSet, type TrustSetSpec } from "./trust-set.ts";

const DAY_MS = 86_400_000;

/** An organisation whose trust repository tests rotate, roll back and forge. */
export async function makeTrustWorld() {
  const org = await makeOrg();
  const nowMs = org.nowSeconds * 1000;
  const held = org.view.set;
  const { kim } = org.people;
  const documents = {
    keys: org.keysEnvelope,
    agents: org.agentsEnvelope,
    inventory: org.inventoryEnvelope,
  } satisfies TrustSetSpec["documents"];

  const setOf = (over: Partial<TrustSetSpec> = {}): Promise<TrustSet> =>
    makeTrustSet({
      org: id.org,
      root: [org.root],
      keyadmins: [kim],
      hub: org.hub,
      nowSeconds: org.nowSeconds,
      documents,
      rootBytes: held.root,
      ...over,
    });

  /** The next root of the organisation, as `over` would have it, signed by `signers`. */
  async function rootOf(over: Partial<RootSpec>, signers: readonly Signer[]): Promise<Bytes> {
    const spec: RootSpec = {
      org: id.org,
      version: 2,
      expiresMs: nowMs + 365 * DAY_MS,
      root: { keys: [org.root.publicKey], threshold: 1 },
      keyadmin: { keys: [kim.publicKey], threshold: 1 },
      hub: [org.hub.publicKey],
      ...over,
    };
    return signMetadata("root", makeRoot(spec), signers);
  }

  async function timestampOf(
    over: { version?: number; expiresMs?: number; snapshot?: Bytes; signer?: Signer } = {},
  ): Promise<Bytes> {
    const { version = 2, expiresMs = nowMs + 7 * DAY_MS, snapshot = held.snapshot, signer = org.hub } = over;
    return signMetadata("timestamp", makeTimestamp({ version, expiresMs, snapshot }), [signer]);
  }

  const restOf = (set: TrustSet): TrustUpdate => ({
    timestamp: set.timestamp,
    snapshot: set.snapshot,
    targets: set.targets,
    documents: set.documents,
  });

  return { org, nowMs, at: { nowMs }, held, kim, documents, setOf, rootOf, timestampOf, restOf };
}

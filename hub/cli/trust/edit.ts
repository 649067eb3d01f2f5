import type { Bytes } from "../../../shared/bytes.ts";
import { Keys } from "../../../shared/documents/keys.ts";
import { peekPayload, readAs, signEnvelope, type Envelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { Signer } from "../../../shared/keys.ts";
import { openAgents, openInventory, openPinnedKeys, type TrustStore } from "../../../shared/trust.ts";
import { sha256, jcs } from "../../../shared/bytes.ts";
import { documentEnvelope } from "../../../shared/tuf/open.ts";
import type { HubClient } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import { handOver } from "./hand-over.ts";
import type { Trusted } from "./load.ts";
import { nextSet, type Changes } from "./next-set.ts";

export interface Edit {
  /** The next keys.json; its version is counted here. */
  readonly keys?: (held: Keys) => Keys;
  /** The next root.json, signed by as many root keys as are at hand. */
  readonly root?: Bytes;
  readonly signer: Signer;
}

/** What a keyadmin changes of the trust documents, as one set; what the former signers no longer vouch for is signed again. */
export async function publishEdit(cli: Cli, client: HubClient, trusted: Trusted, edit: Edit): Promise<boolean> {
  const { signer, root } = edit;
  const held = trusted.store.keys.document;
  const changes: { -readonly [K in keyof Changes]: Changes[K] } = {};
  let store = trusted.store;
  if (edit.keys) {
    const document = readAs(Keys, { ...edit.keys(held), version: held.version + 1 });
    changes.keys = await signEnvelope("farhand-keys+jws", document, [signer]);
    store = await keyadminsOnly(changes.keys, document);
  }
  const { agents, inventory } = trusted.view.set.documents;
  changes.agents = agents && (await again("farhand-agents+jws", documentEnvelope(agents), store, signer));
  changes.inventory = inventory && (await again("farhand-inventory+jws", documentEnvelope(inventory), store, signer));
  const update = await nextSet(trusted.view.set, changes, [signer], cli.clock.nowMs());
  return handOver(cli, client, trusted, { ...update, ...(root && { roots: [root] }) });
}

/** The signer must be a keyadmin of the document that it signs: else nothing that it signs later would hold. */
async function keyadminsOnly(envelope: Envelope, document: Keys): Promise<TrustStore> {
  try {
    return await openPinnedKeys(envelope, sha256(jcs(document)));
  } catch (error) {
    if (!(error instanceof FarhandError) || error.code !== "SIGNATURE_MISSING") throw error;
    throw new FarhandError("NO_AUTHOR", "this key is no keyadmin's in the next keys.json", { cause: error });
  }
}

/** The same document under this key, where nobody who signed it before may do so any more. */
async function again(
  type: "farhand-agents+jws" | "farhand-inventory+jws",
  envelope: Envelope,
  store: TrustStore,
  signer: Signer,
): Promise<Envelope | undefined> {
  try {
    if (type === "farhand-agents+jws") await openAgents(envelope, store);
    else await openInventory(envelope, store);
    return undefined;
  } catch (error) {
    if (!(error instanceof FarhandError)) throw error;
    return signEnvelope(type, peekPayload(envelope) as object, [signer]);
  }
}

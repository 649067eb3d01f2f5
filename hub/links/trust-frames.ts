import { Keys } from "../../shared/documents/keys.ts";
import { peekPayload, readAs } from "../../shared/envelope.ts";
import type { AgentId } from "../../shared/ids.ts";
import { encodeTrustFile } from "../../shared/tuf/file.ts";
import { readMetadata } from "../../shared/tuf/metadata.ts";
import type { TrustUpdate } from "../../shared/tuf/set.ts";
import { BODY_BYTES_MAX } from "../../shared/wire/frame.ts";
import { encodeDown, type UpHeader } from "../../shared/wire/messages.ts";
import { allDocuments } from "../store/documents.ts";
import type { TrustState } from "../trust.ts";
import type { LinkDeps } from "./deps.ts";

/** What an agent holds, as its hello says and as what it was sent since adds to it. */
export type HeldTrust = Pick<UpHeader<"hello">, "trust" | "keysVersion">;

export interface News {
  readonly frames: readonly Uint8Array[];
  readonly held: HeldTrust;
}

/** What the agent does not hold of the trust repository: each root after its own, because each says who signs the next, and what is newer. */
export function newerTrust(deps: Pick<LinkDeps, "trust">, held: HeldTrust): News {
  const state = deps.trust.require();
  const update = newsFor(state, held);
  if (!update) return { frames: [], held };
  const bytes = encodeTrustFile(update);
  const frames: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; offset += BODY_BYTES_MAX)
    frames.push(encodeDown("trust", { offset, total: bytes.length }, bytes.subarray(offset, offset + BODY_BYTES_MAX)));
  const { trust, view } = state;
  return { frames, held: { trust: view.facts.versions, keysVersion: trust.keys.document.version } };
}

/** Whether this hub's key stands in the keys.json that the agent holds. To one that does not know it, its welcome proves nothing. */
export async function knowsThisHub(deps: Pick<LinkDeps, "store" | "signer">, held: HeldTrust): Promise<boolean> {
  const row = (await allDocuments(deps.store, "keys")).find(({ version }) => version === held.keysVersion);
  if (!row) return false;
  return readAs(Keys, peekPayload(row.envelope)).hub.keys.some(({ kid }) => kid === deps.signer.kid);
}

/** What an agent does not take may be this hub's fault, or that of one who served it before: it stands in the audit log. */
export async function heardTrust(
  { refusals }: Pick<LinkDeps, "refusals">,
  agent: AgentId,
  { code, detail }: UpHeader<"trusted">,
): Promise<void> {
  if (code === null) return;
  await refusals.refused({ actor: `agent:${agent}`, action: "trust.serve", object: agent, code, detail });
}

function newsFor({ view, roots }: TrustState, held: HeldTrust): TrustUpdate | undefined {
  const { set, facts } = view;
  const isNew = (role: keyof typeof facts.versions): boolean => facts.versions[role] > held.trust[role];
  const fresh = roots.filter((root) => readMetadata("root", root).signed.version > held.trust.root);
  if (fresh.length === 0 && !isNew("timestamp")) return undefined;
  return {
    roots: fresh,
    timestamp: set.timestamp,
    ...(isNew("snapshot") && { snapshot: set.snapshot }),
    ...(isNew("targets") && { targets: set.targets, documents: set.documents }),
  };
}

import { utf8, type Bytes } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { TrustSet } from "../../shared/tuf/set.ts";

/** The files of the trust repository, each an item of the vault. */
export const TRUST_ITEMS = ["root", "timestamp", "snapshot", "targets", "keys", "agents", "inventory"] as const;
type TrustItem = (typeof TRUST_ITEMS)[number];

/** An item is never taken away again: a document that the set no longer names has this in its place. */
export const ABSENT = "";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function textsOf({
  root,
  timestamp,
  snapshot,
  targets,
  documents,
}: TrustSet): Partial<Record<TrustItem, string>> {
  const text = (bytes: Bytes): string => decoder.decode(bytes);
  const { keys, agents, inventory } = documents;
  return {
    root: text(root),
    timestamp: text(timestamp),
    snapshot: text(snapshot),
    targets: text(targets),
    keys: text(keys),
    ...(agents && { agents: text(agents) }),
    ...(inventory && { inventory: text(inventory) }),
  };
}

export function setOf(texts: Readonly<Record<string, string>>): TrustSet {
  const optional = (name: TrustItem): Bytes | undefined => {
    const text = texts[name];
    return text === undefined ? undefined : utf8(text);
  };
  const bytes = (name: TrustItem): Bytes => {
    const held = optional(name);
    if (!held) throw new FarhandError("TRUST_MISMATCH", `this vault holds no ${name}.json: enrol again`);
    return held;
  };
  return {
    root: bytes("root"),
    timestamp: bytes("timestamp"),
    snapshot: bytes("snapshot"),
    targets: bytes("targets"),
    documents: { keys: bytes("keys"), agents: optional("agents"), inventory: optional("inventory") },
  };
}

import { sha256 } from "../bytes.ts";
import type { AgentEntry } from "../documents/agents.ts";
import { PlanReceipt, Receipt } from "../documents/receipt.ts";
import { openEnvelope, readAs, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { AgentId, Digest, KeyId } from "../ids.ts";

export type AgentKeys = ReadonlyMap<KeyId, Pick<AgentEntry, "id" | "site" | "signKey">>;

/** A receipt or plan whose agent's signature holds. */
export interface OpenedReceipt {
  readonly document: Receipt | PlanReceipt;
  readonly digest: Digest;
}

/** Offline and alone: the agent's own key, as a keyadmin countersigned it, and nothing of the hub. */
export async function openReceipt(
  kind: "receipt" | "plan",
  envelope: Envelope,
  keys: AgentKeys,
): Promise<OpenedReceipt> {
  const type = kind === "plan" ? "farhand-plan+jws" : "farhand-receipt+jws";
  const opened = await openEnvelope(type, envelope, (kid) => keys.get(kid)?.signKey);
  const document = kind === "plan" ? readAs(PlanReceipt, opened.value) : readAs(Receipt, opened.value);
  const own = opened.kids.some((kid) => keys.get(kid)?.id === document.agent && keys.get(kid)?.site === document.site);
  if (!own) throw new FarhandError("WRONG_AGENT", `a receipt of ${document.agent} signed by another agent`);
  return { document, digest: sha256(opened.bytes) };
}

/** Where a receipt stands in its agent's chain. */
export interface ChainLink {
  readonly agent: AgentId;
  readonly epoch: string;
  readonly index: number;
  readonly prev: Digest | null;
  readonly digest: Digest;
}

export const linkOf = ({ document, digest }: OpenedReceipt): ChainLink => {
  const { agent, epoch, index, prev } = document;
  return { agent, epoch, index, prev, digest };
};

/** What is wrong with the chains: each journal's receipts are 1, 2, 3 …, and each names the one before. Empty when nothing is. */
export function chainFaults(links: readonly ChainLink[], options: { readonly whole: boolean }): string[] {
  const faults: string[] = [];
  const chains = Map.groupBy(links, ({ agent, epoch }) => `${agent} ${epoch}`);
  for (const [name, chain] of chains) {
    const [agent = "", epoch = ""] = name.split(" ");
    const of = `receipts of ${agent} (journal ${epoch.slice(0, 8)})`;
    const ordered = chain.toSorted((a, b) => a.index - b.index);
    let before: ChainLink | undefined;
    for (const link of ordered) {
      if (before?.digest === link.digest) continue;
      const first = before === undefined;
      const expected = before ? before.index + 1 : 1;
      if (link.index === 1 && link.prev !== null) faults.push(`${of}: number 1 names one before it`);
      else if (before?.index === link.index) faults.push(`${of}: number ${link.index} stands twice`);
      else if (link.index !== expected && (options.whole || !first)) {
        const last = link.index - 1;
        faults.push(`${of}: ${expected === last ? `number ${last} is` : `numbers ${expected} to ${last} are`} missing`);
      } else if (before && link.prev !== before.digest)
        faults.push(`${of}: number ${link.index} does not follow from number ${before.index}`);
      before = link;
    }
  }
  return faults;
}

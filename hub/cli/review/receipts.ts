import { sha256 } from "../../../shared/bytes.ts";
import type { AgentEntry } from "../../../shared/documents/agents.ts";
import { PlanReceipt, type PlannedDevice } from "../../../shared/documents/receipt.ts";
import { openEnvelope, readAs, type Envelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { DeviceId, Digest, JobId, KeyId } from "../../../shared/ids.ts";
import type { Trusted } from "../trust/load.ts";

const mismatch = (detail: string) => new FarhandError("RECEIPT_MISMATCH", detail);

/** Plan receipts by the digest of their signed bytes, each proved to be its agent's own, for this job and this inventory. */
export class Receipts {
  readonly #byDigest = new Map<Digest, PlanReceipt>();

  static async open(
    plans: readonly Envelope[],
    trusted: Trusted,
    claim: { job: JobId; inventory: Digest },
  ): Promise<Receipts> {
    const byKid = new Map<KeyId, AgentEntry>();
    for (const agent of trusted.agents?.document.agents ?? [])
      if (agent.status === "active") byKid.set(agent.kid, agent);
    const receipts = new Receipts();
    for (const envelope of plans) {
      const opened = await openEnvelope("farhand-plan+jws", envelope, (kid) => byKid.get(kid)?.signKey);
      const receipt = readAs(PlanReceipt, opened.value);
      const signedBy = opened.kids.map((kid) => byKid.get(kid));
      if (!signedBy.some((agent) => agent?.id === receipt.agent && agent.site === receipt.site))
        throw mismatch(`a plan by ${receipt.agent} is signed by another agent`);
      if (receipt.org !== trusted.store.org) throw mismatch("a plan of another organisation");
      if (receipt.job !== claim.job) throw mismatch(`a plan of job ${receipt.job}`);
      if (receipt.inventory !== claim.inventory) throw mismatch("a plan made under another inventory");
      receipts.#byDigest.set(sha256(opened.bytes), receipt);
    }
    return receipts;
  }

  /** What the agent signed about this device. */
  planned(plan: Digest, device: DeviceId): { receipt: PlanReceipt; planned: PlannedDevice } {
    const receipt = this.#byDigest.get(plan);
    if (!receipt) throw mismatch(`${device}: no agent has signed the plan that it names`);
    const found = receipt.devices.filter((entry) => entry.device === device);
    const [planned] = found;
    if (!planned || found.length > 1 || !planned.ok) throw mismatch(`${device}: the agent's plan has no result for it`);
    return { receipt, planned };
  }
}

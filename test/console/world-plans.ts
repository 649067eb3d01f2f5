import { PlanReceipt } from "../../shared/documents/receipt.ts";
import type { World } from "./world.ts";
import { configText } from "./world-texts.ts";

/** The agents' signed plans of a job: what the page reads undo cost and evidence from. */
export function warrantOf(world: World, id: string): unknown {
  const job = world.job(id);
  const plans = job.assignments.map((assignment, index) => {
    const devices = assignment.tasks.map((task) => ({
      device: task.device,
      ok: true,
      platform: "cisco_iosxe",
      platformDigest: "d".repeat(64),
      mode: "merge",
      source: { kind: "text" },
      text: world.ref("the author's text"),
      preImage: { public: world.ref(configText(0, 1)), keyGeneration: 1, sealed: null, notRestorable: null },
      diff: world.ref(world.blobs.get(task.plannedDiff ?? "") ?? ""),
      commands: world.ref(world.blobs.get(task.plannedCommands ?? "") ?? ""),
      level: "B",
      undoCost: { kind: "reboot", minutes: 6 },
      evidence: "simulated",
      touchesManagement: task.warnings.length > 0,
      warnings: task.warnings,
      hints: task.hints,
    }));
    const chain = {
      org: "northwind",
      site: assignment.site,
      agent: assignment.agent,
      prev: null,
      epoch: "0".repeat(32),
      index: index + 1,
    };
    const plan = {
      type: "plan",
      v: 1,
      ...chain,
      checkpoint: null,
      job: id,
      manifest: assignment.manifest,
      inventory: "c".repeat(64),
      at: 0,
      devices,
    };
    return envelope(PlanReceipt.parse(plan));
  });
  return { ...envelope({}), manifests: [], plans };
}

const envelope = (payload: unknown): { payload: string; signatures: unknown[] } => ({
  payload: Buffer.from(JSON.stringify(payload)).toString("base64url"),
  signatures: [{ protected: "e30", signature: "A".repeat(86) }],
});

import { jcs } from "../../shared/bytes.ts";
import type { HostKeysSeen } from "../../shared/documents/host-keys.ts";
import type { TransportName } from "../../shared/documents/inventory.ts";
import type { CheckTask } from "../../shared/documents/manifest.ts";
import type { Finding } from "../../shared/documents/receipt.ts";
import type { TaskEnd } from "../core/model.ts";
import { done, withSession, type TaskContext } from "./task.ts";

/** By what the device was known to be itself; what an SNMP login leaves to be wished for stands in its findings. */
const TRUSTED: Record<TransportName, string> = {
  cli: "host key as pinned, logged in",
  netconf: "host key as pinned, logged in",
  https: "certificate as signed for, logged in",
  snmp: "SNMP answers",
};

/**
 * Can this device be worked with, and how well? A device that cannot be reached or logged in to fails with that code; one that
 * can says what it is, which guarantee a change would have, and what stands in the way of a better one.
 */
export async function check(context: TaskContext<CheckTask>): Promise<TaskEnd> {
  const { device, driver, task } = context;
  if (task.hostKeys) return hostKeys(context);
  const report = await withSession(context, async (session) => {
    const facts = await session.facts();
    const readiness = await session.readiness("merge");
    const findings: Finding[] = [
      { code: "REACHED", detail: `${device.address} port ${device.port}, ${TRUSTED[driver.transport]}` },
      ...readiness.blockers,
      ...readiness.warnings,
    ];
    if (device.serial !== null && facts.serial !== device.serial) {
      findings.push({
        code: "PLATFORM_MISMATCH",
        detail: `serial ${facts.serial ?? "unknown"}, inventory says ${device.serial}`,
      });
    }
    if (readiness.pendingByOther)
      findings.push({
        code: "PENDING_CHANGE",
        detail: `somebody else's change is pending${readiness.pendingBy === undefined ? "" : `: ${readiness.pendingBy}`}`,
      });
    if (readiness.unsaved === true)
      findings.push({ code: "UNSAVED", detail: "the running configuration is not saved" });
    return { facts, level: readiness.level, undoCost: readiness.undoCost, findings };
  });
  const output = await context.spool.put("output", jcs(report));
  return done({ output, level: report.level, evidence: driver.evidence });
}

/** What it shows is written down as what it is, a claim: people compare it with what they know from elsewhere. */
async function hostKeys(context: TaskContext<CheckTask>): Promise<TaskEnd> {
  const { id, address, port } = context.device;
  const keys = await context.hostKeys();
  const seen: HostKeysSeen = {
    type: "host-keys",
    v: 1,
    device: id,
    address,
    port,
    inventory: context.manifest.inventory,
    keys: [...keys],
  };
  return done({ output: await context.spool.put("output", jcs(seen)) });
}

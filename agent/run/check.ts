import { jcs } from "../../shared/bytes.ts";
import type { Finding } from "../../shared/documents/receipt.ts";
import type { TaskEnd } from "../core/model.ts";
import { done, withSession, type TaskContext } from "./task.ts";

/**
 * Can this device be worked with, and how well? A device that cannot be reached or logged in to fails with that code; one that
 * can says what it is, which guarantee a change would have, and what stands in the way of a better one.
 */
export async function check(context: TaskContext): Promise<TaskEnd> {
  const { device, driver } = context;
  const report = await withSession(context, async (session) => {
    const facts = await session.facts();
    const readiness = await session.readiness("merge");
    const findings: Finding[] = [
      { code: "REACHED", detail: `${device.address} port ${device.port}, host key as pinned, logged in` },
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
      findings.push({ code: "PENDING_CHANGE", detail: "somebody else's change is pending" });
    if (readiness.unsaved === true)
      findings.push({ code: "UNSAVED", detail: "the running configuration is not saved" });
    return { facts, level: readiness.level, undoCost: readiness.undoCost, findings };
  });
  const output = await context.spool.put("output", jcs(report));
  return done({ output, level: report.level, evidence: driver.evidence });
}

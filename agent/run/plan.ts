import { holdText } from "../../shared/documents/hold.ts";
import type { PlanTask } from "../../shared/documents/manifest.ts";
import type { Finding, PlannedDevice } from "../../shared/documents/receipt.ts";
import { FarhandError } from "../../shared/errors.ts";
import { planState, plannedChecks, readState } from "../../drivers/transaction/state.ts";
import type { TaskEnd } from "../core/model.ts";
import { ofFacts } from "./check.ts";
import { textOf } from "./source.ts";
import { done, withSession, type TaskContext } from "./task.ts";

const FINDINGS_MAX = 64;

/** The dry run: reads the device and computes here what the author's text would do. The text is not sent to the device. */
export async function plan(context: TaskContext<PlanTask>): Promise<TaskEnd> {
  const { device, driver, spool, tagger, task } = context;
  const unread = task.verify.find((verification) => !driver.isRead(verification.command));
  if (unread) throw new FarhandError("READ_NOT_ALLOWED", unread.command.slice(0, 200));
  const statePlan = task.checks && planState(driver, task.checks, context.manifest.deadlines.confirmMs);
  const text = await textOf(context, task);
  const { before, readiness, tables, preflight, version } = await withSession(context, async (session) => {
    const facts = await session.facts();
    if (device.serial !== null && facts.serial !== device.serial) {
      throw new FarhandError(
        "PLATFORM_MISMATCH",
        `serial ${facts.serial ?? "unknown"}, inventory says ${device.serial}`,
      );
    }
    const readiness = await session.readiness(task.mode);
    const preflight = [...ofFacts(context, facts), ...((await session.preflight?.(context.clock)) ?? [])];
    const before = await session.running();
    const reads = { driver, outputBytesMax: context.manifest.outputBytesMax };
    const tables = statePlan && (await readState(reads, session, statePlan.pack, statePlan.tables));
    return { version: facts.version, readiness, before, tables, preflight };
  });
  const prediction = driver.predict({
    device: device.id,
    mode: task.mode,
    source: task.source.kind,
    text,
    before,
    tagger,
    managementAddress: device.address,
  });
  // The hub chooses a plan's text, and the diff would answer whether the device holds the secret that it guessed. A sealed one is an agent's own.
  const inline = prediction.warnings.find((warning) => warning.code === "INLINE_SECRET");
  if (inline) throw new FarhandError("TEXT_REFUSED", inline.detail);
  // Said now rather than at the change: a secret that is not here, or that the device does not have.
  prediction.render((name) => context.secrets.get(name)?.reveal());
  const warnings: Finding[] = [...prediction.warnings, ...readiness.warnings];
  if (prediction.destructive) warnings.push({ code: "DESTRUCTIVE", detail: "holds lines of the destructive class" });
  if (readiness.pendingByOther)
    warnings.push({
      code: "PENDING_CHANGE",
      detail: `somebody else's change is pending${readiness.pendingBy === undefined ? "" : `: ${readiness.pendingBy}`}`,
    });
  // A change would be refused as things stand; its author may know when that ends.
  const hold = await context.hold();
  if (hold) warnings.unshift({ code: "HELD", detail: holdText(hold).slice(0, 500) });
  const planned: PlannedDevice = {
    device: device.id,
    ok: true,
    platform: driver.platform,
    platformDigest: driver.digest,
    mode: task.mode,
    source: task.source,
    text: task.text,
    preImage: await context.snapshot(before),
    diff: await spool.put("diff", prediction.diff),
    commands: await spool.put("commands", prediction.commands),
    level: readiness.level,
    undoCost: readiness.undoCost,
    evidence: context.proofs.gradeOf(driver, version),
    touchesManagement: prediction.touchesManagement,
    warnings: warnings.slice(0, FINDINGS_MAX),
    preflight: preflight.slice(0, FINDINGS_MAX),
    hints: readiness.blockers.slice(0, FINDINGS_MAX),
    ...(statePlan && tables && { checks: plannedChecks(statePlan, tables).slice(0, FINDINGS_MAX) }),
  };
  return done({
    before: planned.preImage,
    diff: planned.diff,
    level: planned.level,
    evidence: planned.evidence,
    planned,
  });
}

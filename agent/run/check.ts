import { jcs } from "../../shared/bytes.ts";
import type { CheckFinding, CheckReport } from "../../shared/documents/check.ts";
import type { HostKeysSeen } from "../../shared/documents/host-keys.ts";
import type { TransportName } from "../../shared/documents/inventory.ts";
import { hasDeviceTimer } from "../../shared/documents/common.ts";
import type { ChangeMode, CheckTask } from "../../shared/documents/manifest.ts";
import { errorCode, ERRORS, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import { platformDoubt } from "../../drivers/preflight/identity.ts";
import type { Facts, Readiness, Session } from "../../drivers/types.ts";
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
  const { device, driver, task, clock } = context;
  if (task.hostKeys) return hostKeys(context);
  const found = (await withSession(context, (session) => examine(context, session))).examined;
  const reached: CheckFinding = {
    code: "REACHED",
    severity: "tells",
    detail: `${device.address} port ${device.port}, ${TRUSTED[driver.transport]}`,
    hint: null,
  };
  const report: CheckReport = {
    type: "check",
    v: 1,
    device: device.id,
    platform: driver.platform,
    transport: driver.transport,
    at: Math.floor(clock.nowMs() / 1000),
    ...found,
    findings: [reached, ...found.findings].slice(0, FINDINGS_MAX),
  };
  const output = await context.spool.put("output", jcs(report));
  return done({ output, level: report.level, evidence: driver.evidence });
}

const FINDINGS_MAX = 128;

type Examined = Pick<CheckReport, "facts" | "level" | "undoCost" | "findings">;

/** What a preflight of a device comes to, on a session that stands. Reads only; whoever reads the configuration anyway spares it here. */
export async function examine(
  context: Pick<TaskContext, "clock" | "device" | "driver" | "tagger">,
  session: Session,
  { mode = "merge", configuration = true }: { mode?: ChangeMode; configuration?: boolean } = {},
): Promise<{ readonly examined: Examined; readonly readiness: Readiness; readonly facts: Facts }> {
  const facts = await session.facts();
  const readiness = await session.readiness(mode);
  const isReadable = readiness.blockers.every(({ code }) => code !== "READS_ONLY");
  const findings = [
    ...ofReadiness(readiness),
    ...ofFacts(context, facts),
    ...((await session.preflight?.(context.clock)) ?? []),
    ...(context.driver.rights === "untold" ? [RIGHTS_UNTOLD] : []),
    ...(configuration && isReadable ? await ofConfiguration(context, session) : []),
  ];
  const { level, undoCost } = readiness;
  return { examined: { facts: { ...facts }, level, undoCost, findings }, readiness, facts };
}

type Severity = CheckFinding["severity"];

const finding = (severity: Severity, code: string, detail: string, hint: string | null): CheckFinding => ({
  code,
  severity,
  detail: detail.slice(0, 500),
  hint,
});

/** Said rather than passed over: whoever reads a check without it would take the rights for looked at. */
const RIGHTS_UNTOLD = finding(
  "tells",
  "RIGHTS_UNTOLD",
  "nothing that this device shows tells what the login may change: a change finds out before anything is in force",
  null,
);

/** What lowers the level hints at itself: it says what to configure. */
function ofReadiness(readiness: Readiness): CheckFinding[] {
  const blocking = hasDeviceTimer(readiness.level) ? "warns" : "blocks";
  const found = readiness.blockers.map(({ code, detail }) => finding(blocking, code, detail, detail));
  for (const { code, detail } of readiness.warnings) found.push(finding("warns", code, detail, null));
  if (readiness.pendingByOther)
    found.push(
      finding(
        "blocks",
        "PENDING_CHANGE",
        `somebody else's change is pending${readiness.pendingBy === undefined ? "" : `: ${readiness.pendingBy}`}`,
        ERRORS.PENDING_CHANGE.next,
      ),
    );
  return found;
}

/** Of its identity, its part in a cluster, and who manages it. */
export function ofFacts({ device, driver }: Pick<TaskContext, "device" | "driver">, facts: Facts): CheckFinding[] {
  const found: CheckFinding[] = [];
  if (device.serial !== null && facts.serial !== device.serial) {
    const detail = `serial ${facts.serial ?? "unknown"}, inventory says ${device.serial}`;
    found.push(finding("blocks", "PLATFORM_MISMATCH", detail, ERRORS.PLATFORM_MISMATCH.next));
  }
  found.push(...platformDoubt(driver, facts));
  const { cluster, managedBy } = facts;
  if (cluster?.isStandby === true)
    found.push(finding("blocks", "STANDBY", `${cluster.kind}: ${cluster.role ?? "standby"}`, ERRORS.STANDBY.next));
  if (cluster && !cluster.isSynced)
    found.push(
      finding(
        "warns",
        "CLUSTER_UNSYNCED",
        `${cluster.kind}: its members are not in step`,
        "a failover during the change would lose it; see to the other member first",
      ),
    );
  if (managedBy !== undefined && managedBy !== null)
    found.push(finding("blocks", "MANAGED", managedBy, ERRORS.MANAGED.next));
  return found;
}

const UNREADABLE: readonly ErrorCode[] = [
  "AUTHORIZATION_DENIED",
  "COMMAND_REFUSED",
  "INCOMPLETE_OUTPUT",
  "OUTPUT_TOO_LARGE",
];

/** The right that everything rests on: to see all of the configuration. */
async function ofConfiguration(
  { device, driver, tagger }: Pick<TaskContext, "device" | "driver" | "tagger">,
  session: Session,
): Promise<CheckFinding[]> {
  try {
    const { raw } = await session.running();
    const reason = driver.notRestorable(device.id, raw, tagger);
    return reason === null ? [] : [finding("tells", "NOT_RESTORABLE", reason, null)];
  } catch (error) {
    const code = errorCode(error);
    if (!UNREADABLE.includes(code)) throw error;
    const detail = `${code} ${error instanceof FarhandError ? (error.detail ?? "") : ""}`;
    return [finding("blocks", "CONFIG_UNREADABLE", detail, "let this login see the whole configuration")];
  }
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

import type { CheckFinding } from "../../shared/documents/check.ts";
import { hasDeviceTimer, type Level } from "../../shared/documents/common.ts";
import { FarhandError, type ErrorCode } from "../../shared/errors.ts";
import { atLeast } from "../level.ts";
import { platformDoubt } from "../preflight/identity.ts";
import type { ChangeSpec, Configuration, Facts, Prediction, Session } from "../types.ts";
import type { ChangeContext } from "./context.ts";

export interface Checked {
  readonly before: Configuration;
  readonly prediction: Prediction;
  /** What will be typed, secrets put in. Never journalled. */
  readonly commands: readonly string[];
  readonly level: Level;
  readonly warnings: readonly string[];
  /** Running held lines that a reboot would lose, before we came: saving would make them ours. */
  readonly unsavedBefore: boolean;
}

/** The device is not as it was reviewed: a state of its own, not a failure. */
export class Drifted extends FarhandError {
  readonly before: Configuration;

  constructor(code: ErrorCode, detail: string, before: Configuration) {
    super(code, detail);
    this.before = before;
  }
}

/** Whether what was signed is what would happen, on the live device. Sends reads only. Throws the code that refuses it. */
export async function precheck(context: ChangeContext, spec: ChangeSpec, session: Session): Promise<Checked> {
  const { driver } = context;
  const unread = spec.verify.find((one) => !driver.isRead(one.command));
  if (unread) throw new FarhandError("READ_NOT_ALLOWED", `verification: ${unread.command.slice(0, 200)}`);
  const facts = await session.facts();
  if (spec.serial !== null && facts.serial !== spec.serial) {
    throw new FarhandError("PLATFORM_MISMATCH", `serial ${facts.serial ?? "unknown"}, inventory says ${spec.serial}`);
  }
  requireStanding(spec, facts);
  if (spec.versions && (facts.version === null || !spec.versions.includes(facts.version)))
    throw new FarhandError(
      "EVIDENCE_TOO_LOW",
      `the device runs ${facts.version ?? "an unknown version"}; what was signed holds for ${spec.versions.join(", ") || "none"}`,
    );
  const readiness = await session.readiness(spec.mode);
  if (readiness.pendingByOther) throw new FarhandError("PENDING_CHANGE", readiness.pendingBy);
  requirePreflight(spec, [...platformDoubt(driver, facts), ...((await session.preflight?.(context.clock)) ?? [])]);
  requireLevel(spec, readiness.level, readiness.blockers[0]?.detail);

  const before = await session.running();
  const drifted = before.publicDigest !== spec.preImage || before.keyGeneration !== spec.keyGeneration;
  if (drifted && (spec.drift === "exact" || spec.mode === "replace"))
    throw new Drifted("DRIFTED", "the running configuration's hash differs", before);
  const { device, mode, source, text } = spec;
  const change = { device, mode, text, before, tagger: context.tagger, ...(source === undefined ? {} : { source }) };
  const prediction = driver.predict({ ...change, managementAddress: context.managementAddress });
  if (prediction.diff !== spec.diff) {
    if (drifted) throw new Drifted("DRIFTED", "the change would now do something else", before);
    throw new FarhandError("DIFF_MISMATCH", "recomputed on the live device");
  }
  if (prediction.commands !== spec.commands) {
    if (drifted) throw new Drifted("DRIFTED", "the change would now need other commands", before);
    throw new FarhandError("COMMANDS_MISMATCH");
  }
  if (prediction.touchesManagement && !spec.touchesManagement) {
    throw new FarhandError("RISK_UNDERSTATED", "it touches the management path, which was not signed");
  }
  const commands = prediction.render(context.secret);
  return {
    before,
    prediction,
    commands,
    level: readiness.level,
    warnings: readiness.warnings.map((warning) => warning.code),
    unsavedBefore: readiness.unsaved === true,
  };
}

/** What blocks, as it is now and not when it was planned, unless the warrant accepts it by name. */
function requirePreflight({ accepts = [] }: ChangeSpec, found: readonly CheckFinding[]): void {
  const blocking = found.find(({ code, severity }) => severity === "blocks" && !accepts.includes(code));
  if (blocking) throw new FarhandError("PREFLIGHT", `${blocking.code}: ${blocking.detail}`);
}

/** A standby takes no change; what a central manager holds takes one only where the warrant says why. */
function requireStanding({ accepts = [] }: ChangeSpec, { cluster, managedBy }: Facts): void {
  if (cluster?.isStandby === true)
    throw new FarhandError("STANDBY", `${cluster.kind}: this one is ${cluster.role ?? "a standby"}`);
  if (managedBy !== undefined && managedBy !== null && !accepts.includes("MANAGED"))
    throw new FarhandError("MANAGED", managedBy);
}

function requireLevel(spec: ChangeSpec, actual: Level, blocker: string | undefined): void {
  const because = blocker === undefined ? "" : `: ${blocker}`;
  if (!atLeast(actual, spec.level))
    throw new FarhandError("LEVEL_UNDERSTATED", `${spec.level} was signed, the device gives ${actual}${because}`);
  // Levels D and E have no undo on the device; nothing here would make one.
  if (!hasDeviceTimer(actual)) {
    const reason = spec.touchesManagement ? "a change to the management path needs a device timer" : "no device timer";
    throw new FarhandError("LEVEL_TOO_LOW", `${reason}${because}`);
  }
}

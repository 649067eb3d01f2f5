import { expect } from "vitest";
import { driverFor } from "../../../drivers/registry.ts";
import { runChange } from "../../../drivers/transaction/change.ts";
import { recoverChange } from "../../../drivers/transaction/recover.ts";
import type { ChangeOutcome, ChangeSpec } from "../../../drivers/types.ts";
import type { Clock } from "../../../shared/clock.ts";
import { PlatformId } from "../../../shared/ids.ts";
import type { SimulatedDevice } from "../../../simulators/device.ts";
import { fastClock, recorder, rig, type Rig } from "../support.ts";
import { FAULTS, type FaultName, type NamedFault } from "./faults.ts";
import { record } from "./results.ts";
import { nameOf, type Subject } from "./subject.ts";

export type Line = "whole" | "single-bytes";

export interface Case {
  readonly subject: Subject;
  readonly fault: FaultName;
  readonly mode: "merge" | "replace";
  readonly line: Line;
}

export interface Ended {
  readonly state: ChangeOutcome["state"];
  readonly code: ChangeOutcome["code"];
}

/** A device's minute is two seconds; nothing in a case takes longer than this on its clock. */
const FACTOR = 30;
const DEADLINE_MS = 40 * 60_000;
const CONFIRM_MS = 180_000;

export interface Begun {
  readonly sim: SimulatedDevice;
  readonly box: Rig;
  readonly spec: ChangeSpec;
  /** The running configuration before the change. */
  readonly before: string;
  readonly stop: () => Promise<void>;
}

/** A device, what drives it, and the subject's change planned on it. */
export async function begin(
  subject: Subject,
  { mode, line }: { readonly mode: Case["mode"]; readonly line: Line },
): Promise<Begun> {
  const clock = fastClock(FACTOR);
  const { sim, target, credential } = await subject.start(clock);
  const stop = (): Promise<void> => sim.stop();
  try {
    const driver = driverFor(PlatformId.parse(subject.platform), subject.transport);
    if (!driver) throw new Error(`no driver for ${nameOf(subject)}`);
    if (line === "single-bytes") sim.setFault({ kind: "tiny-chunks", chunkBytes: 1, delayMs: 0 });
    const box = rig({ driver, target, credential, clock, connectMs: 120_000, commandMs: 60_000 });
    const text = mode === "merge" ? subject.merge.text : await replacement(subject, box);
    const spec = await box.plan(text, { mode, confirmMs: CONFIRM_MS, verify: subject.merge.verify });
    return { sim, box, spec, before: sim.runningConfig(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * One change on one device that meets one fault: it must end in time, in a state that the fault allows, and what that state says must be
 * so on the device.
 */
export async function runCase({ subject, fault: name, mode, line }: Case): Promise<Ended> {
  const fault = FAULTS[name];
  const { sim, box, spec, before: running, stop } = await begin(subject, { mode, line });
  const { clock } = box;
  try {
    const moments = { ...subject.moments, ...(mode === "replace" ? subject.replaceMoments : {}) };
    const before = subject.body(running);
    const set = (): void => {
      fault.set(sim, subject, moments);
      if (fault.lastsMs !== undefined) clock.after(fault.lastsMs, () => sim.clearFault());
    };
    if (fault.when === "after-plan") set();
    const { when } = fault;
    const journal = recorder({ at: (step) => void (when !== "after-plan" && step === when.step && set()) });
    const late = new AbortController();
    const deadline = clock.after(DEADLINE_MS, () => late.abort(new Error(`${name}: not over at its deadline`)));
    const result = await runChange(box.context(late.signal), spec, journal.hooks);
    deadline.clear();
    sim.clearFault();
    await settled(sim, clock);
    requireTruth({ subject, fault, name, result, sim, before });
    // What is not known is asked again, as the agent does until the job's deadline.
    if (result.state === "UNKNOWN") {
      const later = await recoverChange(box.context(), spec, journal.progress(), recorder().hooks);
      const known = { ...fault, ends: ["DONE", "ROLLED_BACK"] } as const;
      requireTruth({ subject, fault: known, name, result: later, sim, before });
    }
    record(subject, { faults: 1 });
    return { state: result.state, code: result.code };
  } finally {
    await stop();
  }
}

async function replacement(subject: Subject, box: Rig): Promise<string> {
  const session = await box.open();
  try {
    const { publicText } = await session.running();
    return subject.replace?.(publicText) ?? publicText;
  } finally {
    await session.close();
  }
}

/** A timer that still runs on the device may yet change what was said: it is waited out. */
async function settled(sim: SimulatedDevice, clock: Clock): Promise<void> {
  const pending = sim.pendingRollback();
  if (pending) await clock.sleep(Math.max(0, pending.deadlineMs - clock.nowMs()) + 5_000);
}

interface Judged {
  readonly subject: Subject;
  readonly fault: NamedFault;
  readonly name: FaultName;
  readonly result: ChangeOutcome;
  readonly sim: SimulatedDevice;
  readonly before: string;
}

function requireTruth({ subject, fault, name, result, sim, before }: Judged): void {
  const said = `${subject.platform}/${subject.transport} ${name}: ${result.state} ${result.code ?? ""} ${result.detail ?? ""}`;
  const running = sim.runningConfig();
  const inForce = subject.merge.inForce.test(running);
  expect(fault.ends, said).toContain(result.state);
  if (fault.codes) expect(fault.codes, said).toContain(result.code);
  expect(sim.pendingRollback(), `${said}: nothing is left pending`).toBeUndefined();
  const line = new RegExp(subject.moments.line);
  const applies = sim.applies().filter(({ lines }) => lines.some((one) => line.test(one)));
  // On a device without another way an undo is an apply that names the line too.
  const most = result.state === "DONE" ? 1 : 2;
  expect(applies.length, `${said}: applied once at most`).toBeLessThanOrEqual(most);
  const body = (text: string): string =>
    fault.foreign === true
      ? subject
          .body(text)
          .split("\n")
          .filter((one) => !subject.foreign.shown.test(one))
          .join("\n")
      : subject.body(text);
  switch (result.state) {
    case "DONE":
      expect(inForce, `${said}: it is in force`).toBe(true);
      break;
    case "ROLLED_BACK":
    case "DRIFTED":
    case "CANCELED":
      expect(inForce, `${said}: it is not in force`).toBe(false);
      expect(body(running), said).toBe(body(before));
      break;
    case "FAILED":
      if (result.notApplied) {
        expect(inForce, `${said}: it is not in force`).toBe(false);
        expect(body(running), said).toBe(body(before));
      } else expect(result.code, `${said}: a person is told to look`).toBe("REVERT_FAILED");
      break;
    case "UNKNOWN":
      expect(result.code, said).toBe("UNKNOWN_OUTCOME");
      break;
    default:
      result.state satisfies never;
  }
  if (fault.untouched === true) {
    expect(result.notApplied, said).toBe(true);
    expect(sim.applyCount(), said).toBe(0);
  }
  if (result.code === "OTHER_ADMIN")
    expect(result.detail ?? "", `${said}: names their lines`).toMatch(subject.foreign.shown);
}

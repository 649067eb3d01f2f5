import type { ErrorCode } from "../../../shared/errors.ts";
import type { ChangeOutcome } from "../../../drivers/types.ts";
import type { FaultInput } from "../../../simulators/faults.ts";
import type { SimulatedDevice } from "../../../simulators/device.ts";
import type { Moments, Subject } from "./subject.ts";

export type FaultName =
  | "hang"
  | "drop-before-apply"
  | "drop-during-apply"
  | "drop-after-apply"
  | "refused-line"
  | "authorization-denied"
  | "aaa-down"
  | "aaa-down-after-apply"
  | "paging-left-on"
  | "log-noise"
  | "unreachable-after-apply"
  | "confirm-lost"
  | "confirm-dropped"
  | "confirmed-by-other"
  | "reboot-before-confirm"
  | "failover-before-confirm"
  | "full-session-table"
  | "stale-candidate"
  | "wrong-privilege"
  | "autonomous-change"
  | "other-admin-change";

type State = ChangeOutcome["state"];

export interface NamedFault {
  /** When the device gets it: after the plan was made, or when the journal reaches a step. */
  readonly when: "after-plan" | { readonly step: string };
  set(sim: SimulatedDevice, subject: Subject, moments: Moments): void;
  /** How long it lasts, in milliseconds of the device's clock; without it, to the end. */
  readonly lastsMs?: number;
  /** The states in which the task may end. What each must mean on the device is checked for all alike. */
  readonly ends: readonly State[];
  readonly codes?: readonly ErrorCode[];
  /** It must not have touched the device. */
  readonly untouched?: boolean;
  /** Somebody else's lines may be in the running configuration at the end. */
  readonly foreign?: boolean;
}

const once =
  (fault: (subject: Pick<Subject, "foreign"> & { readonly moments: Moments }) => FaultInput): NamedFault["set"] =>
  (sim, { foreign }, moments) =>
    sim.setFault(fault({ foreign, moments }));

export const FAULTS: Readonly<Record<FaultName, NamedFault>> = {
  hang: {
    when: "after-plan",
    set: once(({ moments }) => ({ kind: "hang", at: moments.duringApply, once: true })),
    ends: ["ROLLED_BACK", "FAILED"],
    codes: ["COMMAND_TIMEOUT"],
  },
  "drop-before-apply": {
    when: "after-plan",
    set: once(({ moments }) => ({ kind: "drop", once: true, at: moments.beforeApply })),
    ends: ["ROLLED_BACK", "FAILED"],
    codes: ["CONNECTION_LOST"],
  },
  "drop-during-apply": {
    when: "after-plan",
    set: once(({ moments }) => ({ kind: "drop", once: true, at: moments.duringApply })),
    ends: ["ROLLED_BACK", "FAILED"],
    codes: ["CONNECTION_LOST"],
  },
  "drop-after-apply": {
    when: "after-plan",
    set: once(({ moments }) => ({ kind: "drop", once: true, at: moments.apply, moment: "after" })),
    ends: ["ROLLED_BACK"],
    codes: ["CONNECTION_LOST"],
  },
  "refused-line": {
    when: "after-plan",
    set: once(({ moments }) => ({ kind: "refuse-line", match: moments.line })),
    ends: ["ROLLED_BACK", "FAILED"],
    codes: ["COMMAND_REFUSED"],
  },
  "authorization-denied": {
    when: "after-plan",
    set: once(({ moments }) => ({ kind: "authorization-denied", match: moments.line })),
    ends: ["ROLLED_BACK", "FAILED"],
    // Inside a file that the device applies by itself, a denied line is a refused file.
    codes: ["AUTHORIZATION_DENIED", "COMMAND_REFUSED"],
  },
  "aaa-down": {
    when: "after-plan",
    set: once(() => ({ kind: "aaa-down" })),
    ends: ["FAILED"],
    codes: ["LOGIN_REFUSED", "CONNECT_TIMEOUT"],
    untouched: true,
  },
  "aaa-down-after-apply": {
    when: { step: "apply" },
    set: once(() => ({ kind: "aaa-down" })),
    lastsMs: 900_000,
    ends: ["UNKNOWN"],
  },
  "paging-left-on": { when: "after-plan", set: once(() => ({ kind: "paging-left-on" })), ends: ["DONE"] },
  "log-noise": {
    when: "after-plan",
    set: once(() => ({ kind: "log-noise", every: 5 })),
    ends: ["DONE"],
  },
  "unreachable-after-apply": {
    when: "after-plan",
    set: once(() => ({ kind: "unreachable-after-apply" })),
    ends: ["ROLLED_BACK"],
  },
  "confirm-lost": {
    when: { step: "verify" },
    set: once(() => ({ kind: "confirm-lost" })),
    ends: ["DONE", "ROLLED_BACK"],
  },
  "confirm-dropped": {
    when: { step: "verify" },
    set: once(({ moments }) => ({ kind: "drop", once: true, at: moments.confirm })),
    ends: ["DONE", "ROLLED_BACK"],
  },
  "confirmed-by-other": {
    when: "after-plan",
    set: once(() => ({ kind: "confirmed-by-other", afterMs: 0 })),
    ends: ["DONE", "ROLLED_BACK", "FAILED"],
  },
  "reboot-before-confirm": {
    when: "after-plan",
    set: once(() => ({ kind: "reboot-before-confirm", afterMs: 0, bootMs: 30_000 })),
    // What keeps every line at once comes back with the change and its timer.
    ends: ["ROLLED_BACK", "DONE"],
  },
  "failover-before-confirm": {
    when: "after-plan",
    set: once(() => ({ kind: "failover-before-confirm", afterMs: 0, bootMs: 10_000 })),
    ends: ["ROLLED_BACK", "FAILED"],
  },
  "full-session-table": {
    when: "after-plan",
    set: once(() => ({ kind: "full-session-table" })),
    ends: ["FAILED"],
    codes: ["SESSIONS_FULL"],
    untouched: true,
  },
  "stale-candidate": {
    when: "after-plan",
    set: (sim, { foreign, locks }) =>
      sim.setFault({ kind: "stale-candidate", lines: [...foreign.lines], locked: locks === true }),
    ends: ["FAILED"],
    codes: ["CANDIDATE_BUSY"],
    untouched: true,
  },
  "wrong-privilege": {
    when: "after-plan",
    set: once(() => ({ kind: "wrong-privilege" })),
    ends: ["FAILED"],
    codes: ["PRIVILEGE", "AUTHORIZATION_DENIED", "COMMAND_REFUSED", "PREFLIGHT"],
    untouched: true,
  },
  "autonomous-change": {
    when: "after-plan",
    set: (sim, { foreign }) => sim.mutate(foreign.lines, "autonomous"),
    ends: ["DRIFTED"],
    untouched: true,
    foreign: true,
  },
  "other-admin-change": {
    when: "after-plan",
    set: once(({ foreign }) => ({ kind: "other-admin-change", lines: [...foreign.lines], afterMs: 0 })),
    ends: ["ROLLED_BACK", "FAILED"],
    codes: ["OTHER_ADMIN", "DIFF_MISMATCH", "REVERT_FAILED"],
    foreign: true,
  },
};

export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

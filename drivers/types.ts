import type { Clock } from "../shared/clock.ts";
import type { CheckFinding } from "../shared/documents/check.ts";
import type { Checks, CheckResult } from "../shared/documents/checks.ts";
import type { Evidence, Level, UndoCost, Verification } from "../shared/documents/common.ts";
import type { Device, HostKey, TransportName } from "../shared/documents/inventory.ts";
import type { ChangeMode, Source } from "../shared/documents/manifest.ts";
import type { Finding } from "../shared/documents/receipt.ts";
import type { ErrorCode } from "../shared/errors.ts";
import type { DeviceId, Digest, PlatformId } from "../shared/ids.ts";
import type { Credential, Secret } from "../shared/secret.ts";
import type { TaskState } from "../shared/states.ts";
import type { Table } from "./model/state/rows.ts";

/**
 * The seam between the agent and a device. Every argument and result is JSON or text, so that a driver can later run in a
 * process of its own: the session is the one opaque thing, and it never leaves the driver's side.
 */

/** Hides secrets before text leaves the site: the tag is a keyed hash under the site key (DESIGN.md "Two forms"). */
export interface Tagger {
  readonly keyGeneration: number;
  /** 16 base32 characters for this shown value on this device. */
  tag(device: DeviceId, shown: string): string;
}

/** Everything said to and by the device, already redacted, in order. Back-pressure: `write` resolves when there is room. */
export interface TranscriptSink {
  write(direction: "sent" | "received" | "note", text: string): Promise<void> | void;
}

/** Runs one login, or refuses to; what it runs throws LOGIN_REFUSED where the credential was not taken. */
export type LoginGuard = <T>(login: () => Promise<T>) => Promise<T>;

/** A machine on the way: logged in to with its own credential once its own pinned key is seen, then asked to forward. */
export interface OpenHop {
  /** What errors call it. */
  readonly name: string;
  readonly target: Pick<Device, "address" | "port" | "hostKeys" | "algorithms">;
  readonly credential: Credential;
  readonly guard?: LoginGuard;
}

export interface OpenOptions {
  readonly target: Device;
  /** The hops on the way, in the order in which they are dialled, each with its own credential and guard. */
  readonly via?: readonly OpenHop[];
  readonly credential: Credential;
  /** Around the login to the target itself, up to its prompt; the hops have theirs. */
  readonly guard?: LoginGuard;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly connectMs: number;
  readonly commandMs: number;
  readonly transcript: TranscriptSink;
  readonly tagger: Tagger;
  /** Values that must never appear in a transcript, besides those the platform file recognises. */
  readonly secrets: readonly string[];
}

export type HostKeyOptions = Pick<OpenOptions, "target" | "via" | "clock" | "signal" | "connectMs">;

export interface Facts {
  readonly hostname: string;
  readonly vendor: string;
  readonly model: string | null;
  readonly version: string | null;
  readonly serial: string | null;
  /** What this control plane is a part of; null where it stands alone, absent where nobody asked. */
  readonly cluster?: Cluster | null;
  /** The contexts in it (VDOM, vsys, logical systems); absent where nobody asked. */
  readonly contexts?: readonly { readonly kind: string; readonly name: string }[];
  /** The central manager that would undo what is changed beside it; null for none, absent where nobody asked. */
  readonly managedBy?: string | null;
}

/** A stack, a chassis with two control planes, a pair. */
export interface Cluster {
  readonly kind: string;
  /** Of the member that answers, in the device's word; null where it is not told. */
  readonly role: string | null;
  /** It takes no change: the other one does. */
  readonly isStandby: boolean;
  /** The members have the same configuration, and one can take over from another. */
  readonly isSynced: boolean;
  readonly members: readonly {
    readonly id: string;
    readonly role: string;
    readonly state: string;
    readonly serial: string | null;
  }[];
}

/** A complete running configuration: never returned unless its end marker was seen. */
export interface Configuration {
  /** As the device showed it, volatile lines removed; holds secrets. */
  readonly raw: string;
  /** Normalised, secrets replaced by `‹secret:tag›`: what is hashed, diffed, stored at the hub and shown. */
  readonly publicText: string;
  readonly publicDigest: Digest;
  readonly keyGeneration: number;
}

export interface RunOptions {
  readonly outputBytesMax: number;
  /** Receives redacted output as it comes; resolves when there is room. Without it the output is returned whole. */
  readonly sink?: (chunk: string) => Promise<void>;
}

/** What the device offers right now; decides the guarantee level of a change. */
export interface Readiness {
  readonly level: Level;
  readonly undoCost: UndoCost;
  readonly blockers: readonly Finding[];
  /** A pending confirmed change that is not ours. */
  readonly pendingByOther: boolean;
  /** Whose, in the device's own words, where it tells. */
  readonly pendingBy?: string;
  readonly unsaved: boolean | null;
  readonly warnings: readonly Finding[];
}

/** JSON that is journalled before the first packet of a change, and that alone suffices to confirm, revert and ask. */
export interface TransactionToken {
  readonly platform: PlatformId;
  readonly id: string;
  readonly mode: ChangeMode;
  readonly confirmMs: number;
  readonly preImage: Digest;
  /** Running held lines that a reboot would lose before we came: what is kept is then not saved, so that those are not saved along. */
  readonly unsavedBefore?: boolean | undefined;
  readonly data: Readonly<Record<string, string | number | boolean>>;
}

/** A change that the device holds and that is not in force: opened under our lock by `arm`. */
export interface Candidate {
  /** Puts the commands in and has the device validate them. COMMAND_REFUSED, AUTHORIZATION_DENIED. */
  stage(commands: readonly string[]): Promise<Staged>;
  /** Gives up what is staged. */
  abort(): Promise<void>;
}

/** What a candidate holds. */
export interface Staged {
  /** What would run; null where the device does not show it. */
  readonly configuration: Configuration | null;
  /** The device's own diff, redacted, for people. */
  readonly diff: string | null;
}

export type Pending = "armed" | "none" | "other" | "unknown";

/** One login. After a time-out or a lost connection it is poisoned: every further call throws CONNECTION_LOST. */
export interface Session {
  facts(): Promise<Facts>;
  running(): Promise<Configuration>;
  run(command: string, options: RunOptions): Promise<string>;
  readiness(mode: ChangeMode): Promise<Readiness>;
  /** What the platform file has to say of a device before it is worked on. Reads only. Absent where a driver has nothing to say. */
  preflight?(clock: Clock): Promise<readonly CheckFinding[]>;
  /** Makes the token for a change; sends nothing that changes the device. `preImageRaw` is what an undo restores. */
  begin(change: {
    id: string;
    mode: ChangeMode;
    confirmMs: number;
    preImage: Configuration;
    text: string;
    comment: string;
  }): Promise<TransactionToken>;
  /** Arms the device's undo timer and reads it back; ARM_FAILED when it is not there. */
  arm(token: TransactionToken): Promise<void>;
  /** The candidate in which this change is staged before `apply` commits it; null where lines come into force one by one. */
  candidate?(token: TransactionToken): Candidate | null;
  /** Sends the ordered commands. Stops at the first that is refused: COMMAND_REFUSED or AUTHORIZATION_DENIED. */
  apply(token: TransactionToken, commands: readonly string[]): Promise<void>;
  pending(token: TransactionToken): Promise<Pending>;
  confirm(token: TransactionToken): Promise<void>;
  /** Makes the device undo now, and waits until it has. */
  revert(token: TransactionToken): Promise<void>;
  save(token: TransactionToken): Promise<void>;
  /** Removes what the transaction left on the device (snapshot files). Never changes configuration. */
  cleanup(token: TransactionToken): Promise<void>;
  close(): Promise<void>;
  /** How the password of this login is changed; undefined where the driver cannot. */
  readonly login?: LoginChange;
}

/** The password of the login itself, under an undo of the device. Each takes the token, as a change's steps do. */
export interface LoginChange {
  begin(change: { id: string; confirmMs: number; preImage: Configuration }): Promise<TransactionToken>;
  arm(token: TransactionToken): Promise<void>;
  write(token: TransactionToken, password: Secret): Promise<void>;
  pending(token: TransactionToken): Promise<Pending>;
  confirm(token: TransactionToken): Promise<void>;
  revert(token: TransactionToken): Promise<void>;
  save(token: TransactionToken): Promise<void>;
  cleanup(token: TransactionToken): Promise<void>;
}

/** Logins at one time, connections within a minute, and channels on one of them, as the platform comes from its factory. */
export interface DeviceLimits {
  readonly sessions: number;
  readonly connectsPerMinute: number;
  readonly channelsPerConnection: number;
}

/** Undefined is PLATFORM_UNKNOWN at the caller. Without a transport: the first that the platform file names. */
export type DriverFor = (platform: PlatformId, transport?: TransportName) => Driver | undefined;

/** One platform over one transport: what it reads and writes may be another language on each. */
export interface Driver {
  readonly platform: PlatformId;
  readonly transport: TransportName;
  /** SHA-256 of the platform file's canonical form: `DRIVER_CHANGED` when it differs from the signed one. */
  readonly digest: Digest;
  readonly evidence: Evidence;
  /** What a device of this platform takes; absent where nobody wrote it down. */
  readonly limits?: DeviceLimits;
  /** No read tells what the login may change. */
  readonly rights?: "untold";
  open(options: OpenOptions): Promise<Session>;
  /** What the device shows as its host keys, pinned or not. Nobody logs in to it; to hops on the way, as ever. */
  hostKeys(options: HostKeyOptions): Promise<readonly HostKey[]>;
  /** Pure: does this line, typed or taken away, raise the risk class to destructive? Asked of every signed line before a change is accepted. */
  isDestructive(line: string, how?: "typed" | "removed"): boolean;
  /** Pure: is this command a read? Checks the anchored allow-list, pipes included. */
  isRead(command: string): boolean;
  /** Pure: what the text would do to this configuration. Without its management address every address counts as one. */
  predict(change: {
    device: DeviceId;
    mode: ChangeMode;
    /** `sealed`: the text is a snapshot's raw form; its own lines and secrets are as a device showed them. */
    source?: Source["kind"];
    text: string;
    before: Configuration;
    tagger: Tagger;
    managementAddress?: string;
  }): Prediction;
  /** Pure: why this configuration, as a device showed it, cannot be put back as a whole; null where it can. Holds no secret. */
  notRestorable(device: DeviceId, raw: string, tagger: Tagger): string | null;
  /** Pure: the normalised diff between two public forms, as canonical JSON text. */
  diff(before: string, after: string): string;
  /** Pure: whether a measured diff is the signed one, allowing for the rewrites that the platform file names. */
  sameDiff(signed: string, measured: string): boolean;
  /** Pure: the public form of a configuration text. */
  publicForm(device: DeviceId, raw: string, tagger: Tagger): { publicText: string; publicDigest: Digest };
}

export interface Prediction {
  /** Canonical JSON of `[{op, path, line}]` on public forms. */
  readonly diff: string;
  /**
   * Canonical JSON of the ordered commands as they will be sent, with `‹secret("name")›` and `‹secret:tag›` tokens standing for secrets.
   * Turned into what is typed by `render`. A command that holds line feeds is one block (a banner): typed whole, one prompt after it.
   */
  readonly commands: string;
  readonly touchesManagement: boolean;
  /** Destructive lines (erase, reload, user and AAA removal) raise the risk class. */
  readonly destructive: boolean;
  readonly warnings: readonly Finding[];
  /** Substitutes secrets just before sending. Throws SECRET_UNKNOWN or SECRET_KEEP. */
  render(secret: (name: string) => string | undefined): readonly string[];
}

/** What the transaction tells the agent while it runs. Each `intent` is durable before the next packet leaves. */
export interface TransactionHooks {
  intent(step: StepName, data: unknown): Promise<void>;
  done(step: StepName, data: unknown): Promise<void>;
  state(state: TaskState): Promise<void>;
  /** A fresh connection to the hub made after the apply; throws WAY_HOME_LOST. Called only for devices on the way home. */
  wayHome(signal: AbortSignal): Promise<void>;
  /** True when a cancel asks to stop at the next safe point. */
  stopRequested(): boolean;
}

export type StepName =
  | "precheck"
  | "snapshot"
  | "state"
  | "arm"
  | "stage"
  | "apply"
  | "reconnect"
  | "way-home"
  | "verify"
  | "keep"
  | "confirm"
  | "revert"
  | "save"
  | "re-read";

export interface ChangeSpec {
  readonly device: DeviceId;
  readonly id: string;
  readonly mode: ChangeMode;
  readonly drift: "exact" | "same-diff";
  readonly source?: Source["kind"];
  readonly text: string;
  readonly preImage: Digest;
  readonly keyGeneration: number;
  /** The signed diff and ordered commands, as canonical JSON text. */
  readonly diff: string;
  readonly commands: string;
  readonly level: Level;
  readonly touchesManagement: boolean;
  readonly onWayHome: boolean;
  readonly serial: string | null;
  /** Codes of findings that the warrant takes upon itself. */
  readonly accepts?: readonly string[];
  readonly confirmMs: number;
  readonly verify: readonly Verification[];
  /** The only software versions on which it may run, where its evidence holds for these alone. */
  readonly versions?: readonly string[];
  /** The same reads before and after, compared: what the change breaks undoes it. */
  readonly checks?: Checks | undefined;
  readonly comment: string;
}

export interface ChangeOutcome {
  readonly state: Extract<TaskState, "DONE" | "ROLLED_BACK" | "FAILED" | "DRIFTED" | "CANCELED" | "UNKNOWN">;
  readonly code: ErrorCode | null;
  readonly detail: string | null;
  readonly before: Configuration | null;
  readonly after: Configuration | null;
  readonly diff: string | null;
  readonly verified: readonly { command: string; ok: boolean }[];
  /** What became of the state checks, and all that was read for them. */
  readonly checks?: StateEvidence | undefined;
  readonly level: Level | null;
  /** True when the device was certainly not changed by us: the agent may start it again. */
  readonly notApplied: boolean;
}

export interface StateEvidence {
  readonly results: readonly CheckResult[];
  readonly before: StateTables;
  readonly after: StateTables;
}

/** Rows by table, as JSON: bounded in rows, and each cell in length. */
export type StateTables = Readonly<Record<string, Table>>;

/** What the journal holds of a change when the agent starts again. */
export interface ChangeProgress {
  readonly token: TransactionToken | null;
  /** Steps whose intent was committed, and whether their end was. */
  readonly steps: readonly { step: StepName; done: boolean }[];
  readonly before: Digest | null;
  /** The snapshot's public text, handed over with `done("snapshot", Configuration)`; without it a change that was kept cannot be told from another. */
  readonly beforeText?: string | null;
}

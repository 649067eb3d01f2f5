/** The handle by which tests, fleets and the demo hold one simulated device, whatever it runs. */
import type { Conditions } from "./conditions.ts";
import type { Fault, FaultInput, FaultKind } from "./faults.ts";
import type { SshCounters } from "./ssh/server.ts";

export interface Change {
  /** Milliseconds since 1970 on the simulator's clock. */
  atMs: number;
  by: string;
}

export interface ApplyRecord extends Change {
  /** How the lines came in: `terminal`, `replace`, `copy`, `netconf`, `api`, … */
  via: string;
  lines: string[];
}

/** A change that the device will take back by itself at `deadlineMs`. */
export interface PendingRollback {
  armedAtMs: number;
  deadlineMs: number;
  user: string;
}

export type DeviceEvent = Change &
  (
    | { kind: "applied"; via: ApplyRecord["via"] }
    | { kind: "armed"; timeoutMs: number }
    | { kind: "confirmed" }
    | { kind: "rolled-back"; why: "timer" | "asked" | "error" | "session-lost" }
    | { kind: "saved" }
    | { kind: "rebooted" }
    | { kind: "wiped" }
    | { kind: "out-of-band"; lines: string[] }
  );

/** Distributive, so that each kind keeps its own fields. */
export type WithoutTime<T> = T extends unknown ? Omit<T, "atMs"> : never;

export interface CommandRecord {
  atMs: number;
  sessionId: number;
  user: string;
  mode: "exec" | "config";
  line: string;
}

export interface HostKeyPublic {
  readonly algorithm: string;
  /** The key blob, as in a known_hosts line. */
  readonly base64: string;
  /** `SHA256:…` */
  readonly sha256: string;
}

export interface SimulatedDevice {
  /** The platform's name in the product's inventory: `juniper_junos`. */
  readonly platform: string;
  readonly name: string;
  readonly address: string;
  /** Of the SSH CLI. */
  readonly port: number;
  /** Of the other protocols that it speaks, where it speaks them. */
  readonly ports?: { readonly netconf?: number; readonly https?: number; readonly snmp?: number };
  readonly hostKeyPublic: HostKeyPublic;
  /** PEM of the certificate that its HTTPS API shows. */
  readonly certificate?: string;
  readonly username: string;
  readonly password: string;
  readonly enablePassword: string | undefined;
  readonly serial: string;
  readonly model: string;
  readonly version: string;
  hostname(): string;
  /** TCP connections accepted since the start, refused ones included. */
  acceptCount(): number;
  /** How many times a password reached the device, right or wrong. */
  passwordAttempts(): number;
  counters(): SshCounters;
  runningConfig(): string;
  startupConfig(): string;
  /** An out-of-band change: another admin, another tool. Not an apply. Throws when the device would refuse a line. */
  mutate(lines: readonly string[], by?: string): void;
  setFault(fault: FaultInput): void;
  clearFault(kind?: FaultKind): void;
  faults(): readonly Fault[];
  /** How it stands otherwise; absent where a platform's simulator knows nothing of it. */
  readonly conditions?: Conditions;
  commands(): readonly CommandRecord[];
  /** What was put in force by a session, once each, since the start. */
  applies(): readonly ApplyRecord[];
  applyCount(): number;
  events(): readonly DeviceEvent[];
  pendingRollback(): PendingRollback | undefined;
  files(): readonly string[];
  /** Takes away all but what makes it reachable, as after a visit to the console. */
  wipe(): void;
  /** Power off and on. */
  reboot(bootMs?: number): void;
  stop(): Promise<void>;
}

import type { Verification } from "../../../shared/documents/common.ts";
import type { Device, TransportName } from "../../../shared/documents/inventory.ts";
import type { Credential } from "../../../shared/secret.ts";
import type { SimulatedDevice } from "../../../simulators/device.ts";
import type { DeviceClock } from "../support.ts";
import type { FaultName } from "./faults.ts";

/** One platform over one transport, as the matrix works with it. */
export interface Subject {
  readonly platform: string;
  readonly transport: TransportName;
  /** A device that has just been started, and how it is reached. */
  start(clock: DeviceClock): Promise<{ sim: SimulatedDevice; target: Device; credential: Credential }>;
  readonly merge: SubjectChange;
  /** The whole configuration with the same change in it; undefined where the platform has no replace. */
  readonly replace?: (running: string) => string;
  /** What another administrator types, and how it shows. */
  readonly foreign: { readonly lines: readonly string[]; readonly shown: RegExp };
  /** Somebody else is in the way by a lock only: there is no candidate that all share. */
  readonly locks?: true;
  /** The running configuration without what changes by itself (times, counters). */
  body(config: string): string;
  /** Sources of patterns that single out what is said to the device at each moment, as its simulator logs it. */
  readonly moments: Moments;
  /** Where a replace is said otherwise. */
  readonly replaceMoments?: Partial<Moments>;
  /** Why this machine cannot run it, where it needs something of the machine. */
  readonly cannot?: string;
  /** Faults that mean nothing here, with the reason, which is printed. */
  readonly without?: Partial<Record<FaultName, string>>;
}

export interface Moments {
  /** Before anything is in force. */
  readonly beforeApply: string;
  /** In the middle of the lines. */
  readonly duringApply: string;
  /** One of the lines themselves, as `refuse-line` and `authorization-denied` match it. */
  readonly line: string;
  /** What puts them in force: the last line, or the commit. */
  readonly apply: string;
  /** What keeps them. */
  readonly confirm: string;
}

export interface SubjectChange {
  /** At least three lines. */
  readonly text: string;
  /** Matches the running configuration exactly while the change is in force. */
  readonly inForce: RegExp;
  readonly verify: readonly Verification[];
}

export const nameOf = ({ platform, transport }: Pick<Subject, "platform" | "transport">): string =>
  `${platform}/${transport}`;

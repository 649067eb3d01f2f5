import type { HeldEvidence } from "../certify/held.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Hold } from "../../shared/documents/hold.ts";
import type { HostKey, Inventory } from "../../shared/documents/inventory.ts";
import type { Manifest, TaskSpec, TextRef } from "../../shared/documents/manifest.ts";
import type { PlannedDevice, SnapshotRef } from "../../shared/documents/receipt.ts";
import type { AgentId, Digest, PersonId } from "../../shared/ids.ts";
import type { Credential, Secret } from "../../shared/secret.ts";
import type { TaskState } from "../../shared/states.ts";
import type { Store } from "../../shared/store.ts";
import type { Configuration, Driver, Session, Tagger } from "../../drivers/types.ts";
import type { AssignmentKey, TaskEnd, TaskEvidence } from "../core/model.ts";
import type { DeviceLogins } from "../vault/device-logins.ts";
import type { LiveOutput } from "./live-output.ts";
import type { Spool } from "./spool.ts";

/** What one task on one device works with. A kind of job is a function of this; it knows no queue, no lock and no link. */
export interface TaskContext<T extends TaskSpec = TaskSpec> {
  readonly key: AssignmentKey;
  /** This agent. */
  readonly agent: AgentId;
  readonly manifest: Manifest;
  readonly signers: readonly PersonId[];
  readonly task: T;
  readonly device: Inventory["devices"][number];
  readonly driver: Driver;
  readonly proofs: Pick<HeldEvidence, "gradeOf" | "versions">;
  readonly clock: Clock;
  /** The task's deadline, a cancel of what may simply stop, or the end of the process. */
  readonly signal: AbortSignal;
  readonly store: Store;
  readonly spool: Spool;
  readonly tagger: Tagger;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly live: LiveOutput;
  readonly onWayHome: boolean;
  /** Logs in afresh; the caller closes. */
  open(signal: AbortSignal): Promise<Session>;
  /** With this credential and no other. */
  openWith(credential: Credential, signal: AbortSignal): Promise<Session>;
  /** What the device shows as its host keys; nobody logs in to it. */
  hostKeys(): Promise<readonly HostKey[]>;
  readonly deviceLogins: DeviceLogins;
  /** To every agent of the site and to the recovery key; on its way home when it resolves. */
  seal(text: string): Promise<TextRef>;
  /** A text that the manifest names, with the digest that it names. */
  text(ref: TextRef): Promise<string>;
  /** Opens a sealed text of this device. Throws SEALED for one that no agent of this site has sealed. */
  unseal(ref: TextRef): Promise<string>;
  /** Stores both forms of a configuration and says where they are. */
  snapshot(configuration: Configuration): Promise<SnapshotRef>;
  /** Durable before it resolves. Throws CANCELED when the task has ended meanwhile. */
  moved(state: TaskState, step: string | null): Promise<void>;
  /** Throws where the site's own policy does not let the task begin, whatever was so when the job started. */
  requireBegin(): Promise<void>;
  /** What a person holds the device by; nothing but reads touches it then. */
  hold(): Promise<Hold | undefined>;
  stopRequested(): boolean;
  wayHome(signal: AbortSignal): Promise<void>;
}

export const NO_EVIDENCE: TaskEvidence = {
  before: null,
  after: null,
  diff: null,
  transcript: null,
  output: null,
  level: null,
  evidence: null,
  verified: [],
};

/** A plan's evidence carries what the plan receipt will say of the device. */
export type PlanEvidence = TaskEvidence & { readonly planned?: PlannedDevice };

export function done(evidence: Partial<PlanEvidence>): TaskEnd {
  return { state: "DONE", code: null, detail: null, evidence: { ...NO_EVIDENCE, ...evidence } };
}

export async function withSession<T>(context: TaskContext, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await context.open(context.signal);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

export const digestOf = (ref: TextRef | null): Digest | null => ref?.sha256 ?? null;

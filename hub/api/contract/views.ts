import { Epoch } from "../../../shared/wire/epoch.ts";
import { z } from "@hono/zod-openapi";
import {
  Deadlines,
  ChangeMode,
  DriftMode,
  RevealTask,
  RotateTask,
  Source,
  TEXT_SOURCE,
  TextRef,
} from "../../../shared/documents/manifest.ts";
import { Accepted } from "../../../shared/documents/accepted.ts";
import { Checks } from "../../../shared/documents/checks.ts";
import { JobKind, Level, Risk, Verification } from "../../../shared/documents/common.ts";
import { Code, Finding, SnapshotRef } from "../../../shared/documents/receipt.ts";
import { Envelope } from "../../../shared/envelope.ts";
import {
  AgentId,
  BreakglassId,
  DeviceId,
  Digest,
  GrantId,
  HopId,
  JobId,
  KeyId,
  PersonId,
  PlatformId,
  SiteId,
} from "../../../shared/ids.ts";
import { BoxPublicKey, SigningPublicKey } from "../../../shared/keys.ts";
import { AssignmentState, JobState, TaskState } from "../../../shared/states.ts";

/** What the API shows. Times are milliseconds since the epoch; digests name blobs. */
export const Contact = z.enum(["LIVE", "LAPSED", "DARK"]);
const TimeMs = z.int().min(0);

export const AgentView = z
  .strictObject({
    id: AgentId,
    site: SiteId,
    /** Fingerprint that a person compares before approving: the RFC 7638 thumbprint of the signing key. */
    kid: KeyId,
    signKey: SigningPublicKey,
    boxKey: BoxPublicKey,
    status: z.enum(["pending", "active", "banned"]),
    contact: Contact,
    lastSeenMs: TimeMs.nullable(),
    software: z.string().nullable(),
    running: z.int().min(0),
    /** Its state went back to an older copy: it takes no work until a keyadmin has signed for this epoch. As its last hello said. */
    quarantine: z.strictObject({ epoch: Epoch, sinceMs: TimeMs, detail: z.string() }).nullable(),
  })
  .openapi("Agent");

/** What came of a sealed credential or secret that was sent. */
export const SentSecretView = z
  .strictObject({
    document: Digest,
    agent: AgentId,
    kind: z.enum(["credential", "secret"]),
    name: z.string(),
    version: z.int().min(1),
    sender: PersonId,
    sentMs: TimeMs,
    expMs: TimeMs,
    state: z.enum(["waiting", "taken", "refused", "superseded"]),
    code: Code.nullable(),
    settledMs: TimeMs.nullable(),
  })
  .openapi("SentSecret");

/** One name in one agent's vault, and the newest that was sent for it. No value is ever here. */
export const SecretView = z
  .strictObject({
    agent: AgentId,
    kind: z.enum(["credential", "secret"]),
    name: z.string(),
    /** What the agent says that it holds; null before it has said so. */
    held: z.strictObject({ version: z.int().min(0), stopped: z.boolean(), atMs: TimeMs }).nullable(),
    sent: SentSecretView.nullable(),
  })
  .openapi("Secret");

export const SiteView = z
  .strictObject({ id: SiteId, devices: z.int(), agents: z.array(AgentId), contact: Contact, parallel: z.int() })
  .openapi("Site");

export const HoldView = z
  .strictObject({ owner: PersonId, reason: z.string(), sinceMs: TimeMs, untilMs: TimeMs.nullable() })
  .openapi("Hold");

/** `by` and `reason` are null where a signed change left it. */
export const BaselineView = z
  .strictObject({ config: Digest, atMs: TimeMs, by: PersonId.nullable(), reason: z.string().nullable() })
  .openapi("Baseline");

export const DeviceView = z
  .strictObject({
    id: DeviceId,
    site: SiteId,
    platform: PlatformId,
    address: z.string(),
    port: z.int(),
    /** The hops on the way, in the order in which they are dialled; empty where it is dialled directly. */
    via: z.array(HopId),
    tags: z.record(z.string(), z.string()),
    /** The newest collected configuration, public form. */
    config: Digest.nullable(),
    collectedMs: TimeMs.nullable(),
    lastJob: JobId.nullable(),
    lastState: TaskState.nullable(),
    /** By whom, why and until when nothing but reads touches it; null where nobody holds it. */
    hold: HoldView.nullable(),
    /** What the device is compared with: what a person adopted or a signed change left there, whichever is later. */
    baseline: Digest.nullable(),
  })
  .openapi("Device");

export const SnapshotView = z
  .strictObject({
    device: DeviceId,
    takenMs: TimeMs,
    job: JobId,
    public: TextRef,
    keyGeneration: z.int(),
    sealed: Digest.nullable(),
    notRestorable: z.string().nullable(),
  })
  .openapi("Snapshot");

export const TaskView = z
  .strictObject({
    device: DeviceId,
    state: TaskState,
    late: TaskState.nullable(),
    step: z.string().nullable(),
    code: Code.nullable(),
    detail: z.string().nullable(),
    atMs: TimeMs.nullable(),
    level: Level.nullable(),
    before: SnapshotRef.nullable(),
    after: SnapshotRef.nullable(),
    /** Planned diff of a change, from the agent's signed plan. */
    plannedDiff: Digest.nullable(),
    plannedCommands: Digest.nullable(),
    /** Measured diff, from the receipt. */
    diff: Digest.nullable(),
    output: Digest.nullable(),
    transcript: Digest.nullable(),
    warnings: z.array(Finding),
    hints: z.array(Finding),
  })
  .openapi("Task");

export const AssignmentView = z
  .strictObject({
    manifest: Digest,
    attempt: z.int(),
    agent: AgentId,
    site: SiteId,
    wave: z.int(),
    state: AssignmentState,
    code: Code.nullable(),
    reason: z.string().nullable(),
    receipt: Digest.nullable(),
    /** What its agent said after it had been given up: another attempt has the verdict, this has the truth of this one. */
    late: z.strictObject({ state: AssignmentState, code: Code.nullable() }).nullable(),
    tasks: z.array(TaskView),
  })
  .openapi("Assignment");

export const JobSummary = z
  .strictObject({
    id: JobId,
    kind: JobKind,
    title: z.string(),
    state: JobState,
    author: PersonId.nullable(),
    createdMs: TimeMs,
    endedMs: TimeMs.nullable(),
    risk: Risk,
    devices: z.int(),
    /** Tasks by state. */
    counts: z.record(TaskState, z.int()),
    authority: z.enum(["warrant", "grant"]),
    grant: GrantId.nullable(),
    signers: z.array(PersonId),
    /** Distinct persons who must sign in all, the author included. */
    signersNeeded: z.int(),
    /** One on-call person signed alone, under this break-glass; why is the job's reason. */
    breakglass: z.strictObject({ id: BreakglassId, sha256: Digest, reason: z.string() }).nullable(),
    code: Code.nullable(),
  })
  .openapi("JobSummary");

export const JobView = JobSummary.extend({
  reason: z.string(),
  warrant: Digest.nullable(),
  /** Why it waits, in words that a person can act on. */
  waiting: z.string().nullable(),
  assignments: z.array(AssignmentView),
  /** Plan work under a grant that made this change's plan; empty for other kinds. */
  planning: z.array(AssignmentView),
}).openapi("Job");

const common = {
  title: z.string().min(1).max(200),
  reason: z.string().max(2000).default(""),
  deadlines: Deadlines.optional(),
  outputBytesMax: z.int().min(1024).max(2_000_000_000).optional(),
  /** Unix seconds. */
  notBefore: z.int().optional(),
  lifetimeSeconds: z.int().min(60).optional(),
} as const;

/** Reads: under a grant they roll at once; with `author` and no grant they wait for signatures. */
const readCommon = {
  ...common,
  devices: z.array(DeviceId).min(1).max(20_000),
  grant: GrantId.optional(),
  author: PersonId.optional(),
} as const;

export const JobRequest = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("collect"), ...readCommon }),
    z.strictObject({
      kind: z.literal("check"),
      ...readCommon,
      /** Only what the devices show as their host keys; nobody logs in. */
      hostKeys: z.literal(true).optional(),
      /** This agent of the site, for a second look from another place. */
      agent: AgentId.optional(),
    }),
    z.strictObject({
      kind: z.literal("run"),
      ...readCommon,
      commands: z.array(z.string().min(1).max(4096)).min(1).max(64),
      goOn: z.literal(true).optional(),
    }),
    z.strictObject({
      kind: z.literal("change"),
      ...common,
      author: PersonId,
      /** The grant under which the agents read and plan. */
      grant: GrantId,
      /** Payload digest of the break-glass that lets the author, who is on call, sign alone. */
      breakglass: Digest.optional(),
      drift: DriftMode,
      mode: ChangeMode,
      /** Each device's rendered text, uploaded before as a blob. */
      texts: z
        .array(z.strictObject({ device: DeviceId, source: Source.default(TEXT_SOURCE), text: TextRef }))
        .min(1)
        .max(20_000),
      verify: z.array(Verification).max(32),
      checks: Checks.optional(),
      /** Findings that block, by code, and why the author takes them upon themselves. */
      accepted: z.array(Accepted).max(16).optional(),
      /** Devices per wave, in order; what no wave names forms the last one. */
      waves: z
        .array(z.strictObject({ devices: z.array(DeviceId).min(1), notBefore: z.int().optional() }))
        .max(100)
        .optional(),
      accepts: z.strictObject({ levelE: z.array(DeviceId), simulatedEvidence: z.array(PlatformId) }).optional(),
      attemptsMax: z.int().min(1).max(10).optional(),
      /** Agents that a person may let go on where the first one is gone, each for its own site. */
      standbys: z.array(AgentId).max(100).optional(),
    }),
    z.strictObject({
      kind: z.literal("rotate"),
      ...common,
      author: PersonId,
      devices: z.array(DeviceId).min(1).max(20_000),
      credential: RotateTask.shape.credential,
      password: RotateTask.shape.password,
      accepts: z.strictObject({ levelE: z.array(DeviceId), simulatedEvidence: z.array(PlatformId) }).optional(),
    }),
    z.strictObject({
      kind: z.literal("reveal"),
      ...common,
      reason: RevealTask.shape.reason,
      author: PersonId,
      devices: z.array(DeviceId).length(1),
      sealed: TextRef,
      public: Digest,
      to: BoxPublicKey,
    }),
  ])
  .openapi("JobRequest");
export type JobRequest = z.infer<typeof JobRequest>;

/** A break-glass as it was signed, and the jobs that name it. */
export const BreakglassView = z
  .strictObject({
    sha256: Digest,
    envelope: Envelope,
    signers: z.array(PersonId),
    jobs: z.array(
      z.strictObject({
        job: JobId,
        person: PersonId.nullable(),
        reason: z.string(),
        state: JobState,
        signed: z.boolean(),
        atMs: TimeMs,
      }),
    ),
  })
  .openapi("Breakglass");
export type BreakglassView = z.infer<typeof BreakglassView>;

export const WarrantBundle = z
  .strictObject({
    /** The payload to sign, base64url of canonical JSON; the signatures so far. */
    payload: z.string(),
    signatures: z.array(Envelope.shape.signatures.element).max(16),
    /** What the warrant names, where its author signs alone. */
    breakglass: Envelope.optional(),
    /** Manifests in the order of the warrant's digests, base64url of canonical JSON. */
    manifests: z.array(z.string()),
    /** Agent-signed plan receipts that everything must be traced to. */
    plans: z.array(Envelope),
  })
  .openapi("WarrantBundle");

/** An agent-signed outcome or plan, as it stands in the record. */
export const ReceiptRecord = z.strictObject({ kind: z.enum(["receipt", "plan"]), envelope: Envelope });
export type ReceiptRecord = z.infer<typeof ReceiptRecord>;

export const ErrorBody = z
  .strictObject({
    code: Code,
    message: z.string(),
    next: z.string(),
    detail: z.string().nullable(),
    requestId: z.string(),
  })
  .openapi("Error");

/** Data of one server-sent event. The event id is its offset: give it back as Last-Event-ID to resume without a gap. */
export const StreamEvent = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("job"), id: z.int(), atMs: TimeMs, job: JobId, state: JobState }),
    z.strictObject({
      type: z.literal("assignment"),
      id: z.int(),
      atMs: TimeMs,
      job: JobId,
      manifest: Digest,
      agent: AgentId,
      state: AssignmentState,
      code: Code.nullable(),
    }),
    z.strictObject({
      type: z.literal("task"),
      id: z.int(),
      atMs: TimeMs,
      job: JobId,
      manifest: Digest,
      device: DeviceId,
      state: TaskState,
      step: z.string().nullable(),
      code: Code.nullable(),
    }),
    z.strictObject({
      type: z.literal("output"),
      id: z.int(),
      atMs: TimeMs,
      job: JobId,
      device: DeviceId,
      order: z.int(),
      last: z.boolean(),
      text: z.string(),
    }),
    z.strictObject({
      type: z.literal("agent"),
      id: z.int(),
      atMs: TimeMs,
      agent: AgentId,
      site: SiteId,
      contact: Contact,
    }),
  ])
  .openapi("StreamEvent");
export type StreamEvent = z.infer<typeof StreamEvent>;

export type AgentView = z.infer<typeof AgentView>;
export type SiteView = z.infer<typeof SiteView>;
export type DeviceView = z.infer<typeof DeviceView>;
export type BaselineView = z.infer<typeof BaselineView>;
export type SnapshotView = z.infer<typeof SnapshotView>;
export type TaskView = z.infer<typeof TaskView>;
export type AssignmentView = z.infer<typeof AssignmentView>;
export type JobSummary = z.infer<typeof JobSummary>;
export type JobView = z.infer<typeof JobView>;
export type WarrantBundle = z.infer<typeof WarrantBundle>;

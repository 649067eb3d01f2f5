import { z } from "zod";
import { Epoch } from "../wire/epoch.ts";
import { ERROR_CODES } from "../errors.ts";
import {
  AgentId,
  BreakglassId,
  DeviceId,
  Digest,
  EpochSeconds,
  JobId,
  OrgId,
  PersonId,
  PlatformId,
  SiteId,
} from "../ids.ts";
import { TaskState } from "../states.ts";
import { CheckSummary, PlannedCheck } from "./checks.ts";
import { CommandText, Evidence, Level, UndoCost } from "./common.ts";
import { CheckFinding } from "./check.ts";
import { ChangeMode, OutputRef, Source, TextRef } from "./manifest.ts";
import { Authority } from "./offer.ts";

export const Code = z.enum(ERROR_CODES);

/** A configuration by content: `public` is the hash of the public form; `sealed` names the encrypted raw form, where kept. */
export const SnapshotRef = z.strictObject({
  public: TextRef,
  keyGeneration: z.int().min(1),
  sealed: Digest.nullable(),
  /** Why it cannot be restored from the sealed form; null when it can. */
  notRestorable: z.string().max(200).nullable(),
});
export type SnapshotRef = z.infer<typeof SnapshotRef>;

const chain = {
  org: OrgId,
  site: SiteId,
  agent: AgentId,
  /** Digest of this agent's receipt before this one; null for the first of an epoch. */
  prev: Digest.nullable(),
  epoch: Epoch,
  index: z.int().min(1),
  /** The last audit checkpoint that the agent saw: agents are the witnesses. */
  checkpoint: z.string().max(512).nullable(),
} as const;

export const Finding = z.strictObject({ code: z.string().regex(/^[A-Z0-9_]{3,40}$/), detail: z.string().max(500) });
export type Finding = z.infer<typeof Finding>;

export const PlannedDevice = z.strictObject({
  device: DeviceId,
  ok: z.literal(true),
  platform: PlatformId,
  platformDigest: Digest,
  mode: ChangeMode,
  source: Source,
  text: TextRef,
  preImage: SnapshotRef,
  diff: TextRef,
  commands: TextRef,
  level: Level,
  undoCost: UndoCost,
  evidence: Evidence,
  touchesManagement: z.boolean(),
  warnings: z.array(Finding).max(64),
  /** What a preflight of the device found: of rights, sessions, clock, storage, its part in a cluster, who manages it. */
  preflight: z.array(CheckFinding).max(64).optional(),
  /** What would raise the level: lines to configure, each with why. */
  hints: z.array(Finding).max(64),
  /** Which state checks will run, and how they stand now. */
  checks: z.array(PlannedCheck).max(64).optional(),
});
export const UnplannedDevice = z.strictObject({
  device: DeviceId,
  ok: z.literal(false),
  code: Code,
  detail: z.string().max(500),
});
export type PlannedDevice = z.infer<typeof PlannedDevice>;

/** The dry run, signed by the agent that made it. */
export const PlanReceipt = z.strictObject({
  type: z.literal("plan"),
  v: z.literal(1),
  ...chain,
  job: JobId,
  manifest: Digest,
  inventory: Digest,
  at: EpochSeconds,
  devices: z
    .array(z.discriminatedUnion("ok", [PlannedDevice, UnplannedDevice]))
    .min(1)
    .max(1000),
});
export type PlanReceipt = z.infer<typeof PlanReceipt>;

export const TaskOutcome = z.strictObject({
  device: DeviceId,
  state: TaskState,
  code: Code.nullable(),
  detail: z.string().max(500).nullable(),
  startedAt: EpochSeconds.nullable(),
  endedAt: EpochSeconds.nullable(),
  before: SnapshotRef.nullable(),
  after: SnapshotRef.nullable(),
  /** The diff that was measured between before and after. */
  diff: TextRef.nullable(),
  transcript: OutputRef.nullable(),
  /** Output of `run`, findings of `check`, and the state before and after a change with checks. */
  output: OutputRef.nullable(),
  level: Level.nullable(),
  evidence: Evidence.nullable(),
  verified: z.array(z.strictObject({ command: CommandText, ok: z.boolean() })).max(32),
  /** What became of the state checks of a change. */
  checks: CheckSummary.optional(),
  /** How often the change was applied to the device; never more than one per attempt. */
  applies: z.int().min(0).max(1000),
});
export type TaskOutcome = z.infer<typeof TaskOutcome>;

export const AssignmentOutcome = z.enum([
  "SUCCEEDED",
  "FAILED",
  "CANCELED",
  "TIMED_OUT",
  "UNKNOWN_FINAL",
  "REJECTED",
  "EXPIRED",
]);
export type AssignmentOutcome = z.infer<typeof AssignmentOutcome>;

export const BreakglassUsed = z.strictObject({ id: BreakglassId, sha256: Digest, reason: z.string().min(1).max(2000) });
export type BreakglassUsed = z.infer<typeof BreakglassUsed>;

/** The agent's signed outcome of one assignment. */
export const Receipt = z.strictObject({
  type: z.literal("receipt"),
  v: z.literal(1),
  ...chain,
  job: JobId,
  manifest: Digest,
  attempt: z.int().min(1).max(10),
  /** 0 for what the agent began by its own clock under a grant. */
  fence: z.int().min(0),
  authority: Authority,
  /** Who authorised it, as verified by the agent; empty under a grant minted for the hub. */
  signers: z.array(PersonId).max(16),
  persons: z.int().min(0).max(16),
  /** One on-call person signed alone, under this break-glass; `reason` is what that person wrote into the warrant. */
  breakglass: BreakglassUsed.optional(),
  outcome: AssignmentOutcome,
  code: Code.nullable(),
  startedAt: EpochSeconds,
  endedAt: EpochSeconds,
  tasks: z.array(TaskOutcome).max(1000),
});
export type Receipt = z.infer<typeof Receipt>;

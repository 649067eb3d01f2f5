import { z } from "zod";
import { AgentId, CredentialName, DeviceId, Digest, JobId, OrgId, PersonId, PlatformId, SiteId } from "../ids.ts";
import { BoxPublicKey } from "../keys.ts";
import { Accepted } from "./accepted.ts";
import { Checks } from "./checks.ts";
import { CommandText, Evidence, Level, UndoCost, Verification } from "./common.ts";

/** A text that travels beside the manifest: too large to sign in place, named by what it is. */
export const TextRef = z.strictObject({
  sha256: Digest,
  bytes: z
    .int()
    .min(0)
    .max(16 * 1024 * 1024),
});
export type TextRef = z.infer<typeof TextRef>;

/** What a device said: as large as the job's cap allows, and never loaded whole. */
export const OutputRef = z.strictObject({ sha256: Digest, bytes: z.int().min(0).max(4_000_000_000) });

export const DriftMode = z.enum(["exact", "same-diff"]);
export type DriftMode = z.infer<typeof DriftMode>;
export const ChangeMode = z.enum(["merge", "replace"]);
export type ChangeMode = z.infer<typeof ChangeMode>;

/**
 * What a text is: an author's own, or the sealed form of a snapshot, which only an agent of its site opens, after it has verified the
 * signatures. A restore is a change whose text is sealed; `public` is the hash that the device must have afterwards.
 */
export const Source = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("text") }),
  z.strictObject({ kind: z.literal("sealed"), public: Digest, keyGeneration: z.int().min(1) }),
]);
export type Source = z.infer<typeof Source>;
export const TEXT_SOURCE: Source = { kind: "text" };

export const CollectTask = z.strictObject({ kind: z.literal("collect"), device: DeviceId });
/** With `hostKeys`, nothing but what the device shows as its host keys: nobody logs in to it, and it needs no pin. */
export const CheckTask = z.strictObject({
  kind: z.literal("check"),
  device: DeviceId,
  hostKeys: z.literal(true).optional(),
});
export const RunTask = z.strictObject({
  kind: z.literal("run"),
  device: DeviceId,
  commands: z.array(CommandText).min(1).max(64),
  /** A command that the device refuses is told in the output, and the next one is asked. */
  goOn: z.literal(true).optional(),
});
/** Reads the device and computes what the author's text would do, on the agent: the text is not sent to the device. */
export const PlanTask = z.strictObject({
  kind: z.literal("plan"),
  device: DeviceId,
  mode: ChangeMode,
  source: Source,
  text: TextRef,
  verify: z.array(Verification).max(32),
  checks: Checks.optional(),
});
export const ChangeTask = z.strictObject({
  kind: z.literal("change"),
  device: DeviceId,
  mode: ChangeMode,
  drift: DriftMode,
  source: Source,
  text: TextRef,
  /** Public form of the running configuration that was reviewed, and the generation of the site key in its secret tags. */
  preImage: Digest,
  keyGeneration: z.int().min(1),
  diff: TextRef,
  commands: TextRef,
  level: Level,
  undoCost: UndoCost,
  evidence: Evidence,
  touchesManagement: z.boolean(),
  verify: z.array(Verification).max(32),
  /** The same reads before and after, compared. */
  checks: Checks.optional(),
  /** What the preflight found that blocks, and why it may be done all the same. */
  accepted: z.array(Accepted).max(16).optional(),
  /** Digest of the agent-signed plan receipt's payload that all of the above comes from. */
  plan: Digest,
});
/** Gives the account of a device's credential a new password, which the agent makes or was sent sealed under the name of a secret. */
export const RotateTask = z.strictObject({
  kind: z.literal("rotate"),
  device: DeviceId,
  /** Must be what the signed inventory binds to the device. */
  credential: CredentialName,
  password: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("made"), length: z.int().min(16).max(64) }),
    z.strictObject({ kind: z.literal("sent"), secret: CredentialName }),
  ]),
});
/** Opens a sealed configuration for one person's tool: sealed again, to a key that lives as long as that tool runs. Touches no device. */
export const RevealTask = z.strictObject({
  kind: z.literal("reveal"),
  device: DeviceId,
  sealed: TextRef,
  public: Digest,
  person: PersonId,
  to: BoxPublicKey,
  reason: z.string().min(1).max(400),
});
export type RotateTask = z.infer<typeof RotateTask>;
export type RevealTask = z.infer<typeof RevealTask>;
export type ChangeTask = z.infer<typeof ChangeTask>;
export type PlanTask = z.infer<typeof PlanTask>;
export type CheckTask = z.infer<typeof CheckTask>;
export type RunTask = z.infer<typeof RunTask>;

export const TaskSpec = z.discriminatedUnion("kind", [
  CollectTask,
  CheckTask,
  RunTask,
  PlanTask,
  ChangeTask,
  RotateTask,
  RevealTask,
]);
export type TaskSpec = z.infer<typeof TaskSpec>;

export const Deadlines = z.strictObject({
  connectMs: z.int().min(100).max(300_000),
  commandMs: z.int().min(100).max(3_600_000),
  taskMs: z.int().min(1000).max(86_400_000),
  /** From the agent's start of the assignment until every task has ended or is UNKNOWN_FINAL. */
  jobMs: z
    .int()
    .min(1000)
    .max(7 * 86_400_000),
  /** How long the device's own undo timer runs. */
  confirmMs: z.int().min(5_000).max(7_200_000),
});
export type Deadlines = z.infer<typeof Deadlines>;

/** The bytes for one agent. Bare canonical JSON, known only by its SHA-256 in a warrant, or in an offer under a grant. */
export const Manifest = z
  .strictObject({
    type: z.literal("manifest"),
    v: z.literal(1),
    org: OrgId,
    /** 128 random bits: a digest in a warrant tells nothing about the other sites' work. */
    salt: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
    job: JobId,
    site: SiteId,
    /** The agents that may run it, standbys after the first. */
    agents: z.array(AgentId).min(1).max(4),
    inventory: Digest,
    /** Digests of the platform files that made the plan. */
    platforms: z.record(PlatformId, Digest),
    deadlines: Deadlines,
    outputBytesMax: z.int().min(1024).max(2_000_000_000),
    tasks: z.array(TaskSpec).min(1).max(1000),
  })
  .superRefine((manifest, context) => {
    const seen = new Set<string>();
    const kind = manifest.tasks[0]?.kind;
    manifest.tasks.forEach((task, index) => {
      if (seen.has(task.device))
        context.addIssue({ code: "custom", path: ["tasks", index, "device"], message: "a device stands twice" });
      if (task.kind !== kind)
        context.addIssue({ code: "custom", path: ["tasks", index, "kind"], message: "kinds are mixed" });
      seen.add(task.device);
    });
  });
export type Manifest = z.infer<typeof Manifest>;

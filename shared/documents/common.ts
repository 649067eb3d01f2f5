import { z } from "zod";
import { EpochSeconds } from "../ids.ts";

/** What the steps of a job can do to a device, worst first. Derived by the agent from the steps; a lower claim is refused. */
export const Risk = z.enum(["read", "change", "destructive"]);
export type Risk = z.infer<typeof Risk>;
export const riskRank: Record<Risk, number> = { read: 0, change: 1, destructive: 2 };

/** The guarantee that a change can be undone without the agent; DESIGN.md "What every plan tells". */
export const Level = z.enum(["A", "B", "C", "D", "E"]);
export type Level = z.infer<typeof Level>;
export const hasDeviceTimer = (level: Level): boolean => level === "A" || level === "B" || level === "C";

export const Evidence = z.enum(["simulated", "recorded", "real"]);
export type Evidence = z.infer<typeof Evidence>;

export const UndoCost = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("in-place") }),
  z.strictObject({ kind: z.literal("sessions-lost") }),
  z.strictObject({ kind: z.literal("reboot"), minutes: z.int().min(1).max(240) }),
]);
export type UndoCost = z.infer<typeof UndoCost>;

export const JobKind = z.enum(["collect", "run", "change", "check", "plan", "rotate", "reveal"]);
export type JobKind = z.infer<typeof JobKind>;

/** Kinds that only read: these may run under a grant. */
export const GrantKind = z.enum(["collect", "run", "check", "plan"]);
export type GrantKind = z.infer<typeof GrantKind>;

export const Validity = { iat: EpochSeconds, nbf: EpochSeconds, exp: EpochSeconds } as const;

export const CommandText = z
  .string()
  .min(1)
  .max(4096)
  // oxlint-disable-next-line no-control-regex -- control bytes are exactly what is refused here
  .regex(/^[^\u0000-\u001f\u007f]+$/, "must not hold control bytes");

/** One check after a change: the command is on the platform's read allow-list; every expectation must hold. */
export const Verification = z.strictObject({
  command: CommandText,
  contains: z.array(z.string().min(1).max(1024)).max(16).optional(),
  absent: z.array(z.string().min(1).max(1024)).max(16).optional(),
  /** Poll until it holds; BGP needs seconds to come up. */
  withinMs: z.int().min(0).max(600_000),
});
export type Verification = z.infer<typeof Verification>;

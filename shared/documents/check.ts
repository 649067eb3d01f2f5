import { z } from "zod";
import { DeviceId, EpochSeconds, PlatformId } from "../ids.ts";
import { Level, UndoCost } from "./common.ts";
import { TransportName } from "./inventory.ts";

/** `blocks`: a change would be refused or could not be undone. `warns`: a person should look. `tells`: how things stand. */
export const Severity = z.enum(["blocks", "warns", "tells"]);
export type Severity = z.infer<typeof Severity>;

/** One thing that a check found. Codes are stable; `hint` says what to do about it, where there is something to do. */
export const CheckFinding = z.strictObject({
  code: z.string().regex(/^[A-Z0-9_]{3,40}$/),
  severity: Severity,
  detail: z.string().max(500),
  hint: z.string().max(500).nullable(),
});
export type CheckFinding = z.infer<typeof CheckFinding>;

/** The output of a check of a device that let us in. One that did not has a task that failed, with the code that says why. */
export const CheckReport = z.strictObject({
  type: z.literal("check"),
  v: z.literal(1),
  device: DeviceId,
  platform: PlatformId,
  transport: TransportName,
  at: EpochSeconds,
  /** As the driver tells them; more members may come. */
  facts: z.record(z.string(), z.unknown()),
  level: Level,
  undoCost: UndoCost,
  findings: z.array(CheckFinding).max(128),
});
export type CheckReport = z.infer<typeof CheckReport>;

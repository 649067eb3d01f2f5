import { z } from "zod";

/** What a warrant takes upon itself: a finding that blocks, by code, and why it may. */
export const Accepted = z.strictObject({
  code: z.string().regex(/^[A-Z0-9_]{3,40}$/),
  reason: z.string().min(1).max(500),
});
export type Accepted = z.infer<typeof Accepted>;

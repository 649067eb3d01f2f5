import { z } from "zod";

/** A stream of records within one journal epoch; each is numbered from 1 without a gap. Sent in this order of priority. */
export const Lane = z.enum(["receipt", "state", "diff", "transcript", "telemetry"]);
export type Lane = z.infer<typeof Lane>;
export const LANES: readonly Lane[] = Lane.options;

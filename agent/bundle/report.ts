import { z } from "zod";
import { Digest } from "../../shared/ids.ts";
import { LANES, Lane } from "../../shared/wire/messages.ts";

const Range = z.strictObject({ first: z.int(), last: z.int() }).nullable();

/** What became of an inbound bundle, for the person who brought it. */
export const ImportReport = z.strictObject({
  /** 0 for what an on-call person brought: it has no number of the hub's. */
  number: z.int(),
  sha256: Digest,
  /** Bundles that never came here. */
  missing: Range,
  trust: z.array(z.string()),
  work: z.array(
    z.strictObject({
      manifest: Digest,
      attempt: z.int(),
      outcome: z.enum(["accepted", "held", "refused"]),
      code: z.string().nullable(),
      detail: z.string().nullable(),
    }),
  ),
  cancels: z.int(),
  /** Sealed credentials: what came of each. */
  credentials: z.array(z.strictObject({ document: Digest, code: z.string().nullable() })),
  /** Own bundles that the hub does not say it has. */
  unacknowledged: Range,
  /** The operator's word for the time, where it was given. */
  attested: z.int().nullable(),
});
export type ImportReport = z.infer<typeof ImportReport>;

/** What an outbound bundle holds. */
export const ExportReport = z.strictObject({
  number: z.int(),
  sha256: Digest,
  bytes: z.int(),
  lanes: z.array(z.strictObject({ lane: Lane, first: z.int(), last: z.int() })),
  /** Not all of it fitted: bring this one, let it be acknowledged, export again. */
  more: z.boolean(),
  unacknowledged: Range,
});
export type ExportReport = z.infer<typeof ExportReport>;

/** Live output is for the eye of somebody who watches now; the whole of it travels as a text. */
export const LANES_BY_FILE: readonly Lane[] = LANES.filter((lane) => lane !== "telemetry");

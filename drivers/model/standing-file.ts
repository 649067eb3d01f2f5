import { z } from "zod";

/**
 * How a device stands among others, as data of a platform file: the chassis, stack or pair that it is a part of, the contexts in it,
 * and who manages it. Each command is a read; one that a release refuses says that there is nothing of the kind. Patterns are tried
 * against the whole answer.
 */
const Pattern = z.string().min(1).max(1000);

export const StandingFile = z.strictObject({
  cluster: z
    .array(
      z.strictObject({
        /** What it is called there: `stack`, `chassis redundancy`, `MLAG`. */
        kind: z.string().max(40),
        send: z.string().max(200),
        /** Without it the device stands alone. */
        when: Pattern,
        /** Each member, with the named groups `id`, `role`, and where they are told `state` and `serial`. */
        member: Pattern,
        /** The named group `role`: of the one that answers. */
        self: Pattern,
        /** A role that takes no change. */
        standby: Pattern,
        /** Members have the same configuration and are ready to take over. */
        synced: Pattern,
      }),
    )
    .max(4)
    .default([]),
  /** Each context, with the named group `name`. */
  contexts: z
    .array(z.strictObject({ kind: z.string().max(40), send: z.string().max(200), each: Pattern }))
    .max(4)
    .default([]),
  /** Marks that a central manager leaves: it would undo what is changed beside it, or call it drift. */
  managed: z
    .array(z.strictObject({ manager: z.string().max(60), send: z.string().max(200), marker: Pattern }))
    .max(8)
    .default([]),
});
export type StandingFile = z.infer<typeof StandingFile>;

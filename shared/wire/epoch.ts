import { z } from "zod";

/** One life of a journal file: numbers of another epoch mean nothing in it. */
export const Epoch = z.string().regex(/^[0-9a-f]{32}$/);
export type Epoch = z.infer<typeof Epoch>;

import type { Justified } from "./verdicts.ts";

/** Refusals whose loss no test notices, each with the layer that refuses the same. An entry that is no longer true fails the run. */
export const JUSTIFIED: readonly Justified[] = [];

import type { Deadlines } from "../../shared/documents/manifest.ts";

/** What holds where a request names nothing. An author sees all of it in what is signed. */
export const DEFAULT_DEADLINES: Deadlines = {
  connectMs: 15_000,
  commandMs: 60_000,
  taskMs: 15 * 60_000,
  jobMs: 3_600_000,
  /** Long enough for a new connection, the way home and verification; short enough to bear when the change cuts a site off. */
  confirmMs: 120_000,
};

export const DEFAULT_OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
export const DEFAULT_LIFETIME_SECONDS = 7 * 86_400;
export const DEFAULT_ATTEMPTS_MAX = 1;
/** The first agent's, and one of a standby. */
export const ATTEMPTS_WITH_STANDBY = 2;

/**
 * A receipt and a plan speak of every task of their manifest in one envelope of at most 512 KiB: with some 800 bytes for each
 * device, in base64, no more tasks than these fit, whatever the manifest itself could hold.
 */
export const TASKS_PER_READ_MANIFEST = 400;
export const TASKS_PER_CHANGE_MANIFEST = 200;

/** A manifest travels in one frame, whose body holds 256 KiB; the rest is for its other members. */
export const MANIFEST_TASK_BYTES_MAX = 224 * 1024;
export const MANIFESTS_MAX = 2000;

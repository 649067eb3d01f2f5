/**
 * Known ways to build this wrong. Each is a variation of a simulated shell, never of the product; each must be found, or the
 * simulator proves nothing.
 */
export const MUTANTS = [
  /** The hub acknowledges records before they are committed. */
  "ack-before-commit",
  /** The agent answers ACCEPTED before its journal row is committed. */
  "accept-before-commit",
  /** A repeated offer of (manifest, attempt) is taken for new work. */
  "no-inbox-dedup",
  /** The apply packet leaves before its intent is on disk. */
  "start-not-durable",
  /** Ingest takes a batch that does not follow on what it holds. */
  "accept-gaps",
  /** A cancel that comes before its offer is answered and forgotten. */
  "forget-cancel-tombstone",
  /** Silence after a packet is called failure. */
  "unknown-treated-as-failed",
  /** The hub's welcome lets the agent delete what the hub does not hold. */
  "released-before-committed",
  /** The hub serves an offer before DELIVERED is committed. */
  "serve-before-delivered",
  /** A restarted agent applies again what was under way. */
  "retry-in-flight",
  /** The device's lock is forgotten with the process that held it. */
  "locks-lost-on-restart",
] as const;

export type Mutant = (typeof MUTANTS)[number];

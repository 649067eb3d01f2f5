/** How things stand with a device that works: not faults, but what somebody should have looked at before. Changed while it runs. */
export interface Conditions {
  /** Its clock, ahead of the world's. */
  clockSkewMs: number;
  /** Whether it has heard a time server. */
  clockSynced: boolean;
  /** Free on its flash; the platform's own number without it. */
  freeBytes: number | undefined;
  /** Sessions that other people hold: they are listed; on IOS-XE they take lines too. */
  otherSessions: number;
  /** The way to it loses what is larger than a handful of bytes: its version line comes, its key exchange does not. */
  largePacketsLost: boolean;
  /** It is one of two: what the one that answers is, and whether the other has the same configuration. */
  cluster: { answers: "active" | "standby"; synced: boolean } | undefined;
  /** Contexts in it, by name, where the platform has such. */
  contexts: string[];
  /** A central manager has put its mark on it. */
  managed: boolean;
  /** What its AAA takes away from this login's class, in the platform's words. */
  deniedCommands: string | undefined;
}

export const unremarkable = (): Conditions => ({
  clockSkewMs: 0,
  clockSynced: true,
  freeBytes: undefined,
  otherSessions: 0,
  largePacketsLost: false,
  cluster: undefined,
  contexts: [],
  managed: false,
  deniedCommands: undefined,
});

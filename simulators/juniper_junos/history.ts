/** The history of commits, as `show system commit` has it. Number 0 is what runs. */
import type { Config } from "./config/tree.ts";
import { stamp } from "./dates.ts";

export interface CommitEntry {
  readonly atMs: number;
  readonly user: string;
  readonly client: "cli" | "netconf" | "other";
  readonly comment: string | undefined;
  readonly confirmedMinutes: number | undefined;
  readonly tree: Config;
}

export const HISTORY_MAX = 50;

/** The words "commit confirmed" stay on a line for good; only "rollback pending" says that one still waits (cJunosEvolved 26.2). */
export function commitLog(entries: readonly CommitEntry[], waits: (entry: CommitEntry) => boolean): string {
  return entries
    .map((entry, index) => {
      const confirmed =
        entry.confirmedMinutes === undefined ? "" : ` commit confirmed, rollback in ${entry.confirmedMinutes}mins`;
      const comment = entry.comment === undefined ? "" : `    ${entry.comment}\n`;
      const pending = waits(entry) ? "    rollback pending\n" : "";
      return `${String(index).padEnd(3)} ${stamp(entry.atMs)} by ${entry.user} via ${entry.client}${confirmed}\n${comment}${pending}`;
    })
    .join("");
}

export function commitData(
  entries: readonly CommitEntry[],
  waits: (entry: CommitEntry) => boolean,
): Record<string, unknown> {
  return {
    "commit-history": entries.map((entry, index) => ({
      "sequence-number": index,
      user: entry.user,
      client: entry.client,
      "date-time": stamp(entry.atMs),
      ...(entry.confirmedMinutes === undefined
        ? {}
        : { comment: `commit confirmed, rollback in ${entry.confirmedMinutes}mins` }),
      ...(entry.comment === undefined ? {} : { log: entry.comment }),
      ...(waits(entry) ? { "commit-confirmed": "rollback pending" } : {}),
    })),
  };
}

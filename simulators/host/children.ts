/** Processes that hold a part of a host: what they say, line by line, and their end. */
import type { ChildProcess, ChildProcessWithoutNullStreams } from "node:child_process";
import { constants } from "node:os";

export const statusOf = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal]);

export interface Lines {
  /** Throws with what it said on standard error where it ends first. */
  next(what: string): Promise<string>;
}

export function linesOf(child: ChildProcessWithoutNullStreams): Lines {
  let [said, complaint] = ["", ""];
  let over = false;
  let check: () => void = () => undefined;
  child.stdin.on("error", () => undefined);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    check();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-2_000)));
  for (const event of ["close", "error"])
    child.once(event, () => {
      over = true;
      check();
    });
  return {
    next: (what) =>
      new Promise((resolve, reject) => {
        check = () => {
          const end = said.indexOf("\n");
          if (end >= 0) {
            const line = said.slice(0, end);
            said = said.slice(end + 1);
            resolve(line);
          } else if (over) reject(new Error(`${what} did not come: ${complaint.trim() || "it ended"}`));
        };
        check();
      }),
  };
}

/** With its first process, which takes all the others along. */
export async function end(child: ChildProcess, pid = child.pid): Promise<void> {
  const gone = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
  child.stdin?.destroy();
  if (pid !== undefined && child.exitCode === null && child.signalCode === null)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself just now.
    }
  await gone;
}

import { homedir } from "node:os";
import { systemClock } from "../../shared/clock.ts";
import type { CliContext } from "./context.ts";
import { processStdin } from "./terminal/stdin.ts";

/** The real process. Ctrl-C is left alone: it ends a command at once, as people expect; only `hub serve` waits to close its store. */
export function processContext(signal: AbortSignal = new AbortController().signal): CliContext {
  return {
    process: { stdout: process.stdout, stderr: process.stderr, env: process.env },
    env: process.env,
    stdin: processStdin,
    home: homedir(),
    cwd: process.cwd(),
    clock: systemClock,
    signal,
  };
}

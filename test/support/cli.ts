import { farhand, runFarhand } from "../../hub/cli/app.ts";
import type { CliContext } from "../../hub/cli/context.ts";
import type { Fetch } from "../../hub/api/client/index.ts";
import { systemClock } from "../../shared/clock.ts";

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly home: string;
  readonly cwd: string;
  /** Another way to the hub than this machine's network. */
  readonly fetch?: Fetch;
}

/** The operator's tool, in this process: the same commands, arguments and files as in a terminal, without starting one. */
export async function runCli(args: readonly string[], settings: CliSettings): Promise<CliResult> {
  let [stdout, stderr] = ["", ""];
  const context: CliContext = {
    process: {
      stdout: { write: (text: string) => void (stdout += text) },
      stderr: { write: (text: string) => void (stderr += text) },
      env: settings.env,
    },
    env: settings.env,
    stdin: { isTTY: false, ask: () => Promise.resolve(""), askSecret: () => Promise.resolve("") },
    home: settings.home,
    cwd: settings.cwd,
    clock: systemClock,
    signal: new AbortController().signal,
    ...(settings.fetch ? { fetch: settings.fetch } : {}),
  };
  const status = await runFarhand(farhand("test"), args, context);
  return { status, stdout, stderr };
}

export interface Document {
  readonly schema: string;
  readonly [member: string]: unknown;
}

/** The versioned documents that `--json` printed. */
export function documentsOf(result: CliResult): Document[] {
  return result.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Document);
}

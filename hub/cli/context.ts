import type { CommandContext, StricliProcess } from "@stricli/core";
import type { Clock } from "../../shared/clock.ts";
import type { Fetch } from "../api/client/index.ts";
import type { Stream } from "./terminal/output.ts";

/** A person's side of the process. */
export interface Stdin {
  readonly isTTY: boolean;
  /** One line, echoed. */
  ask(question: string): Promise<string>;
  /** One line, not echoed. */
  askSecret(question: string): Promise<string>;
}

/** What commands reach the world through, so that a test can be the world. Files are real. */
export interface CliContext extends CommandContext {
  readonly process: StricliProcess & { readonly stdout: Stream; readonly stderr: Stream };
  readonly env: Readonly<Partial<Record<string, string>>>;
  readonly stdin: Stdin;
  readonly home: string;
  readonly cwd: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly fetch?: Fetch;
}

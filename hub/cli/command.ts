import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { CliContext } from "./context.ts";
import { EXIT, exitOf, type Exit } from "./exit.ts";
import type { OutputFlags } from "./flags.ts";
import { Output } from "./terminal/output.ts";

/** What a command's function gets: the world, and how to speak. */
export interface Cli extends CliContext {
  readonly out: Output;
}

type Run<F extends OutputFlags, A extends readonly unknown[]> = (
  cli: Cli,
  flags: F,
  ...args: A
) => Promise<Exit | undefined>;

/**
 * The one place where a command's result becomes an exit status and its error a message. A thrown error that is not ours is a bug:
 * its stack is shown, because the person must be able to report it.
 */
export function command<F extends OutputFlags, A extends readonly unknown[]>(run: Run<F, A>) {
  return async function (this: CliContext, flags: F, ...args: A): Promise<void> {
    const out = new Output(this.process.stdout, this.process.stderr, this.env, flags.json);
    const cli: Cli = { ...this, out };
    try {
      this.process.exitCode = (await run(cli, flags, ...args)) ?? EXIT.ok;
    } catch (error) {
      out.error(error instanceof FarhandError ? error : new FarhandError("INTERNAL", stackOf(error), { cause: error }));
      this.process.exitCode = exitOf(errorCode(error));
    }
  };
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** Help text: what it does, then examples, which are what people read. */
export function docs(
  brief: string,
  examples: readonly string[],
  more?: string,
): { brief: string; fullDescription: string } {
  const body = more === undefined ? brief : `${brief}\n\n${more}`;
  return { brief, fullDescription: `${body}\n\nEXAMPLES\n${examples.map((line) => `  ${line}`).join("\n")}` };
}

// In a compiled binary it must stand here: there the certificates' library, loaded later, would be run before it.
import "reflect-metadata";
import packageJson from "../package.json" with { type: "json" };
import { randomBytes } from "node:crypto";
import { farhand, runFarhand } from "./cli/app.ts";
import { hubCommands, type HubProgram } from "./cli/hub-commands.ts";
import { processContext } from "./cli/process.ts";
import { refuseEnvironment } from "./cli/refuse-environment.ts";
import { EXIT, exitOf } from "./cli/exit.ts";
import { Output } from "./cli/terminal/output.ts";
import { systemClock } from "../shared/clock.ts";
import { errorCode, FarhandError } from "../shared/errors.ts";

/** A second signal ends at once: nothing that was acknowledged is lost by it. */
const SECOND_SIGNAL_STATUS = 130;

/**
 * The hub for the command line, as hub/cli/hub-commands.ts asks for it. The server is loaded only by the commands that run
 * it: the operator's tool starts in a fraction of the time.
 */
const hubProgram: HubProgram = {
  async init(options) {
    const { initHub } = await import("./init.ts");
    return initHub({ ...options, clock: systemClock, randomBytes });
  },

  async token({ stateDir, name, role }) {
    const { addTokenTo } = await import("./init.ts");
    return addTokenTo({ stateDir, name, role, clock: systemClock });
  },

  async serve(options) {
    const [{ startHub }, { processLog }] = await Promise.all([import("./serve.ts"), import("./process-log.ts")]);
    const stopping = new AbortController();
    const onSignal = (): void => {
      if (stopping.signal.aborted) process.exit(SECOND_SIGNAL_STATUS);
      stopping.abort();
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    const signal = AbortSignal.any([options.signal, stopping.signal]);
    const log = processLog();
    const onRefused = (error: unknown): void => {
      log.error("disk", { code: "IO", detail: `ends, and has to be started again: ${String(error)}` });
      process.exit(EXIT.failure);
    };
    const hub = await startHub({ ...options, clock: systemClock, signal, log, onRefused });
    const ended = hub.ended.finally(() => {
      process.off("SIGTERM", onSignal);
      process.off("SIGINT", onSignal);
    });
    return { url: hub.url, ended };
  },
};

async function main(): Promise<number> {
  try {
    refuseEnvironment(process.env);
  } catch (error) {
    if (!(error instanceof FarhandError)) throw error;
    new Output(process.stdout, process.stderr, process.env, false).error(error);
    return exitOf(errorCode(error));
  }
  const app = farhand(packageJson.version, hubCommands(hubProgram));
  return runFarhand(app, process.argv.slice(2), processContext());
}

process.exitCode = await main();

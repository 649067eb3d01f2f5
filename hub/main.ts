import packageJson from "../package.json" with { type: "json" };
import { farhand, runFarhand } from "./cli/app.ts";
import { processContext } from "./cli/process.ts";
import { refuseEnvironment } from "./cli/refuse-environment.ts";
import { exitOf } from "./cli/exit.ts";
import { Output } from "./cli/terminal/output.ts";
import { errorCode, FarhandError } from "../shared/errors.ts";

async function main(): Promise<number> {
  try {
    refuseEnvironment(process.env);
  } catch (error) {
    if (!(error instanceof FarhandError)) throw error;
    new Output(process.stdout, process.stderr, process.env, false).error(error);
    return exitOf(errorCode(error));
  }
  return runFarhand(farhand(packageJson.version), process.argv.slice(2), processContext());
}

process.exitCode = await main();

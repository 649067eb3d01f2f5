import packageJson from "../package.json" with { type: "json" };
import { FarhandError } from "../shared/errors.ts";
import { agentApplication, runAgentCli } from "./cli/app.ts";
import { refuseEnvironment } from "./cli/refuse-environment.ts";

try {
  refuseEnvironment(process.env);
  const { stdout, stderr, env } = process;
  const context = { process: { stdout, stderr, env }, env };
  process.exitCode = await runAgentCli(agentApplication(packageJson.version), process.argv.slice(2), context);
} catch (error) {
  const words = error instanceof FarhandError ? `${error.message}\n  ${error.next}` : String(error);
  process.stderr.write(`farhand-agent: ${words}\n`);
  process.exitCode = 1;
}

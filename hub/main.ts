import { farhand, runFarhand } from "./cli/app.ts";
import { processContext } from "./cli/process.ts";
import packageJson from "../package.json" with { type: "json" };

process.exitCode = await runFarhand(farhand(packageJson.version), process.argv.slice(2), processContext());

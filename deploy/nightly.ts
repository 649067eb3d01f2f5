/** `npm run nightly`: the checks and the whole test suite with many more seeds than a working day allows. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const more = { FARHAND_SIM_SEEDS: "20000", FARHAND_CAMPAIGN_MESSAGES: "20000", FARHAND_AUDIT: "required" };
const env = { ...more, ...process.env };

for (const script of ["check", "test"]) {
  const done = spawnSync("npm", ["run", script], { cwd: join(import.meta.dirname, ".."), env, stdio: "inherit" });
  if (done.status !== 0) {
    process.exitCode = done.status ?? 1;
    break;
  }
}

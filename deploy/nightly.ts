/**
 * `npm run nightly`: the checks, the whole test suite with many more seeds than a working day allows, and the mutation run, all within
 * `WHOLE_MINUTES_MAX`. Says what each of them took; a step that would go beyond is ended, and is a failure.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const WHOLE_MINUTES_MAX = 75;
const MINUTE_MS = 60_000;

/** Other hostile inputs every night; what fails says its seed. */
const firstSeed = Math.floor(Date.now() / 86_400_000) * 10_000;
const more = {
  FARHAND_SIM_SEEDS: "20000",
  FARHAND_CAMPAIGN_MESSAGES: "20000",
  FARHAND_FUZZ_INPUTS: "200000",
  FARHAND_XML_PAIRS: "12000",
  FARHAND_FUZZ_FIRST: String(firstSeed),
  FARHAND_AUDIT: "required",
  FARHAND_NETCONF_MEBIBYTES: "1024",
  FARHAND_HOSTS: "all",
};
const steps = [
  { script: "check", env: more },
  { script: "test", env: more },
  // Every platform, every fault, both modes, whole and in single bytes; alone, so that its memory is its own.
  { script: "test:matrix", env: {} },
  // Asks many tests again for each mutant: with the numbers of a working day.
  { script: "test:mutation", env: {} },
];

const startedMs = performance.now();
const spentMs = (): number => performance.now() - startedMs;
const took: string[] = [];
for (const { script, env } of steps) {
  const beforeMs = spentMs();
  const done = spawnSync("npm", ["run", script], {
    cwd: join(import.meta.dirname, ".."),
    env: { ...env, ...process.env },
    stdio: "inherit",
    timeout: Math.max(1, WHOLE_MINUTES_MAX * MINUTE_MS - beforeMs),
  });
  const minutes = ((spentMs() - beforeMs) / MINUTE_MS).toFixed(1);
  took.push(`${script} ${minutes} min${done.status === 0 ? "" : " (failed)"}`);
  if (done.status !== 0) {
    process.exitCode = done.status ?? 1;
    break;
  }
}
console.log(`nightly: ${took.join(", ")}; ${(spentMs() / MINUTE_MS).toFixed(1)} of ${WHOLE_MINUTES_MAX} minutes`);

/**
 * The first half of `npm test`: gets the real programs that the tests drive. As root on Debian and Ubuntu it installs
 * them; elsewhere it says what will be skipped. With CI=true something missing is a failure.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linesFor, missingServices, planFor } from "./services.ts";

const root = join(import.meta.dirname, "..");
const isCi = process.env["CI"] === "true";
const osReleasePath = "/etc/os-release";

/** Debian's own switch that keeps packages from starting their daemons: the tests start theirs, and port 22 is not ours. */
const policyPath = "/usr/sbin/policy-rc.d";

function apt(...words: string[]): void {
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const done = spawnSync("apt-get", ["-qq", ...words], { encoding: "utf8", env: environment });
  if (done.status !== 0) throw new Error(`apt-get ${words.join(" ")}: ${done.error?.message ?? done.stderr.trim()}`);
}

function install(packages: string[]): void {
  console.log(`installing ${packages.join(", ")}`);
  const quiet = !existsSync(policyPath);
  if (quiet) writeFileSync(policyPath, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    apt("update");
    apt("install", "-y", "--no-install-recommends", ...packages);
  } finally {
    if (quiet) rmSync(policyPath, { force: true });
  }
}

const plan = planFor(missingServices(root), {
  isRoot: process.getuid?.() === 0,
  osRelease: existsSync(osReleasePath) ? readFileSync(osReleasePath, "utf8") : "",
  isCi,
});

switch (plan.do) {
  case "nothing":
    break;
  case "install":
    try {
      install(plan.packages);
    } catch (error) {
      console.error(String(error));
    }
    for (const line of linesFor(missingServices(root), true)) {
      console.error(line);
      if (isCi) process.exitCode = 1;
    }
    break;
  case "go on":
    for (const line of plan.lines) console.log(line);
    break;
  case "fail":
    for (const line of plan.lines) console.error(line);
    process.exitCode = 1;
    break;
}

/**
 * npm run platforms            every platform over every transport: what its file says, and what tests have shown with just that file
 * npm run platforms -- --json  the same for programs
 *
 * What tests have shown stands in .results/platforms, written by them; where nothing was shown with the file as it is now, the tests of
 * the drivers are run first. Nothing in the table is written by hand.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { HostPlatformFile } from "../../drivers/model/files/schema.ts";
import { readHostPlatform, readNetconfPlatform, readPlatform } from "../../drivers/model/platform-files.ts";
import type { PlatformFile } from "../../drivers/platform.ts";
import { platforms } from "../../drivers/registry.ts";
import type { Driver } from "../../drivers/types.ts";
import { SIMULATED_PLATFORMS } from "../../simulators/registry.ts";
import { shownOf, type Facts } from "./matrix/results.ts";
import { subjects } from "./matrix/subjects/index.ts";

const ROOT = join(import.meta.dirname, "../..");
const files = textsById();

interface Row {
  readonly platform: string;
  readonly transport: string;
  readonly collect: string;
  readonly facts: string;
  readonly merge: string;
  readonly replace: string;
  readonly "native diff": string;
  readonly validate: string;
  readonly "confirm, unit": string;
  readonly "timer fired": string;
  readonly "crashes recovered": string;
  readonly faults: string;
  readonly level: string;
  readonly "undo cost": string;
  readonly evidence: string;
  readonly simulator: string;
  readonly "recorded cases": string;
  readonly "real peer": string;
}

/** The text of every platform file by the id in it, so that a file that is not in the registry is not told of. */
function textsById(): ReadonlyMap<string, string> {
  const folder = join(ROOT, "drivers/platforms");
  const Id = /^id: *(\w+)$/m;
  return new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => readFileSync(join(folder, name), "utf8"))
      .flatMap((text) => {
        const id = Id.exec(text)?.[1];
        return id === undefined ? [] : [[id, text] as const];
      }),
  );
}

type Transaction = NonNullable<PlatformFile["transactions"]["merge"]>;

interface Told {
  readonly diff: string;
  readonly validate: string;
  readonly confirm: string;
  readonly level: string;
  readonly undo: string;
}

function fromCommands(transaction: Transaction | undefined): Told {
  if (!transaction) return { diff: "local", validate: "–", confirm: "none", level: "E", undo: "–" };
  const { timer, candidate, undoCost, level, blockedLevel, requires } = transaction;
  return {
    diff: candidate?.diff === undefined ? "local" : "native",
    validate:
      candidate === undefined
        ? transaction.hook === undefined
          ? "–"
          : "syntax"
        : candidate.validate
          ? "before"
          : "at commit",
    confirm: `device timer, ${timer.min}–${timer.max} ${timer.unit}`,
    level: requires.length > 0 || blockedLevel !== level ? `${level} (${blockedLevel} where blocked)` : level,
    undo: undoCost.kind,
  };
}

function fromHost({ host }: HostPlatformFile): Told {
  const { min, max } = host.timer;
  return {
    diff: "local",
    validate: "before, in a copy of /etc",
    confirm: `device timer, ${min}–${max} seconds`,
    level: "C (E where blocked)",
    undo: "in-place",
  };
}

function told(driver: Driver): Told {
  const text = files.get(driver.platform);
  if (text === undefined) return { diff: "–", validate: "–", confirm: "none", level: "E", undo: "–" };
  switch (driver.transport) {
    case "netconf": {
      const { netconf } = /^transport:/m.test(text) ? readPlatform(text) : readNetconfPlatform(text);
      return {
        diff: "local",
        validate: "by capability",
        confirm: "device timer, seconds, by capability",
        level: "A–E by capability",
        undo: netconf?.undoCost.kind ?? "–",
      };
    }
    case "cli":
    case "https":
      if (/^host:/m.test(text)) return fromHost(readHostPlatform(text));
      return fromCommands(readPlatform(text).transactions.merge);
    case "snmp":
      return { diff: "–", validate: "–", confirm: "none (reads only)", level: "E", undo: "–" };
    default:
      return driver.transport satisfies never;
  }
}

const yes = (count: number | undefined): string => (count === undefined ? "not shown" : "yes");

function rowOf(driver: Driver): Row {
  const shown: Facts = shownOf(driver.digest, driver.transport);
  const file = told(driver);
  const reads = driver.transport === "snmp";
  return {
    platform: driver.platform,
    transport: driver.transport,
    collect: reads ? "–" : yes(shown.collect),
    facts: yes(shown.facts),
    merge: reads ? "–" : yes(shown.merge),
    replace: reads ? "–" : yes(shown.replace),
    "native diff": file.diff,
    validate: file.validate,
    "confirm, unit": file.confirm,
    "timer fired": reads ? "–" : (shown.timerFired ?? "not shown"),
    "crashes recovered": reads ? "–" : String(shown.crashes ?? "not shown"),
    faults: reads ? "–" : String(shown.faults ?? "not shown"),
    level: file.level,
    "undo cost": file.undo,
    evidence: driver.evidence,
    simulator: (SIMULATED_PLATFORMS as readonly string[]).includes(driver.platform)
      ? "yes"
      : shown.realPeer
        ? "–"
        : "no",
    "recorded cases": String(shown.recorded ?? 0),
    "real peer": shown.realPeer ?? "–",
  };
}

function print(rows: readonly Row[]): void {
  const [first] = rows;
  if (!first) return;
  // Many columns and few rows: each platform is a column.
  const names = Object.keys(first) as (keyof Row)[];
  const heads = rows.map((row) => `${row.platform} ${row.transport}`);
  const GROUP = 4;
  for (let at = 0; at < rows.length; at += GROUP) {
    const part = rows.slice(at, at + GROUP);
    const widths = part.map((row, index) =>
      Math.max(heads[at + index]?.length ?? 0, ...names.map((name) => row[name].length)),
    );
    console.log(
      `${"".padEnd(18)} ${part.map((_, index) => (heads[at + index] ?? "").padEnd(widths[index] ?? 0)).join("  ")}`,
    );
    for (const name of names.slice(2))
      console.log(`${name.padEnd(18)} ${part.map((row, index) => row[name].padEnd(widths[index] ?? 0)).join("  ")}`);
    console.log("");
  }
}

const Arguments = z.array(z.enum(["--json"])).max(1);
const isJson = Arguments.parse(process.argv.slice(2)).length > 0;
const drivers = platforms();
// What stands in no suite of its own (reads alone) is told as not shown, and is no reason to run them again.
const unshown = drivers.filter(
  ({ platform, digest, transport }) =>
    Object.keys(shownOf(digest, transport)).length === 0 &&
    subjects.some((subject) => subject.platform === platform && subject.transport === transport),
);
if (unshown.length > 0) {
  console.error(
    `nothing is known yet of ${unshown.map(({ platform, transport }) => `${platform}/${transport}`).join(", ")}: running the drivers' tests`,
  );
  spawnSync(process.execPath, ["--bun", "node_modules/.bin/vitest", "run", "test/drivers"], {
    cwd: ROOT,
    stdio: ["ignore", 2, 2],
  });
}
const rows = drivers.map(rowOf);
if (isJson) console.log(JSON.stringify({ schema: "farhand.platforms/1", platforms: rows }, null, 2));
else print(rows);
// A confirm kind whose timer no test has seen fire is a promise that nobody has checked.
const unproved = rows.filter(
  (row) => row["confirm, unit"].startsWith("device timer") && row["timer fired"] === "not shown",
);
for (const row of unproved) console.error(`no test has seen the timer of ${row.platform} over ${row.transport} fire`);
process.exitCode = unproved.length > 0 ? 1 : 0;

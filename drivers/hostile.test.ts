// What a device may print to make an agent busy: every pattern that meets a whole answer, on the worst that fits into one.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readPlatform } from "./model/platform-files.ts";

const ANSWER = 256 * 1024;
const SEEDS = [
  "cisco a (\n",
  "cisco a (",
  "Timer type: absolute ",
  "Timer type: absolute\n",
  "Version ",
  "% ",
  "\n",
  " ",
  "no change",
];

describe.each(["cisco_iosxe", "frr_linux"])("%s", (id) => {
  const file = readPlatform(readFileSync(new URL(`./platforms/${id}.yaml`, import.meta.url), "utf8"));
  const merge = file.transactions.merge;
  const data = { timer: "2", username: "netops" };
  const patterns = [
    file.facts.model,
    file.facts.version,
    file.facts.serial,
    merge?.armed?.ours.replaceAll(/\$\{(\w+)\}/g, (_, name: keyof typeof data) => data[name]),
    merge?.armed?.none,
    merge?.armed?.any,
    merge?.unsaved?.no,
    merge?.unsaved?.yes,
    ...(merge?.requires.map(({ holds }) => holds) ?? []),
    ...[merge?.arm, merge?.confirm, merge?.revert, merge?.save].flatMap(
      (recipe) => recipe?.flatMap((step) => [...(step.expect ?? []), ...(step.refuse ?? [])]) ?? [],
    ),
  ].filter((source) => source !== undefined);

  test.each(patterns)("%s stays quick", (source) => {
    const pattern = new RegExp(source, "imv");
    for (const seed of SEEDS) {
      for (const text of [
        seed.repeat(ANSWER / seed.length),
        seed + " ".repeat(ANSWER),
        `${seed}\n${"\n".repeat(ANSWER)}`,
        `Timer type: absolute\nTimer value: 2 min${seed.repeat(ANSWER / seed.length)}`,
      ]) {
        const started = performance.now();
        pattern.test(text);
        expect([seed, performance.now() - started < 1_000]).toEqual([seed, true]);
      }
    }
  });
});

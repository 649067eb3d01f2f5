// Every platform meets every named fault: the whole matrix in nightly (FARHAND_MATRIX=full), here a pairwise sample of it.
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { FAULT_NAMES, type FaultName } from "./faults.ts";
import { pairwise } from "./pairwise.ts";
import { runCase, type Case, type Ended, type Line } from "./run.ts";
import { nameOf } from "./subject.ts";
import { subjects } from "./subjects/index.ts";

const residentMiB = (what: "VmRSS" | "VmHWM"): number =>
  Number(new RegExp(`^${what}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) / 1024;

const isFull = process.env["FARHAND_MATRIX"] === "full";
const LINES: readonly Line[] = ["whole", "single-bytes"];

const every: readonly Case[] = subjects.flatMap((subject) =>
  FAULT_NAMES.filter((fault) => subject.without?.[fault] === undefined).flatMap((fault) =>
    (subject.replace ? (["merge", "replace"] as const) : (["merge"] as const)).flatMap((mode) =>
      LINES.map((line) => ({ subject, fault, mode, line })),
    ),
  ),
);
const chosen = isFull
  ? every
  : pairwise(every, ({ subject, fault, mode, line }) => [nameOf(subject), fault, mode, line]);

/**
 * Peak of this process, simulators and all, over what it needs before the first case; only a run of its own can be held to it. Twelve cases run at
 * once (`maxConcurrency`), each with a simulator and a driver of its own, and 856 of them left 533 MiB: what grew by a MiB a case would be beyond it.
 */
const MEMORY_MAX_MIB = 768;
const idleMiB = residentMiB("VmRSS");

const ended = new Map<string, Ended[]>();

describe.concurrent("a change meets a fault, and ends in what is true", () => {
  test.each(chosen.map((one) => [`${nameOf(one.subject)} ${one.fault} ${one.mode} ${one.line}`, one] as const))(
    "%s",
    async (_name, one) => {
      const result = await runCase(one);
      const key = `${nameOf(one.subject)} ${one.fault}`;
      ended.set(key, [...(ended.get(key) ?? []), result]);
    },
    120_000,
  );
});

test("every platform has met every fault that means something there", () => {
  const missed = subjects.flatMap((subject) =>
    FAULT_NAMES.filter(
      (fault) =>
        subject.without?.[fault] === undefined && !chosen.some((one) => one.subject === subject && one.fault === fault),
    ).map((fault) => `${nameOf(subject)} ${fault}`),
  );
  expect(missed).toEqual([]);
});

const alone = isFull ? "" : " (held to in nightly, where the matrix has a process of its own: npm run test:matrix)";
test.runIf(isFull)(`memory stays bounded over the whole matrix${alone}`, () => {
  expect(residentMiB("VmHWM") - idleMiB).toBeLessThan(MEMORY_MAX_MIB);
});

afterAll(() => {
  console.log(`memory: ${Math.round(residentMiB("VmHWM") - idleMiB)} MiB above idle at its peak, simulators and all`);
  const width = Math.max(...FAULT_NAMES.map((fault) => fault.length));
  const cell = (subject: (typeof subjects)[number], fault: FaultName): string => {
    const reason = subject.without?.[fault];
    if (reason !== undefined) return `– (${reason})`;
    const all = (ended.get(`${nameOf(subject)} ${fault}`) ?? []).map(({ state, code }) =>
      code ? `${state} ${code}` : state,
    );
    return [...new Set(all)].join(" | ") || "failed";
  };
  for (const subject of subjects) {
    console.log(
      `${nameOf(subject)}: ${chosen.filter((one) => one.subject === subject).length} of ${every.filter((one) => one.subject === subject).length} cases`,
    );
    for (const fault of FAULT_NAMES) console.log(`  ${fault.padEnd(width)}  ${cell(subject, fault)}`);
  }
});

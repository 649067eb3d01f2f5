// remediation(A→B) replayed on a real router: generated configurations that it showed itself, from each to another, read back equal.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { diffTexts } from "../../drivers/model/diff.ts";
import { loadLanguage } from "../../drivers/model/fixtures/platform.ts";
import { normalise } from "../../drivers/model/normalise.ts";
import { remediation } from "../../drivers/model/remediation.ts";
import { renderDiff } from "../../drivers/model/render-diff.ts";
import { frrConfiguration } from "../model/frr-configurations.ts";
import { startLab, type Lab } from "./lab.ts";
import { labVerdict } from "./requirements.ts";

const verdict = labVerdict();
const frr = loadLanguage("frr_linux");
const CONFIGURATIONS = 8;
const PAIRS = 24;

describe.skipIf(!verdict.run)(`remediation on a real router${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
  }, 60_000);
  afterAll(async () => {
    await lab?.stop();
  });

  const read = async (): Promise<string> => normalise(frr, await lab.vtysh("r1", "show running-config no-header"));
  const type = async (lines: readonly string[]): Promise<string> => {
    if (lines.length === 0) return "";
    const typed = ["configure terminal", ...lines].flatMap((line) => ["-c", line]);
    const { stdout, stderr } = await lab.exec("r1", ["vtysh", ...typed]);
    return stdout + stderr;
  };

  test(`${PAIRS} generated pairs`, { timeout: 240_000 }, async () => {
    const seed = Number(process.env["FARHAND_SEED"] ?? Date.now() % 2_147_483_647);
    console.log(`frr_linux: ${PAIRS} pairs on a real router, seed ${seed}`);
    const first = await read();
    const shown = [first];
    for (const lines of fc.sample(frrConfiguration, { numRuns: CONFIGURATIONS, seed })) {
      await type(lines);
      const now = await read();
      shown.push(now);
      // Every second one starts from the first again, so that they are more apart than on top of each other.
      if (shown.length % 2 === 0) await type(remediation(frr, now, first).commands.map(({ text }) => text));
    }
    let now = await read();
    let typed = 0;
    for (const at of fc.sample(fc.nat(shown.length - 1), { numRuns: PAIRS, seed })) {
      const target = shown[at] ?? first;
      const commands = remediation(frr, now, target).commands.map(({ text }) => text);
      const said = await type(commands);
      const after = await read();
      const left = renderDiff(diffTexts(frr, target, after));
      expect(left === "" ? "equal" : `left:\n${left}\ntyped:\n${commands.join("\n")}\nsaid: ${said}`).toBe("equal");
      typed += commands.length;
      now = after;
    }
    console.log(`frr_linux: ${typed} lines typed`);
    expect(typed).toBeGreaterThan(PAIRS);
  });
});

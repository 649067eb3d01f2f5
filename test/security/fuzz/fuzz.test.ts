// Hostile bytes for every reader of foreign bytes: no crash, no hang, no accept. FARHAND_FUZZ_INPUTS says how many, FARHAND_FUZZ_FIRST from which seed on.
import { describe, expect, it } from "vitest";
import { inputsOf, printedFault, printedTally, runCampaign } from "./campaign.ts";
import { PLANTED } from "./planted.ts";
import { inputDigest, inputOf } from "./run.ts";
import { TARGETS } from "./targets.ts";

const inputs = Number(process.env.FARHAND_FUZZ_INPUTS ?? 20_000);
const first = Number(process.env.FARHAND_FUZZ_FIRST ?? 1);

/** What a reader that anything gets past would not say. */
const SIGNED =
  /^(?:envelope|work|trust-documents|trust-update|trust-first|bundle-file|bundle-admission|sealed|audit-(?:export|receipt)|device-snmp-secured)/;

describe("T51: every parser that sees foreign bytes", () => {
  it(`T51: ${inputs} hostile inputs: no crash, no hang over 1 s, no accept`, { timeout: 75 * 60_000 }, async () => {
    const { tallies, faults } = await runCampaign(TARGETS, { inputs, first });
    process.stdout.write(`seeds from ${first}\n${tallies.map(printedTally).join("\n")}\n`);
    expect(faults.map(printedFault)).toEqual([]);
    expect(tallies.map(({ target }) => target)).toEqual(TARGETS.map(({ name }) => name));
    const read = tallies.reduce((sum, tally) => sum + tally.inputs, 0);
    expect(read).toBe(inputsOf(TARGETS, inputs));
    expect(read).toBeGreaterThanOrEqual(inputs);
    for (const { target, refused } of tallies.filter((tally) => SIGNED.test(tally.target)))
      expect({ target, refused: Object.keys(refused).length > 0 }).toEqual({ target, refused: true });
  });
});

describe("the campaign finds what it looks for", () => {
  const planted = [
    ["throws", "TypeError"],
    ["internal", "INTERNAL"],
    ["believes", "believes what nobody signed"],
    ["hangs", "hangs"],
    ["slow", "ms of CPU time"],
    ["waits", "waits without an end"],
    ["exits", "ends the process"],
    ["hoards", "MiB"],
    ["bursts", "MiB"],
  ] as const;

  it("has a planted reader for each way to be wrong", () => {
    expect(planted.map(([name]) => name)).toEqual(PLANTED.map(({ name }) => name));
  });

  it.each(planted)("T51: a reader that %s", async (name, what) => {
    const target = PLANTED.filter((known) => known.name === name);
    const patience = name === "waits" ? { wallMsMax: 3000 } : {};
    const count = name === "slow" ? 6 : 200;
    const { faults } = await runCampaign(target, { inputs: count, first: 1, flag: "--planted-child", ...patience });
    expect(faults).toContainEqual(
      expect.objectContaining({ target: name, what: expect.stringContaining(what) as string }),
    );
    // The seed that it names is one that does it: the input is not the sample.
    const [fault] = faults;
    const [planting] = target;
    if (!fault || !planting) throw new Error("nothing was found");
    const prepared = await planting.prepare();
    expect(inputDigest(inputOf(name, prepared, fault.seed))).not.toBe(inputDigest(prepared.samples[0] ?? []));
  });
});

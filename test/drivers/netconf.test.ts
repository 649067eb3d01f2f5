// The NETCONF driver against the simulator over real SSH: every way a change can go, and what is said of it.
import { afterEach, describe, expect, test } from "vitest";
import { runChange } from "../../drivers/transaction/change.ts";
import type { ChangeSpec } from "../../drivers/types.ts";
import type { Clock } from "../../shared/clock.ts";
import { errorCode } from "../../shared/errors.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import type { NetconfConfigInput } from "../../simulators/netconf/index.ts";
import { admin, IF, lab as startLab, type NetconfLab } from "./netconf-lab.ts";
import { recorder, type Rig } from "./support.ts";

const TEXT = `<interfaces xmlns="${IF}"><interface><name>eth1</name><description>probe</description></interface></interfaces>`;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const lab = (config: Parameters<typeof startLab>[1] = {}): Promise<NetconfLab> => startLab(stops, config);

async function change(box: Rig, text = TEXT, overrides: Partial<ChangeSpec> = {}, act: () => void = () => undefined) {
  const spec = await box.plan(text, overrides);
  act();
  const record = recorder();
  return { spec, record, result: await runChange(box.context(), spec, record.hooks) };
}

const GET = `get-config <interfaces xmlns="${IF}"><interface><name>eth1</name></interface></interfaces>`;
const verify = [{ command: GET, contains: ["<description>probe</description>"], withinMs: 5_000 }];
const candidateOf = async (sim: SimulatedDevice): Promise<string> =>
  (await (await admin(stops, sim)).operations.getConfig("candidate")).data ?? "";

describe("before a change", () => {
  const found = async ({ box, clock }: NetconfLab, offMs = 0): Promise<string[] | undefined> => {
    const session = await box.open();
    const at: Clock = { ...clock, nowMs: () => clock.nowMs() + offMs };
    const findings = await session.preflight?.(at);
    await session.close();
    return findings?.map(({ code, severity, detail }) => `${code} ${severity} ${detail}`);
  };

  test.each(["generic", "iosxe", "junos"] as const)(
    "%s: who holds a lock is named, and nothing is else",
    async (personality) => {
      const made = await lab({ personality });
      expect(await found(made)).toEqual([]);
      const other = await admin(stops, made.sim);
      // Junos has no other lock than the candidate's.
      const target = personality === "junos" ? "candidate" : "running";
      await other.operations.lock(target);
      // Junos tells of no other's lock but by refusing one.
      const expected =
        personality === "junos"
          ? []
          : [`LOCKED warns running is locked by session ${other.sessionId}, ${made.sim.username}`];
      expect(await found(made)).toEqual(expected);
      await other.operations.unlock(target);
      expect(await found(made)).toEqual([]);
    },
  );

  test.each(["generic", "iosxe"] as const)("%s: a clock that is off is told", async (personality) => {
    const made = await lab({ personality });
    expect(await found(made, -3_600_000)).toEqual([expect.stringMatching(/^CLOCK_OFF warns 3\d{3} seconds ahead of/)]);
    expect(await found(made, 3_600_000)).toEqual([expect.stringMatching(/^CLOCK_OFF warns 3\d{3} seconds behind/)]);
  });
});

describe("reading", () => {
  test("facts, and two reads that hash equal; no secret in a public text or a transcript", async () => {
    const { sim, box } = await lab();
    const session = await box.open();
    expect(await session.facts()).toEqual({
      hostname: sim.hostname(),
      vendor: "NETCONF",
      model: sim.model,
      version: sim.version,
      serial: sim.serial,
    });
    const [a, b] = [await session.running(), await session.running()];
    expect(a.publicDigest).toBe(b.publicDigest);
    expect(a.raw).toContain("$6$saltsalt");
    await session.run("get-config", { outputBytesMax: 1_000_000 });
    await session.close();
    expect(a.publicText + box.transcript.join("\n")).not.toMatch(/\$6\$|n3t0ps/v);
    expect(box.transcript.join("\n")).toContain("‹secret:");
  });

  test.each<[string, Partial<NetconfConfigInput>]>([
    ["the old framing", { abilities: { base: "1.0" } }],
    ["chunks of seven octets", { oddities: { chunkBytes: 7 } }],
    ["an end mark inside the data", { oddities: { chunkBytes: 50, chunkSeed: 3, endMarkInComment: true } }],
    ["zero octets behind each message", { oddities: { nulPadding: 9 } }],
    ["replies without a namespace, comments before the hello", { oddities: { replies: "bare", helloComments: ["x"] } }],
    [
      "replies with a prefix, line feeds in capabilities",
      { oddities: { replies: "prefixed", newlineInCapability: true } },
    ],
  ])("%s: the same configuration", async (_name, config) => {
    const reference = await (await (await lab()).box.open()).running();
    const session = await (await lab(config)).box.open();
    expect((await session.running()).publicDigest).toBe(reference.publicDigest);
  });

  test("only reads run; what the device does not know is refused; output is capped", async () => {
    const { sim, box } = await lab({ bulkBytes: 200_000 });
    const session = await box.open();
    const run = (command: string, outputBytesMax = 1_000_000) => session.run(command, { outputBytesMax });
    for (const command of [
      "commit",
      "edit-config <a/>",
      "get-config <a/></filter></get-config><kill-session/>",
      "get </filter></get></rpc>",
      "get running",
      "get-config elsewhere",
      "get <!DOCTYPE a>",
    ])
      expect(await run(command).then(() => "ran", errorCode), command).toBe("READ_NOT_ALLOWED");
    expect(sim.commands().filter(({ line }) => !/get|close/v.test(line))).toEqual([]);
    expect(await run(GET)).toMatch(/\n\s*<description>access &lt;1&gt;<\/description>\n/v);
    const parts: string[] = [];
    const sink = (text: string): Promise<void> => Promise.resolve(void parts.push(text));
    expect(await session.run("get", { outputBytesMax: 1_000_000, sink })).toBe("");
    expect(parts.join("").length).toBeGreaterThan(200_000);
    expect(await run("get", 10_000).then(() => "ran", errorCode)).toBe("OUTPUT_TOO_LARGE");
    expect(await run("get").then(() => "ran", errorCode)).toBe("CONNECTION_LOST");
  });
});

describe("a change", () => {
  test("is staged under both locks, committed with a timer, proved, confirmed from a new session and saved", async () => {
    const { sim, box } = await lab();
    const { spec, record, result } = await change(box, TEXT, { verify });
    expect(result).toMatchObject({ state: "DONE", code: null, level: "A", verified: [{ ok: true }] });
    expect(result.diff).toBe(spec.diff);
    expect(sim.pendingRollback()).toBeUndefined();
    expect(sim.startupConfig()).toContain("probe");
    expect(await candidateOf(sim)).toContain("probe");
    expect(record.steps.join(" ")).toBe(
      "precheck? precheck snapshot? snapshot arm? arm stage? stage apply? apply reconnect? reconnect verify? verify confirm? confirm save? save re-read? re-read",
    );
    // Nobody is locked out afterwards.
    const { operations } = await admin(stops, sim);
    await operations.lock("running");
    await operations.lock("candidate");
  });
});

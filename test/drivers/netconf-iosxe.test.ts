// IOS-XE over NETCONF: no startup to copy to, a candidate only where the feature is on.
import { afterEach, expect, test } from "vitest";
import { runChange } from "../../drivers/transaction/change.ts";
import { lab as startLab, type NetconfLab } from "./netconf-lab.ts";
import { recorder } from "./support.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
const lab = (config: Parameters<typeof startLab>[1] = {}): Promise<NetconfLab> =>
  startLab(stops, { personality: "iosxe", ...config });

const NATIVE = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";
const TEXT = `<native xmlns="${NATIVE}"><interface><GigabitEthernet><name>1</name><description>probe</description></GigabitEthernet></interface></native>`;
const withCandidate = { abilities: { candidate: "shared", confirmedCommit: "1.1", writableRunning: false } } as const;

test("facts", async () => {
  const { sim, box } = await lab();
  const session = await box.open();
  expect(await session.facts()).toEqual({
    hostname: sim.hostname(),
    vendor: "Cisco",
    model: sim.model,
    version: "17.9",
    serial: sim.serial,
  });
  await session.close();
});

test("a change is confirmed, and saved by the operation of the vendor", async () => {
  const { sim, box } = await lab(withCandidate);
  const spec = await box.plan(TEXT);
  const result = await runChange(box.context(), spec, recorder().hooks);
  expect(result).toMatchObject({ state: "DONE", code: null, level: "A" });
  expect(sim.startupConfig()).toContain("probe");
});

test("without the candidate feature nothing would undo it: refused", async () => {
  const { sim, box } = await lab();
  const spec = await box.plan(TEXT);
  const result = await runChange(box.context(), spec, recorder().hooks);
  expect(result).toMatchObject({ state: "FAILED", code: "LEVEL_TOO_LOW", notApplied: true });
  expect(sim.applyCount()).toBe(0);
});

// Junos over NETCONF: the old framing, replies without a namespace, a confirmed commit of version 1.0 that outlives its session.
import { afterEach, expect, test } from "vitest";
import { runChange } from "../../drivers/transaction/change.ts";
import { lab as startLab, type NetconfLab } from "./netconf-lab.ts";
import { recorder } from "./support.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
const lab = (): Promise<NetconfLab> => startLab(stops, { personality: "junos" });

const TEXT = `<configuration><interfaces><interface><name>ge-0/0/1</name><description>probe</description></interface></interfaces></configuration>`;
const GET = `get-config <configuration><interfaces/></configuration>`;

test("facts", async () => {
  const { sim, box } = await lab();
  const session = await box.open();
  expect(await session.facts()).toEqual({
    hostname: sim.hostname(),
    vendor: "Juniper",
    model: sim.model,
    version: sim.version,
    serial: sim.serial,
  });
  await session.close();
});

test("a change is proved from a new session, and confirmed from the one that made it", async () => {
  const { sim, box } = await lab();
  const spec = await box.plan(TEXT, { verify: [{ command: GET, contains: ["probe"], withinMs: 2_000 }] });
  const result = await runChange(box.context(), spec, recorder().hooks);
  expect(result).toMatchObject({ state: "DONE", code: null, level: "A", verified: [{ ok: true }] });
  expect(sim.pendingRollback()).toBeUndefined();
  expect(sim.runningConfig()).toContain("probe");
});

test("what fails its proof is undone by the timer: the end of the session does not do it here", async () => {
  const { sim, box } = await lab();
  const before = sim.runningConfig();
  const spec = await box.plan(TEXT, { verify: [{ command: GET, contains: ["never"], withinMs: 2_000 }] });
  const result = await runChange(box.context(), spec, recorder().hooks);
  expect(result).toMatchObject({ state: "ROLLED_BACK", code: "VERIFICATION_FAILED" });
  expect(sim.runningConfig()).toBe(before);
  expect(sim.pendingRollback()).toBeUndefined();
});

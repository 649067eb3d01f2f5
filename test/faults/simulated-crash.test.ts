import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";
import { crashEverywhere, discoverPoints, table, type Rig } from "./boundaries.ts";

/** Agents side by side: the points are many, and each costs a start of the agent. */
const LANES = 4;

let fleet: FleetProcess;
let rig: Rig;

beforeAll(async () => {
  fleet = await FleetProcess.start({ count: LANES, seed: 11 });
  const lanes = fleet.devices.map((device, index) => ({
    agent: `agent-${index}`,
    device: device.name,
    site: `site-${index}`,
  }));
  const world = await World.start({
    sites: lanes.map(({ site, agent }) => ({ id: site, agent })),
    devices: fleet.devices.map((device, index) => inventoryEntry(device, `site-${index}`)),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
  });
  rig = {
    world,
    lanes,
    planExtra: ["--accept-simulated", "cisco_iosxe"],
    change: (number) => {
      const line = `ip prefix-list CRASH-${number} seq 5 permit 10.${number}.0.0/16`;
      return { template: `${line}\n`, shows: line };
    },
    truth: {
      config: (device) => fleet.configuration(device),
      applies: async (device) => (await fleet.stats(device)).devices[0]?.applies,
      isQuiet: async (device) => (await fleet.stats(device)).devices[0]?.["pendingRollback"] === null,
    },
  };
}, 120_000);

afterAll(async () => {
  await rig?.world.stop();
  await fleet?.stop();
});

describe("T14: kill -9 of the agent at every boundary of its journal, a simulated router", () => {
  it("leaves a truthful end and never two applies", { timeout: 600_000 }, async () => {
    const points = await discoverPoints(rig);
    expect(points.length).toBeGreaterThan(20);
    const outcomes = await crashEverywhere(rig, points);
    process.stdout.write(`${table(outcomes)}\n`);
    expect(outcomes.filter((outcome) => outcome.problems.length > 0)).toEqual([]);
    expect(outcomes).toHaveLength(points.length);
  });
});

import { cpSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";

/** Yesterday's copy of an agent's folder is put back; the list says so, and a keyadmin lets it in through the hub. */
const AGENT = "agent-ams";
let fleet: FleetProcess;
let world: World;
beforeAll(async () => {
  fleet = await FleetProcess.start({ count: 1, seed: 37 });
  world = await World.start({
    sites: [{ id: "ams", agent: AGENT }],
    devices: fleet.devices.map((one) => inventoryEntry(one, "ams")),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
  });
}, 120_000);
afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
});

const collect = () => world.cli(["job", "submit", "collect", "--grant", "reads", "--select", "site=ams", "--watch"]);

async function quarantine(): Promise<{ epoch: string } | null> {
  const [list] = await world.cli(["agent", "list"]);
  const agents = (list?.["agents"] ?? []) as { id: string; quarantine: { epoch: string } | null }[];
  return agents.find((one) => one.id === AGENT)?.quarantine ?? null;
}

it("is quarantined, shown, readmitted over the line, and works again", { timeout: 180_000 }, async () => {
  await collect();
  expect(await quarantine()).toBeNull();
  const attic = world.path("attic");
  await world.agents.get(AGENT)?.stop();
  cpSync(world.agentDir(AGENT), attic, { recursive: true });
  await world.startAgent(AGENT);
  await collect();

  await world.agents.get(AGENT)?.stop();
  rmSync(world.agentDir(AGENT), { recursive: true });
  cpSync(attic, world.agentDir(AGENT), { recursive: true });
  await world.startAgent(AGENT);
  await world.until("the quarantine to show", 60_000, async () => (await quarantine()) !== null);
  const shown = await world.cliResult(["agent", "list"]);
  expect(shown.stdout).toContain("quarantine");
  const epoch = (await quarantine())?.epoch ?? "";

  const readmit = ["agent", "readmit", AGENT, "--epoch", epoch, "--reason", "a test", "--publish", "--key"];
  const refused = await world.cliResult([...readmit, world.keyFile("ann"), "--no-input"]);
  expect(refused.stderr).toContain("FORBIDDEN");
  await world.cli([...readmit, world.keyFile("kim")]);
  await world.until("it to be let in", 60_000, async () => (await quarantine()) === null);
  await collect();
});

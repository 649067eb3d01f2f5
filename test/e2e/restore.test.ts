// A device that lost everything, put back through the whole installation: plan, two persons, change. And without any agent.
import { readFileSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { alsoAppoint } from "../support/people.ts";
import { World } from "../support/world.ts";

const PEER = "s3cr3t-p33r-x7";
let fleet: FleetProcess;
let world: World;
let device: string;

beforeAll(async () => {
  fleet = await FleetProcess.start({ count: 1, seed: 31 });
  const [first] = fleet.devices;
  if (!first) throw new Error("no device");
  device = first.name;
  world = await World.start({
    sites: [{ id: "plant", agent: "agent-plant" }],
    devices: [inventoryEntry(first, "plant")],
    username: first.username,
    password: first.password,
  });
}, 120_000);

afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
});

async function collect(): Promise<string> {
  await world.cli(["job", "submit", "collect", "--grant", "reads", "--select", `device=${device}`, "--watch"]);
  const [history] = await world.cli(["device", "history", device]);
  const snapshots = (history?.["snapshots"] ?? []) as { public: { sha256: string } }[];
  const [newest] = snapshots;
  if (!newest) throw new Error("nothing was collected");
  return newest.public.sha256;
}

describe("a sealed configuration", () => {
  it("restores a wiped device to equality, signed like any change", { timeout: 120_000 }, async () => {
    const withBanner = await collect();
    const asked = ["device", "restore", device, "--author", "ann", "--grant", "reads", "--to"];
    const refused = await world.cliResult([...asked, withBanner]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("NOT_RESTORABLE");
    expect(refused.stderr).toContain("a banner");
    await fleet.mutate(device, ["no banner motd", `snmp-server community ${PEER} RO`]);
    const digest = await collect();
    const before = await fleet.configuration(device);
    expect(before).toContain(PEER);
    await fleet.wipe(device);
    expect(await fleet.configuration(device)).not.toContain(PEER);
    const documents = await world.cli([...asked, digest.slice(0, 12), "--accept-simulated", "cisco_iosxe"], [2]);
    expect(JSON.stringify(documents)).not.toContain(PEER);
    const job = documents.map((document) => document["job"]).find((value) => typeof value === "string") as string;
    const review = await world.cliResult(["review", job]);
    expect(review.stdout).toContain(`restores the sealed configuration ${digest}`);
    expect(review.stdout).not.toContain(PEER);
    await world.sign(job, "ann");
    await world.sign(job, "bob");
    const ended = await world.waitForJob(job);
    expect(ended.assignments.at(-1)?.tasks[0]).toMatchObject({ state: "DONE", code: null });
    expect(ended.assignments.at(-1)?.tasks[0]?.after?.public.sha256).toBe(digest);
    expect(await fleet.configuration(device)).toBe(before);
  });

  it(
    "is revealed to a person with the role, sealed to that person's tool; others are refused",
    { timeout: 60_000 },
    async () => {
      const reveal = [
        "reveal",
        device,
        "--reason",
        "ticket 4711",
        "--out",
        "revealed.conf",
        "--key",
        world.keyFile("ann"),
      ];
      const refused = await world.cliResult(reveal);
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain("REVEAL_FORBIDDEN");
      await alsoAppoint(world, "ann", "reveal", "*");
      await world.cli(reveal);
      expect(readFileSync(world.path("revealed.conf"), "utf8")).toContain(PEER);
      expect(statSync(world.path("revealed.conf")).mode & 0o777).toBe(0o600);
      // The log is chained within a second of what it tells.
      await world.until("the audit log to say who, what and why", 20_000, async () => {
        const told = JSON.stringify(await world.cli(["audit", "list"]));
        return told.includes(`reveal ${device} `) && told.includes("to ann: ticket 4711");
      });
    },
  );

  it("opens with the recovery key alone, into a file of one's own", { timeout: 60_000 }, async () => {
    await world.cli(["recovery", "fetch", device, "--out", "device.sealed"]);
    expect(readFileSync(world.path("device.sealed"), "utf8")).not.toContain(PEER);
    await world.agents.get("agent-plant")?.stop();
    const open = ["recovery", "open", "device.sealed", "--key"];
    await world.cli([...open, world.path("trust/recovery.key.json"), "--out", "device.conf"]);
    expect(readFileSync(world.path("device.conf"), "utf8")).toContain(PEER);
    expect(statSync(world.path("device.conf")).mode & 0o777).toBe(0o600);
    const refused = await world.cliResult([...open, world.keyFile("ann")]);
    expect(refused.stdout + refused.stderr).toContain("KEY_FILE");
  });
});

import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FleetProcess, inventoryEntry } from "../support/fleet.ts";
import { World } from "../support/world.ts";

/** A person keeps hands off a device from the terminal, a signed change stops at it, and another person lifts it. */
let fleet: FleetProcess;
let world: World;
let device: string;

beforeAll(async () => {
  fleet = await FleetProcess.start({ count: 2, seed: 31 });
  device = fleet.devices[0]?.name ?? "";
  world = await World.start({
    sites: [{ id: "ams", agent: "agent-ams" }],
    devices: fleet.devices.map((one) => inventoryEntry(one, "ams")),
    username: fleet.devices[0]?.username ?? "",
    password: fleet.devices[0]?.password ?? "",
  });
}, 120_000);
afterAll(async () => {
  await world?.stop();
  await fleet?.stop();
});

async function planned(line: string): Promise<{ job: string; warnings: string }> {
  const template = world.path("line.j2");
  writeFileSync(template, `${line}\n`);
  const words = "plan change --author ann --grant reads --title hold --accept-simulated cisco_iosxe --template";
  const [plan] = await world.cli([...words.split(" "), template, "--select", `device=${device}`], [0, 2]);
  return { job: String(plan?.["job"]), warnings: JSON.stringify(plan) };
}

/** Entries come into the log a moment after what they tell of. */
async function logged(action: string, wanted: { object: string; onBehalfOf: string | null; code: string | null }) {
  const found = async () => (await world.client().call("listAudit", { query: { limit: 100, action } })).entries;
  await expect.poll(found, { timeout: 30_000 }).toContainEqual(expect.objectContaining(wanted));
}

const held = async (): Promise<unknown> => {
  const [list] = await world.cli(["device", "list"]);
  const devices = (list?.["devices"] ?? []) as { id: string; hold: unknown }[];
  return devices.find((one) => one.id === device)?.hold;
};

it("hold, plan, refused, read, release, changed", { timeout: 240_000 }, async () => {
  const hold = ["device", "hold", device, "--reason", "line card swap", "--key"];
  const noPart = await world.cliResult([...hold, world.keyFile("kim"), "--no-input"]);
  expect([noPart.status === 0, noPart.stderr]).toEqual([false, expect.stringContaining("kim has no part at ams")]);
  await world.cli([...hold, world.keyFile("ann")]);
  expect(await held()).toMatchObject({ owner: "ann", reason: "line card swap", untilMs: null });
  const list = await world.cliResult(["device", "list"]);
  expect(list.stdout).toContain("by ann: line card swap");

  // The agent has it when its plan warns of it.
  await world.until("the agent to know", 60_000, async () =>
    (await planned("ntp server 10.255.4.1")).warnings.includes("HELD"),
  );
  const { job, warnings } = await planned("ntp server 10.255.4.1");
  expect(warnings).toContain("held by ann until it is released: line card swap");
  await world.sign(job, "ann");
  await world.sign(job, "bob");
  const refused = await world.waitForJob(job);
  expect(refused.assignments.at(-1)).toMatchObject({ state: "REJECTED", code: "HELD" });
  expect(await fleet.runningConfig(device)).not.toContain("10.255.4.1");
  await logged("device.hold", { object: device, onBehalfOf: "ann", code: null });
  await logged("work.refuse", { object: `job ${job}`, onBehalfOf: null, code: "HELD" });
  await world.cli(["job", "submit", "collect", "--grant", "reads", "--select", `device=${device}`, "--watch"]);

  const release = ["device", "release", device, "--reason", "swapped", "--key", world.keyFile("bob")];
  await world.cli(release);
  expect(await held()).toBeNull();
  await logged("device.release", { object: device, onBehalfOf: "bob", code: null });
  expect((await world.cliResult([...release, "--no-input"])).stderr).toContain(`nobody holds ${device}`);
  await world.until(
    "the agent to know",
    60_000,
    async () => !(await planned("ntp server 10.255.4.2")).warnings.includes("HELD"),
  );
  const again = await planned("ntp server 10.255.4.2");
  await world.sign(again.job, "ann");
  await world.sign(again.job, "bob");
  expect(await world.waitForJob(again.job)).toMatchObject({ state: "SUCCEEDED" });
  expect(await fleet.runningConfig(device)).toContain("ntp server 10.255.4.2");
});

it("changed by hand, adopted: what is compared is compared with that", { timeout: 240_000 }, async () => {
  const adopt = ["device", "adopt", device, "--reason", "by hand, ticket 4711", "--key", world.keyFile("ann"), "--yes"];
  const listed = async (): Promise<string> =>
    (await world.cliResult(["device", "list"])).stdout.split("\n").find((line) => line.startsWith(device)) ?? "";
  const collect = () =>
    world.cli(["job", "submit", "collect", "--grant", "reads", "--select", `device=${device}`, "--watch"]);
  await collect();
  expect(await listed()).not.toContain("not its baseline");

  await fleet.mutate(device, ["ntp server 10.255.4.77"]);
  await collect();
  expect(await listed()).toContain("not its baseline");
  const [diff] = await world.cli(["device", "diff", device], [2]);
  expect(JSON.stringify(diff?.["diff"])).toContain("ntp server 10.255.4.77");

  const noPart = await world.cliResult([...adopt.slice(0, -2), world.keyFile("kim"), "--yes"]);
  expect(noPart.stderr).toContain("kim has no part at ams");
  const [adopted] = await world.cli(adopt);
  expect(JSON.stringify(adopted?.["diff"])).toContain("ntp server 10.255.4.77");
  await logged("device.adopt", { object: device, onBehalfOf: "ann", code: null });
  expect(await listed()).not.toContain("not its baseline");
  const history = await world.cliResult(["device", "history", device]);
  expect(history.stdout).toContain("now, adopted by ann: by hand, ticket 4711");
  expect((await world.cliResult(adopt)).stderr).toContain("nothing to adopt");

  await fleet.mutate(device, ["ntp server 10.255.4.78"]);
  await collect();
  expect(await listed()).toContain("not its baseline");
  const [since] = await world.cli(["device", "diff", device], [2]);
  expect(JSON.stringify(since?.["diff"])).toContain("10.255.4.78");
  expect(JSON.stringify(since?.["diff"])).not.toContain("10.255.4.77");
});

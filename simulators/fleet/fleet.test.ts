import { afterEach, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import { connectNetconf } from "../netconf/test-client.ts";
import { execOnce } from "../ssh/test-client.ts";
import { hostVerdict } from "../host/requirements.ts";
import { SIMULATED_PLATFORMS } from "../registry.ts";
import { startFleet, type Fleet } from "./fleet.ts";
import { Command, obey } from "./protocol.ts";

let fleet: Fleet | undefined;
afterEach(() => fleet?.stop());

test("the same seed gives the same fleet, another seed another one", async () => {
  const texts: string[][] = [];
  for (const seed of [1, 1, 2]) {
    fleet = await startFleet({ count: 3, seed });
    texts.push(fleet.devices.map((device) => device.runningConfig() + device.hostKeyPublic.base64 + device.serial));
    await fleet.stop();
  }
  expect(texts[0]).toEqual(texts[1]);
  expect(texts[0]).not.toEqual(texts[2]);
});

test("every device has an address of its own and answers there as itself", async () => {
  fleet = await startFleet({ count: 12, profile: { interfaces: 400 } });
  expect(new Set(fleet.devices.map((device) => device.address)).size).toBe(12);
  const answers = await Promise.all(
    fleet.devices.map((device) => execOnce(device, "show running-config | include ^hostname")),
  );
  expect(answers.map(({ text }) => text.trim())).toEqual(fleet.devices.map((device) => `hostname ${device.name}`));
  expect(fleet.acceptCount()).toBe(12);
  expect(fleet.devices[0]?.runningConfig().match(/^interface GigabitEthernet\d+\/0/gm)).toHaveLength(400);
});

test("the process protocol changes, breaks and reads devices", async () => {
  const clock = new ManualClock();
  fleet = await startFleet({ count: 2 }, { clock });
  const name = fleet.devices[1]?.name ?? "";
  const say = async (command: object) => (fleet ? obey(Command.parse(command), fleet, clock) : {});
  await say({ command: "mutate", device: name, lines: ["ntp server 9.9.9.9"], by: "eve" });
  await say({ command: "setFault", device: name, fault: { kind: "hang", at: "show" } });
  expect(JSON.stringify(await say({ command: "running-config", device: name }))).toContain("ntp server 9.9.9.9");
  expect(await say({ command: "stats", device: name })).toMatchObject({
    accepts: 0,
    devices: [{ name, applies: 0, faults: ["hang"] }],
  });
  expect(await say({ command: "advance", ms: 5000 })).toEqual({ nowMs: clock.nowMs() });
  await expect(say({ command: "mutate", device: "nobody", lines: ["x"] })).rejects.toThrow(/no device nobody/);
});

test("an aborted signal stops the whole fleet", async () => {
  const stopping = new AbortController();
  fleet = await startFleet({ count: 2 }, { signal: stopping.signal });
  const [device] = fleet.devices;
  stopping.abort();
  await fleet.stop();
  await expect(
    execOnce(device ?? { address: "", port: 0, username: "", password: "" }, "show clock"),
  ).rejects.toThrow();
});

const host = hostVerdict();
/** Platforms that run on a host in namespaces, where this machine can have one. */
const HOSTED: readonly string[] = ["frr_linux", "linux"];
const able = SIMULATED_PLATFORMS.filter((platform) => host.run || !HOSTED.includes(platform));

if (!host.run) test.skip(`fleets of ${HOSTED.join(" and ")}: ${host.reason}`, () => {});

test.each(able)(
  "a fleet of %s: the same seed gives the same devices, each with its own name and serial",
  async (platform) => {
    const texts: string[] = [];
    for (const seed of [1, 1, 2]) {
      fleet = await startFleet({ platform, count: 3, seed, profile: { interfaces: 5 } });
      expect(fleet.devices.map((device) => device.platform)).toEqual([platform, platform, platform]);
      expect(new Set(fleet.devices.map((device) => device.name + device.serial)).size).toBe(3);
      texts.push(fleet.devices.map((device) => device.runningConfig() + device.serial).join());
      await fleet.stop();
    }
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).not.toBe(texts[2]);
  },
);

test("a fleet of NETCONF servers of another nature, with replies as large as is asked for", async () => {
  fleet = await startFleet({ platform: "netconf", count: 2, netconf: { personality: "junos", bulkBytes: 100_000 } });
  const [device] = fleet.devices;
  if (!device) throw new Error("no device");
  const session = await connectNetconf(device);
  const reply = await session.ask("<get-config><source><running/></source></get-config>");
  expect(reply.children[0]?.children.map(({ name }) => name)).toEqual(["configuration", "bulk"]);
  expect(session.lastText().length).toBeGreaterThan(100_000);
  await session.end();
});

import { afterEach, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { startNetconf, type NetconfConfigInput } from "./index.ts";
import { connectNetconf, textsAt, type TestNetconf, type TestNetconfOptions } from "./test-client.ts";
import { contact, editCandidate, getContact, lockOf, unlockOf } from "./test-requests.ts";

const open: (SimulatedDevice | TestNetconf)[] = [];

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await ("stop" in one ? one.stop() : one.end());
});

async function start(
  config: Partial<NetconfConfigInput> = {},
): Promise<{ device: SimulatedDevice; clock: ManualClock }> {
  const clock = new ManualClock();
  const device = await startNetconf({ name: "nc1", hostKeySeed: "nc1", ...config }, { clock });
  open.push(device);
  return { device, clock };
}

async function connect(device: SimulatedDevice, options: TestNetconfOptions = {}): Promise<TestNetconf> {
  const session = await connectNetconf(device, options);
  open.push(session);
  return session;
}

const contactOf = async (session: TestNetconf, source = "running"): Promise<string | undefined> =>
  textsAt(await session.ask(getContact(source)), "data", "system", "contact")[0];

test("says hello, reads, edits the candidate and commits, in chunks", async () => {
  const { device } = await start();
  const session = await connect(device);
  expect(session.capabilities).toContain("urn:ietf:params:netconf:capability:confirmed-commit:1.1");
  expect(await contactOf(session)).toBe("noc@example.net");
  expect(await session.tags(lockOf("candidate"))).toBe("ok");
  expect(await session.tags(editCandidate(contact("new")))).toBe("ok");
  expect(await contactOf(session)).toBe("noc@example.net");
  expect(await contactOf(session, "candidate")).toBe("new");
  expect(await session.tags("<commit/>")).toBe("ok");
  expect(await session.tags(unlockOf("candidate"))).toBe("ok");
  expect(await contactOf(session)).toBe("new");
  expect(device.applies()).toMatchObject([{ via: "netconf", by: "netops", lines: ["set /system/contact = new"] }]);
  expect(session.bytes().toString()).toContain("\n##\n");
});

test("speaks 1.0 with who knows no more", async () => {
  const { device } = await start();
  const session = await connect(device, { capabilities: ["urn:ietf:params:netconf:base:1.0"] });
  expect(await contactOf(session)).toBe("noc@example.net");
  expect(session.bytes().toString()).not.toContain("\n##\n");
  expect(await session.tags("<close-session/>")).toBe("ok");
  await session.closed;
});

test("a commit that nobody confirms goes back when its seconds are over", async () => {
  const { device, clock } = await start();
  const session = await connect(device);
  await session.ask(editCandidate(contact("new")));
  expect(
    await session.tags("<commit><confirmed/><confirm-timeout>120</confirm-timeout><persist>job-7</persist></commit>"),
  ).toBe("ok");
  expect(device.pendingRollback()).toMatchObject({ deadlineMs: clock.nowMs() + 120_000 });
  clock.advance(119_999);
  expect(device.runningConfig()).toContain("<contact>new</contact>");
  clock.advance(1);
  expect(device.runningConfig()).toContain("<contact>noc@example.net</contact>");
  expect(device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "timer" });
});

test("another session confirms with the word that the commit was given, and with no other", async () => {
  const { device, clock } = await start();
  const first = await connect(device);
  await first.ask(editCandidate(contact("new")));
  await first.ask("<commit><confirmed/><persist>job-7</persist></commit>");
  await first.end();
  const second = await connect(device);
  expect(await second.tags("<commit/>")).toBe("in-use");
  expect(await second.tags("<commit><persist-id>wrong</persist-id></commit>")).toBe("invalid-value");
  expect(await second.tags("<commit><persist-id>job-7</persist-id></commit>")).toBe("ok");
  clock.advance(3_600_000);
  expect(device.runningConfig()).toContain("<contact>new</contact>");
});

/** Every named fault that means something to NETCONF, once, over a real session. */
import { afterEach, expect, test } from "vitest";
import { connectTestClient, openSubsystem } from "../ssh/test-client.ts";
import type { SimulatedDevice } from "../device.ts";
import { Bench, contactOf, errorOf } from "./test-bench.ts";
import type { TestNetconf } from "./test-client.ts";
import { contact, editCandidate, editRunning, getConfig, lockOf } from "./test-requests.ts";

let bench = new Bench();
afterEach(async () => {
  await bench.end();
  bench = new Bench();
});

const CONFIRMED = "<commit><confirmed/><confirm-timeout>120</confirm-timeout><persist>job-7</persist></commit>";
const CONFIRM = "<commit><persist-id>job-7</persist-id></commit>";

async function ready(): Promise<{ device: SimulatedDevice; session: TestNetconf }> {
  const device = await bench.start();
  return { device, session: await bench.connect(device) };
}

const kinds = (device: SimulatedDevice): string[] => device.events().map(({ kind }) => kind);

test("hang: one operation is never answered, and other sessions go on", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "hang", at: "^edit-config candidate" });
  const before = session.bytes().length;
  void session.ask(editCandidate(contact("new"))).catch(() => {});
  const other = await bench.connect(device);
  expect(await contactOf(other)).toBe("noc@example.net");
  expect(session.bytes().length).toBe(before);
  expect(await contactOf(other, "candidate")).toBe("noc@example.net");
});

test("hang in the middle of an answer: it was done, and half of it was said", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "hang", at: "^commit", afterBytes: 20, once: true });
  await session.tags(editCandidate(contact("new")));
  const before = session.bytes().length;
  void session.ask("<commit/>").catch(() => {});
  await expect.poll(() => session.bytes().length - before).toBe(20);
  expect(device.applyCount()).toBe(1);
  const other = await bench.connect(device);
  expect(await contactOf(other)).toBe("new");
  expect(await other.tags("<commit/>")).toBe("ok");
  expect(session.bytes().length - before).toBe(20);
});

test("hang and drop can meet the hello itself", async () => {
  const device = await bench.start();
  device.setFault({ kind: "hang", at: "^hello" });
  const { stream, closed, end } = await openSubsystem(device, "netconf").then((one) => ({
    ...one,
    end: () => one.end(),
  }));
  let heard = 0;
  stream.on("data", (bytes: Buffer) => (heard += bytes.length));
  device.setFault({ kind: "drop", at: "^hello", moment: "before" });
  device.clearFault("hang");
  await expect(bench.connect(device)).rejects.toThrow("closed");
  expect(heard).toBe(0);
  end();
  await closed;
});

test("drop before: nothing was done; drop after: it was, and was said", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "drop", at: "^commit", moment: "before" });
  await session.tags(editCandidate(contact("new")));
  await expect(session.tags("<commit/>")).rejects.toThrow("closed");
  expect(device.applyCount()).toBe(0);
  device.setFault({ kind: "drop", at: "^commit", moment: "after", how: "close" });
  const second = await bench.connect(device);
  await second.tags("<commit/>").catch(() => "closed");
  await second.closed;
  expect(device.applyCount()).toBe(1);
});

test("drop during: the reply is cut after so many bytes", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "drop", at: "^get-config", afterBytes: 300, moment: "after" });
  expect(await session.tags(lockOf("candidate"))).toBe("ok");
  await expect(session.ask(getConfig())).rejects.toThrow("closed");
  expect(device.commands().at(-1)?.line).toBe("get-config running");
  device.setFault({ kind: "drop", at: "^commit", afterBytes: 1 });
  const second = await bench.connect(device);
  await second.tags(editCandidate(contact("new")));
  await expect(second.ask("<commit/>")).rejects.toThrow("closed");
  expect(device.applyCount()).toBe(1);
});

test("refuse-line: an operation by its name, or one line in the middle of an edit, with the tag that is asked for", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "refuse-line", match: "^validate", message: "out of memory", tag: "resource-denied" });
  expect(await errorOf(session, "<validate><source><running/></source></validate>")).toMatchObject({
    tag: "resource-denied",
    message: "out of memory",
  });
  device.setFault({ kind: "refuse-line", line: 2, message: "no" });
  const two = contact("new").replace("</system>", "<location>here</location></system>");
  expect(await errorOf(session, editRunning(two, "<error-option>rollback-on-error</error-option>"))).toMatchObject({
    tag: "operation-failed",
    path: "/system/location",
  });
  expect(await contactOf(session)).toBe("noc@example.net");
  expect(await session.tags(editRunning(two))).toBe("operation-failed");
  expect(await contactOf(session)).toBe("new");
});

test("authorization-denied: access-denied on a line and on an operation", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "authorization-denied", match: "^set /system/contact" });
  expect(await errorOf(session, editCandidate(contact("new")))).toMatchObject({
    tag: "access-denied",
    path: "/system/contact",
  });
  device.setFault({ kind: "authorization-denied", match: "^commit" });
  expect(await errorOf(session, "<commit/>")).toMatchObject({ tag: "access-denied", type: "protocol" });
});

test("wrong-privilege: reads go, nothing else does", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "wrong-privilege" });
  expect(await contactOf(session)).toBe("noc@example.net");
  expect(await session.tags(lockOf("candidate"))).toBe("access-denied");
  expect(await session.tags(editRunning(contact("x")))).toBe("access-denied");
});

test("rpc-warning: beside ok, and alone", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "rpc-warning", at: "^lock" });
  expect(await session.tags(lockOf("candidate"))).toBe("warning:operation-failed ok");
  device.setFault({ kind: "rpc-warning", at: "^edit", withOk: false });
  expect(await session.tags(editCandidate(contact("new")))).toBe("warning:operation-failed");
  expect(await contactOf(session, "candidate")).toBe("new");
});

test("stale-candidate: somebody's changes are in it, once; a lock held by nobody in NETCONF", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "stale-candidate", lines: [contact("theirs")] });
  expect(await contactOf(session, "candidate")).toBe("theirs");
  expect(await errorOf(session, lockOf("candidate"))).toMatchObject({ tag: "lock-denied", "session-id": "0" });
  expect(await session.tags("<discard-changes/>")).toBe("ok");
  expect(await session.tags(lockOf("candidate"))).toBe("ok");
  device.setFault({ kind: "stale-candidate", locked: true });
  const other = await bench.connect(device);
  expect(await errorOf(other, lockOf("candidate"))).toMatchObject({ tag: "lock-denied", "session-id": "0" });
  expect(await other.tags(editCandidate(contact("mine")))).toBe("in-use");
});

test("stale-candidate: what is no configuration is told to who looks, and the server lives", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "stale-candidate", lines: ["ntp server 1.2.3.4 <"] });
  expect(await session.tags(getConfig("candidate"))).toBe("operation-failed");
  expect(await contactOf(session)).toBe("noc@example.net");
});

test("full-session-table: no line is free; or the server has no session left", async () => {
  const { device } = await ready();
  device.setFault({ kind: "full-session-table" });
  await expect(bench.connect(device)).rejects.toThrow();
  const small = await bench.start({ netconfSessionsMax: 1 });
  const first = await bench.connect(small);
  const { stream, end } = await openSubsystem(small, "netconf").then((one) => ({ ...one, end: () => one.end() }));
  const heard: Buffer[] = [];
  stream.on("data", (bytes: Buffer) => heard.push(bytes));
  await new Promise((resolve) => stream.once("close", resolve));
  end();
  expect(heard).toEqual([]);
  await first.end();
  await expect
    .poll(() =>
      bench.connect(small).then(
        ({ hello }) => hello.name,
        () => "none",
      ),
    )
    .toBe("hello");
});

test("aaa-down: nobody gets in", async () => {
  const { device } = await ready();
  device.setFault({ kind: "aaa-down" });
  await expect(bench.connect(device)).rejects.toThrow();
  device.clearFault("aaa-down");
  await bench.connect(device);
});

test.each(["refuse", "blackhole"] as const)(
  "unreachable-after-apply (%s): back when the timer has taken it back, and not before",
  async (how) => {
    for (const persist of ["", "<persist>job-7</persist>"]) {
      const { device, session } = await ready();
      device.setFault({ kind: "unreachable-after-apply", match: "<contact>cut", how });
      await session.tags(editCandidate(contact("cut")));
      session.send(
        `<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="9"><commit><confirmed/><confirm-timeout>120</confirm-timeout>${persist}</commit></rpc>`,
      );
      await expect.poll(() => device.applyCount()).toBe(1);
      if (how === "refuse") await session.closed;
      bench.clock.advance(119_999);
      // The device does not know that the line is cut, so its session lives and the commit waits.
      expect(device.pendingRollback()).toBeDefined();
      bench.clock.advance(1);
      expect(device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "timer" });
      expect(await contactOf(await bench.connect(device))).toBe("noc@example.net");
    }
  },
);

test("confirm-lost: ok is said, and the timer runs on", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "confirm-lost" });
  await session.tags(editCandidate(contact("new")));
  await session.tags(CONFIRMED);
  expect(await session.tags(CONFIRM)).toBe("ok");
  expect(device.pendingRollback()).toBeDefined();
  bench.clock.advance(120_000);
  expect(await contactOf(session)).toBe("noc@example.net");
});

test("confirmed-by-other: it stays, and is not ours to confirm", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "confirmed-by-other", afterMs: 1000 });
  await session.tags(editCandidate(contact("new")));
  await session.tags(CONFIRMED);
  bench.clock.advance(1000);
  expect(await session.tags(CONFIRM)).toBe("invalid-value");
  expect(device.events().at(-1)).toMatchObject({ kind: "confirmed", by: "noc-admin" });
});

test.each(["reboot-before-confirm", "failover-before-confirm"] as const)(
  "%s: sessions end, the change is gone",
  async (kind) => {
    const { device, session } = await ready();
    device.setFault({ kind, afterMs: 1000, bootMs: 5000 });
    await session.tags(editCandidate(contact("new")));
    await session.tags(CONFIRMED);
    const serial = device.serial;
    bench.clock.advance(1000);
    await session.closed;
    await expect(bench.connect(device)).rejects.toThrow();
    bench.clock.advance(5000);
    const after = await bench.connect(device);
    expect(await contactOf(after)).toBe("noc@example.net");
    expect(await after.tags(CONFIRM)).toBe("invalid-value");
    expect(device.serial === serial).toBe(kind === "reboot-before-confirm");
  },
);

test("other-admin-change: during the timer, and taken back with it", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "other-admin-change", lines: [contact("theirs").replaceAll("contact", "location")] });
  await session.tags(editCandidate(contact("new")));
  await session.tags(CONFIRMED);
  expect(device.runningConfig()).toContain("<location>theirs</location>");
  bench.clock.advance(120_000);
  expect(device.runningConfig()).not.toContain("theirs");
  expect(kinds(device)).toEqual(["applied", "armed", "out-of-band", "rolled-back"]);
});

test("an autonomous change between two reads, and one that the device itself refuses", async () => {
  const { device, session } = await ready();
  device.mutate([contact("drifted")], "automation");
  expect(await contactOf(session)).toBe("drifted");
  expect(device.applyCount()).toBe(0);
  expect(() => device.mutate([contact("x").replaceAll("contact", "colour")])).toThrow();
});

test("tiny-chunks and slow-output: the same words", async () => {
  const { device, session } = await ready();
  device.setFault({ kind: "tiny-chunks", chunkBytes: 3 });
  expect(await contactOf(session)).toBe("noc@example.net");
  expect(session.bytes().toString()).toContain("\n#3\n");
  device.clearFault();
  device.setFault({ kind: "slow-output", chunkBytes: 100, delayMs: 50 });
  const reading = contactOf(session);
  let done = false;
  void reading.then(() => (done = true));
  await expect.poll(() => (bench.clock.advance(50), done)).toBe(true);
});

test("reboot forgets what was not saved", async () => {
  const { device, session } = await ready();
  await session.tags(editRunning(contact("unsaved")));
  device.reboot(1000);
  bench.clock.advance(1000);
  expect(await contactOf(await bench.connect(device))).toBe("noc@example.net");
});

test("its users have no terminal", async () => {
  const { device } = await ready();
  const terminal = await connectTestClient(device);
  await terminal.waitFor(/netconf subsystem only/);
  terminal.end();
});

// The jump host's owner against work that people signed: refused when it is accepted and again when it begins, and no device hears of it.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import { Defended } from "../security/defended.ts";
import { until } from "./until.ts";

const collect = { kind: "collect", device: "ams-r1" as DeviceId } as const;
const seconds = (): number => Math.floor(Date.now() / 1000);

/** A clock that a test sets on; its timers are those of the machine. */
class AheadClock implements Clock {
  offMs = 0;
  nowMs = (): number => systemClock.nowMs() + this.offMs;
  monotonicMs = (): number => systemClock.monotonicMs();
  after: Clock["after"] = (...timer) => systemClock.after(...timer);
  sleep: Clock["sleep"] = (...sleep) => systemClock.sleep(...sleep);
}

let at: Defended;
let path: string;
const write = (text: string): void => writeFileSync(path, `v: 1\n${text}\n`, { mode: 0o600 });

const clock = new AheadClock();
beforeEach(async () => {
  clock.offMs = 0;
  at = await Defended.start({ clock });
  path = join(at.site.stateDir, "policy.yaml");
  write("");
  await at.restart({ policy: path });
});
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(at.site.log.slice(-30).join("\n"), at.site.hub.faults);
  clock.offMs = 0;
  write("");
  await at.works();
  await at.stop();
});

const accepted = (manifest: Digest): Promise<true> =>
  until("the accept", () =>
    at.site.hub.said.some((said) => said.kind === "accept" && said.header.manifest === manifest) ? true : undefined,
  );

describe("when work is accepted", () => {
  const closed = "windows: {timeZone: UTC, open: []}";
  const rows: readonly [string, string, ErrorCode][] = [
    ["stop", "stop: the audit is here", "LOCAL_STOP"],
    ["risks", "risks: [read]", "LOCAL_POLICY"],
    ["kinds", "kinds: [collect]", "LOCAL_POLICY"],
    ["devices", "devices: [ams-r2]", "LOCAL_POLICY"],
    ["credentials", "credentials: []", "LOCAL_POLICY"],
    ["the window", closed, "LOCAL_WINDOW"],
    ["a broken file", "stopp: typing", "LOCAL_POLICY_FILE"],
  ];
  it.each(rows)("%s", async (_, text, code) => {
    write(text);
    expect(await at.refuses({ work: await at.site.work([at.change()]), code })).toEqual({
      code,
      logged: true,
      audited: true,
      connections: 0,
    });
  });

  it("a file that was taken away is not a policy that says nothing", async () => {
    rmSync(path);
    const work = await at.site.work([collect]);
    expect(await at.refuses({ work, code: "LOCAL_POLICY_FILE" })).toMatchObject({ connections: 0 });
  });

  it("more devices than at once, and more changes than an hour takes, over a restart", async () => {
    write("devicesPerManifestMax: 1");
    const both = await at.site.work([collect, { kind: "collect", device: "ams-r2" as DeviceId }]);
    expect(await at.refuses({ work: both, code: "LOCAL_LIMIT" })).toMatchObject({ connections: 0 });
    write("changesPerHourMax: 1");
    const first = await at.site.work([at.change()]);
    at.site.hub.offer(first);
    expect(await at.receiptOf(sha256(first.manifest))).toMatchObject({ outcome: "SUCCEEDED" });
    await at.restart({ policy: path });
    const second = await at.site.work([at.change({ device: "ams-r2" as DeviceId })]);
    expect(await at.refuses({ work: second, code: "LOCAL_LIMIT" })).toMatchObject({ connections: 0 });
    clock.offMs = 3_600_000;
    const third = await at.site.work([at.change()], { warrant: { exp: seconds() + 7200 } });
    at.site.hub.offer(third);
    expect(await at.receiptOf(sha256(third.manifest))).toMatchObject({ outcome: "SUCCEEDED" });
  });
});

describe("when accepted work begins", () => {
  it.each([
    ["stop", "stop: the audit is here", "LOCAL_STOP"],
    ["the window", "windows: {timeZone: UTC, open: []}", "LOCAL_WINDOW"],
    ["a broken file", "stop: [", "LOCAL_POLICY_FILE"],
  ] as const)("%s, though the file said nothing when it was accepted", async (_, text, code) => {
    const work = await at.site.work([at.change()], {
      warrant: { waves: [{ notBefore: seconds() + 1800, manifests: [0] }], exp: seconds() + 7200 },
    });
    at.site.hub.offer(work);
    await accepted(sha256(work.manifest));
    write(text);
    const before = at.connections;
    clock.offMs = 1_900_000;
    await at.restart({ policy: path });
    expect(await at.receiptOf(sha256(work.manifest))).toMatchObject({ outcome: "FAILED", code });
    expect(at.connections).toBe(before);
    expect(at.site.device("ams-r1").applies).toBe(0);
  });

  it("a stop lets the device that is being changed reach its end, and the next one not begin", async () => {
    const [one, two] = [at.site.device("ams-r1"), at.site.device("ams-r2")];
    // Somebody reads the second device, so that its change has to wait; meanwhile the first one is changed, and the site is stopped.
    const reading = Promise.withResolvers<void>();
    two.during = () => reading.promise;
    const read = await at.site.work([{ ...collect, device: "ams-r2" as DeviceId }]);
    const before = at.connections;
    at.site.hub.offer(read);
    await until("the read", () => at.connections > before);
    one.during = (operation) => {
      if (operation === "apply") write("stop: enough");
      return Promise.resolve();
    };
    const work = await at.site.work([at.change(), at.change({ device: "ams-r2" as DeviceId })]);
    at.site.hub.offer(work);
    await until("the first change", () =>
      at.site.hub
        .records("task")
        .some((record) => record.manifest === sha256(work.manifest) && record.state === "DONE"),
    );
    reading.resolve();
    const receipt = await at.receiptOf(sha256(work.manifest));
    expect(receipt.tasks).toMatchObject([
      { device: "ams-r1", state: "DONE", applies: 1 },
      { device: "ams-r2", state: "SKIPPED", code: "LOCAL_STOP", applies: 0 },
    ]);
    expect(two.applies).toBe(0);
  });
});

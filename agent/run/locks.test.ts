import { describe, expect, it } from "vitest";
import type { DeviceId } from "../../shared/ids.ts";
import { DeviceLocks, Slots } from "./locks.ts";

const r1 = "r1" as DeviceId;
const never = new AbortController().signal;
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol("pending");
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};

describe("a device", () => {
  it("is worked on by one task at a time, in order", async () => {
    const locks = new DeviceLocks();
    const release = await locks.acquire(r1, { change: false, owner: "a" }, never);
    const second = locks.acquire(r1, { change: true, owner: "b" }, never);
    const third = locks.acquire(r1, { change: false, owner: "c" }, never);
    expect(await isSettled(second)).toBe(false);
    release();
    release();
    (await second)();
    (await third)();
  });

  it("whose last change is unknown takes reads and that change's probes, and no other change", async () => {
    const locks = new DeviceLocks();
    locks.hold(r1, "a");
    (await locks.acquire(r1, { change: false, owner: "b" }, never))();
    (await locks.acquire(r1, { change: true, owner: "a" }, never))();
    const other = locks.acquire(r1, { change: true, owner: "b" }, never);
    expect(await isSettled(other)).toBe(false);
    locks.clear(r1, "b");
    expect(await isSettled(other)).toBe(false);
    locks.clear(r1, "a");
    (await other)();
  });

  it("is not kept by one who stopped waiting", async () => {
    const locks = new DeviceLocks();
    const release = await locks.acquire(r1, { change: false, owner: "a" }, never);
    const given = new AbortController();
    const waiting = locks.acquire(r1, { change: false, owner: "b" }, given.signal);
    given.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    release();
    (await locks.acquire(r1, { change: false, owner: "c" }, never))();
  });
});

describe("slots", () => {
  it("follow a limit that changes", async () => {
    let limit = 1;
    const slots = new Slots(() => limit);
    const release = await slots.acquire(never);
    const second = slots.acquire(never);
    const third = slots.acquire(never);
    expect(await isSettled(second)).toBe(false);
    limit = 2;
    release();
    await Promise.all([second, third]);
  });
});

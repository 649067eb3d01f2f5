import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { CredentialName, DeviceId } from "../../shared/ids.ts";
import { openSqlite, type SqliteStore } from "../../shared/sqlite.ts";
import { releaseCredential, stoppedCredentials } from "../journal/logins.ts";
import { journalMigrations } from "../journal/open.ts";
import { Logins } from "./logins.ts";

const lab = "lab" as CredentialName;
const MAX = 3;
let folder: string;
let store: SqliteStore;
let clock: ManualClock;
let told: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "farhand-logins-"));
  store = open();
  clock = new ManualClock();
  told = [];
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
const open = (): SqliteStore => openSqlite({ path: join(folder, "journal.db"), migrations: journalMigrations });
const make = (): Logins =>
  new Logins({ store, clock, refusedMax: () => MAX, stopped: (name, version) => told.push(`${name} ${version}`) });

/** An AAA server, as its account sees it: every login that reaches it counts. */
function server(accepts: () => boolean) {
  const counts = { reached: 0, refused: 0, most: 0, now: 0 };
  const login = async (): Promise<string> => {
    counts.reached++;
    counts.most = Math.max(counts.most, ++counts.now);
    await new Promise((resolve) => setTimeout(resolve, 1));
    counts.now--;
    if (accepts()) return "session";
    counts.refused++;
    throw new FarhandError("LOGIN_REFUSED");
  };
  return { counts, login };
}
const use = (device: number, version = 1, signal = new AbortController().signal) => ({
  name: lab,
  version,
  device: `r${device}` as DeviceId,
  signal,
});
const codesOf = async (logins: Logins, login: () => Promise<string>, count: number, version = 1): Promise<string[]> =>
  (
    await Promise.allSettled(Array.from({ length: count }, (_, device) => logins.open(use(device, version), login)))
  ).map((end) =>
    end.status === "fulfilled" ? "ok" : end.reason instanceof FarhandError ? end.reason.code : String(end.reason),
  );

describe("the budget of refused logins", () => {
  it("lets 50 tasks at once be refused three times and no more; the rest send nothing", async () => {
    const { counts, login } = server(() => false);
    const codes = await codesOf(make(), login, 50);
    expect(counts).toMatchObject({ reached: MAX, refused: MAX });
    expect(codes.filter((code) => code === "LOGIN_REFUSED")).toHaveLength(MAX);
    expect(codes.filter((code) => code === "CREDENTIAL_STOPPED")).toHaveLength(50 - MAX);
    expect(told).toEqual(["lab 1"]);
    expect(await store.read(stoppedCredentials)).toMatchObject([{ name: lab, version: 1 }]);
  });

  it("holds one login back until the first holds, and then none", async () => {
    const { counts, login } = server(() => true);
    expect(await codesOf(make(), login, 50)).toEqual(Array.from({ length: 50 }, () => "ok"));
    expect(counts.reached).toBe(50);
    expect(counts.most).toBeGreaterThan(MAX);
  });

  it("after a refusal has only so many under way as refusals are left", async () => {
    const logins = make();
    await codesOf(logins, server(() => false).login, 1);
    const { counts, login } = server(() => true);
    expect(new Set(await codesOf(logins, login, 30))).toEqual(new Set(["ok"]));
    expect(counts.most).toBeLessThanOrEqual(MAX - 1);
  });

  it("is not forgotten over a restart, in the middle or when it is spent", async () => {
    await codesOf(make(), server(() => false).login, 2);
    await store.close();
    store = open();
    const { counts, login } = server(() => false);
    await codesOf(make(), login, 50);
    expect(counts.reached).toBe(1);
    await store.close();
    store = open();
    expect(await codesOf(make(), login, 5)).toEqual(Array.from({ length: 5 }, () => "CREDENTIAL_STOPPED"));
    expect(counts.reached).toBe(1);
  });

  it("begins anew with a newer version, and when a person releases it; not with an older one", async () => {
    const logins = make();
    await codesOf(logins, server(() => false).login, 9, 5);
    expect(await codesOf(logins, server(() => true).login, 1, 4)).toEqual(["CREDENTIAL_STOPPED"]);
    expect(await codesOf(logins, server(() => true).login, 1, 6)).toEqual(["ok"]);
    expect(await codesOf(logins, server(() => true).login, 1, 5)).toEqual(["CREDENTIAL_STOPPED"]);
    expect(await store.tx("release", (tx) => releaseCredential(tx, lab))).toBe(true);
    expect(await codesOf(logins, server(() => true).login, 1, 5)).toEqual(["ok"]);
  });

  it("forgets a refusal after its window, and not because a clock was set back", async () => {
    const logins = make();
    const bad = server(() => false);
    await codesOf(logins, bad.login, 2);
    clock.advance(61 * 60_000);
    await codesOf(logins, bad.login, 2);
    expect(await store.read(stoppedCredentials)).toEqual([]);
    clock = new ManualClock(Date.UTC(2025, 0, 1));
    expect(await codesOf(make(), bad.login, 2)).toEqual(["CREDENTIAL_STOPPED", "CREDENTIAL_STOPPED"]);
    expect(bad.counts.reached).toBe(4);
  });

  it("other failures count for nothing, and who waits can be stopped", async () => {
    const logins = make();
    const fail = () => Promise.reject(new FarhandError("CONNECT_TIMEOUT"));
    expect(new Set(await codesOf(logins, fail, 20))).toEqual(new Set(["CONNECT_TIMEOUT"]));
    const never = Promise.withResolvers<string>();
    const flying = Array.from({ length: MAX }, (_, device) => logins.open(use(device), () => never.promise));
    const abort = new AbortController();
    const waiting = logins.open(use(9, 1, abort.signal), () => Promise.resolve("no"));
    abort.abort(new FarhandError("CANCELED"));
    await expect(waiting).rejects.toThrow("CANCELED");
    never.resolve("session");
    expect(await Promise.all(flying)).toHaveLength(MAX);
  });
});

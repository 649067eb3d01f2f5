import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SqliteStore } from "../../shared/sqlite.ts";
import { statements } from "../../shared/store.ts";
import { silentLog } from "../log.ts";
import { openHubStore } from "../store/open.ts";
import { auditRefused } from "../store/audit.ts";
import { Refusals, type Refusal } from "./refusals.ts";

const sql = statements("test", { all: "SELECT actor, action, object, code, detail, count FROM audit ORDER BY id" });
let store: SqliteStore;
let clock: ManualClock;
let refusals: Refusals;

beforeEach(() => {
  store = openHubStore(":memory:");
  clock = new ManualClock();
  refusals = new Refusals(store, clock, silentLog);
});
afterEach(() => store.close());

const one: Refusal = { actor: "anyone", action: "api.read", object: "/a", code: "UNAUTHORIZED" };
const rows = () => store.read((tx) => tx.all(sql.all));
/** What the clock set off is on disk. */
const settled = () => store.tx("settled", () => Promise.resolve());

describe("refusals in the audit log", () => {
  it("the first of a kind is on disk before it is answered", async () => {
    await refusals.refused(one);
    expect(await rows()).toMatchObject([{ actor: "anyone", action: "api.read", code: "UNAUTHORIZED", count: 1 }]);
  });

  it("what follows within a second is one entry with its number and some of what it was about", async () => {
    for (let n = 0; n < 500; n++) await refusals.refused({ ...one, object: `/o${n}` });
    clock.advance(1_000);
    await settled();
    const [, sum, ...others] = await rows();
    expect(others).toEqual([]);
    expect(sum).toMatchObject({ count: 499, detail: "499 more within 1 s: /o1, /o2, /o3, /o4, /o5" });
  });

  it("one who goes on for an hour makes few entries, and every try is counted", async () => {
    for (let second = 0; second < 3600; second++) {
      await refusals.refused(one);
      clock.advance(1_000);
      await settled();
    }
    await refusals.stop();
    const all = await rows();
    expect(all.length).toBeLessThan(75);
    expect(all.reduce((sum, row) => sum + Number(row["count"]), 0)).toBe(3600);
  });

  it("kinds are told apart; one who makes up thousands of them is counted as such", async () => {
    await refusals.refused(one);
    await refusals.refused({ ...one, actor: "token:t1", code: "FORBIDDEN" });
    for (let n = 0; n < 3000; n++) await refusals.refused({ ...one, actor: `agent:a${n}` });
    await refusals.stop();
    const all = await rows();
    expect(all.length).toBeLessThan(260);
    expect(all.reduce((sum, row) => sum + Number(row["count"]), 0)).toBe(3002);
    expect(all.filter(({ action }) => action === "refused.many")).toHaveLength(2);
  });

  it("a refusal that cannot be written stays a refusal, and is said in the process log", async () => {
    await store.close();
    const said: string[] = [];
    const log = { ...silentLog, error: (event: string) => said.push(event) };
    await new Refusals(store, clock, log).refused(one);
    expect(said).toEqual(["audit"]);
    store = openHubStore(":memory:");
  });

  it("what one sender has refused in records is counted in the row that is not chained yet", async () => {
    const note = { actor: "agent:a", action: "record.apply", object: "x", code: "WRONG_AGENT" };
    for (let n = 0; n < 50; n++) await store.tx("refuse", (tx) => auditRefused(tx, 1, note));
    await store.tx("refuse", (tx) => auditRefused(tx, 1, { ...note, code: "SIGNATURE_BAD", count: 3 }));
    expect(await rows()).toMatchObject([{ count: 50 }, { count: 3, code: "SIGNATURE_BAD" }]);
  });

  it("text that came from outside fits into an entry and does nothing to who looks at it", async () => {
    await refusals.refused({ ...one, object: "", detail: `\u001b[2J${"x".repeat(5000)}\ud800` });
    const [row] = await rows();
    expect(row).toMatchObject({ object: "-" });
    expect(String(row?.["detail"])).toMatch(/^\\x1b\[2Jx{1992}/);
  });
});

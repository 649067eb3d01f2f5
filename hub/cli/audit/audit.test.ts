import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { envelopeBytes } from "../../../shared/envelope.ts";
import { exportLines, makeEntries, makeExport, makeReceipts, stateOf } from "../../../shared/testing/audit.ts";
import { makeOrg } from "../../../shared/testing/org.ts";
import { anchorBytes, World, type Answers } from "../testing/world.ts";

const org = await makeOrg();
const honest = await makeExport(
  org,
  makeEntries(30, (n) => (n === 7 ? { detail: "\u001b[2Jhello", decision: "refused", code: "FORBIDDEN" } : {})),
);

let world: World;
beforeEach(() => {
  world = new World().trusting(org);
});
afterEach(() => world[Symbol.dispose]());

const numbers = (url: URL): { from: number; limit: number } => ({
  from: Number(url.searchParams.get("from") ?? 0),
  limit: Number(url.searchParams.get("limit") ?? 500),
});
/** A hub that holds that log. */
const hub: Answers = {
  "GET /api/v1/status": () => ({
    org: org.trust.org,
    hub: org.trust.hubId,
    version: "0",
    trust: { root: 1, timestamp: 1, snapshot: 1, targets: 1 },
    trustExpiresMs: null,
    inventory: null,
    startedMs: 1,
  }),
  "GET /api/v1/audit": ({ url }) => ({
    entries: honest.entries.toReversed().slice(0, Number(url.searchParams.get("limit"))),
    next: null,
    size: 30,
    checkpoint: honest.checkpoints[2],
  }),
  "GET /api/v1/audit/trust": () => ({ roots: [], targets: [], keys: [org.keysEnvelope], agents: [org.agentsEnvelope] }),
  "GET /api/v1/audit/entries": ({ url }) => {
    const { from, limit } = numbers(url);
    return { entries: honest.entries.slice(from, from + limit) };
  },
  "GET /api/v1/audit/checkpoints": ({ url }) => ({
    checkpoints: honest.checkpoints.filter((_, place) => (place + 1) * 10 > numbers(url).from),
  }),
  "GET /api/v1/audit/receipts": ({ url }) => {
    const { from } = numbers(url);
    const envelope = honest.receipts[from];
    const receipts = envelope ? [{ kind: "receipt", envelope }] : [];
    return { receipts, next: envelope ? from + 1 : null };
  },
};

describe("farhand audit", () => {
  it("lists who did what, and escapes what somebody wrote", async () => {
    const { exit, out } = await world.hub(hub).run("audit", "list");
    expect(exit).toBe(0);
    expect(out).toContain("refused FORBIDDEN");
    expect(out).not.toContain("\u001b[2J");
    const { out: json } = await world.hub(hub).run("audit", "list", "--limit", "2", "--json");
    expect(JSON.parse(json)).toMatchObject({
      schema: "farhand.audit/1",
      size: 30,
      entries: [{ index: 29 }, { index: 28 }],
    });
  });

  it("exports what verifies offline, and verifies it", async () => {
    const exported = await world.hub(hub).run("audit", "export", "audit.ndjson", "--json");
    expect(exported.exit).toBe(0);
    expect(JSON.parse(exported.out)).toMatchObject({ entries: 30, checkpoints: 3, receipts: 3 });
    const verified = await world.hub({}).run("audit", "verify", "audit.ndjson");
    expect(verified).toMatchObject({ exit: 0 });
    expect(verified.out).toContain("holds: 30 entries, 3 signed checkpoints, 3 receipts");
    expect(verified.out).toContain("witnessed by agent-ams up to entry 19");
    expect(world.requests.filter((name) => name.includes("verify"))).toEqual([]);
  });

  it("leaves no half export behind when the hub fails in the middle", async () => {
    const broken = { ...hub, "GET /api/v1/audit/entries": () => ({ entries: [] }) };
    const ran = await world.hub(broken).run("audit", "export", "audit.ndjson");
    expect(ran).toMatchObject({ exit: 1 });
    expect(ran.err).toContain("AUDIT_CHAIN");
    expect(() => readFileSync(world.path("audit.ndjson"))).toThrow();
    expect(() => readFileSync(world.path("audit.ndjson.part"))).toThrow();
  });

  it("T48: names the first bad entry and ends with 1", async () => {
    const entries = honest.entries.map((entry, at) => (at === 5 ? { ...entry, actor: "token:nobody" } : entry));
    world.write("bad.ndjson", `${exportLines(org, { ...honest, entries }).join("\n")}\n`);
    const ran = await world.run("audit", "verify", "bad.ndjson");
    expect(ran.exit).toBe(1);
    expect(ran.out).toContain("MODIFIED at entry 5");
    expect(ran.err).toContain("AUDIT_CHAIN");
    expect(ran.err).toContain("first bad entry: 5");
    const json = await world.run("audit", "verify", "bad.ndjson", "--json");
    expect(json.exit).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ holds: false, fault: { kind: "modified", entry: 5 } });
  });

  it("T48: a witness at a site uncovers a log that was cut off", async () => {
    const made = await makeExport(org, honest.entries.slice(0, 10));
    const cut = { ...made, checkpoints: made.checkpoints.slice(0, 1), receipts: [] };
    world.write("cut.ndjson", exportLines(org, cut).join("\n"));
    const { size, root } = stateOf(honest.entries, 30);
    expect(await world.run("audit", "verify", "cut.ndjson")).toMatchObject({ exit: 0 });
    const ran = await world.run("audit", "verify", "cut.ndjson", "--witness", `${size}:${root}`);
    expect(ran).toMatchObject({ exit: 1 });
    expect(ran.out).toContain("TRUNCATED at entry 10");
    expect(await world.run("audit", "verify", "cut.ndjson", "--witness", "30:x")).toMatchObject({ exit: 64 });
  });

  it("says what it is not: without a trust file a file only agrees with itself", async () => {
    world.write("audit.ndjson", exportLines(org, honest).join("\n"));
    const stranger = await makeOrg();
    world.write("other.json", anchorBytes(stranger));
    const foreign = await world.run("audit", "verify", "audit.ndjson", "--trust", "other.json");
    expect(foreign).toMatchObject({ exit: 1 });
    world.write("long.ndjson", `${"x".repeat(3_000_000)}\n{"a":1}`);
    expect(await world.run("audit", "verify", "long.ndjson")).toMatchObject({ exit: 1 });
    expect(await world.run("audit", "verify", ".")).toMatchObject({ exit: 1 });
  });
});

describe("farhand receipt verify", () => {
  const files = async (envelopes = honest.receipts): Promise<string[]> => {
    return envelopes.map((envelope, place) => {
      world.write(`${place}.receipt.json`, envelopeBytes(envelope));
      return `${place}.receipt.json`;
    });
  };

  it("says in a person's words what was done, who signed, and that it is the agent's", async () => {
    const [one = ""] = await files();
    const ran = await world.run("receipt", "verify", one);
    expect(ran.exit).toBe(0);
    expect(ran.out).toContain("signed by agent agent-ams");
    expect(ran.out).toContain("job-1 SUCCEEDED");
    expect(ran.out).toContain("signed by 1 person: ann");
    const json = await world.run("receipt", "verify", one, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ schema: "farhand.receipt-verify/1", holds: true, faults: [] });
  });

  it("T37: a set must be one unbroken chain", async () => {
    const [one = "", two = "", three = ""] = await files();
    const verify = (...some: string[]) => world.run("receipt", "verify", ...some);
    expect(await verify(three, one, two)).toMatchObject({ exit: 0 });
    expect(await verify(two, three)).toMatchObject({ exit: 0 });
    const gap = await verify(one, three);
    expect(gap.exit).toBe(1);
    expect(gap.err).toContain("RECEIPT_CHAIN");
    expect(gap.err).toContain("number 2 is missing");
  });

  it("T37: forged, changed or by an agent of other people, it is refused by name", async () => {
    const [receipt] = honest.receipts;
    if (!receipt) throw new Error("a receipt");
    const lon = org.agents["agent-lon"];
    if (!lon) throw new Error("an agent");
    const forged = await makeReceipts({ ...org, agents: { ...org.agents, "agent-ams": lon } }, [null]);
    const payload = Buffer.from(receipt.payload, "base64url").toString().replace("SUCCEEDED", "TIMED_OUT");
    const changed = { ...receipt, payload: Buffer.from(payload).toString("base64url") };
    const [byOther = "", edited = "", own = ""] = await files([...forged, changed, receipt]);
    const verify = (one: string, ...more: string[]) => world.run("receipt", "verify", one, ...more);
    expect((await verify(byOther)).err).toContain("WRONG_AGENT");
    expect((await verify(edited)).err).toContain("SIGNATURE_BAD");
    const stranger = await makeOrg();
    world.write("other.json", anchorBytes(stranger));
    expect((await verify(own, "--trust", "other.json")).err).toContain("SIGNATURE_MISSING");
  });
});

import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Counter } from "../../agent/bundle/desk.ts";
import { lastBundle } from "../../agent/journal/bundles.ts";
import { readJournal } from "../../agent/journal/read-only.ts";
import { timeFloorMs } from "../../agent/journal/meta.ts";
import { laneMarks } from "../../agent/journal/outbox.ts";
import { recentAssignments } from "../../agent/journal/assignments.ts";
import { encodeHead } from "../../shared/bundle/format.ts";
import { sha256, utf8 } from "../../shared/bytes.ts";
import { systemClock } from "../../shared/clock.ts";
import type { TaskSpec } from "../../shared/documents/manifest.ts";
import type { InboundIndex } from "../../shared/documents/bundle.ts";
import { envelopeBytes, signEnvelope, type Envelope } from "../../shared/envelope.ts";
import type { Signer } from "../../shared/keys.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { AgentId, DeviceId, OrgId } from "../../shared/ids.ts";
import { changeTask, id } from "../../shared/testing/org.ts";
import { nextUpdate, stampedUpdate } from "../../shared/testing/trust-set.ts";
import { admit, makeInbound, openExport, putSticksAway, withOperators, type Inbound } from "./bundles.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

let site: Site;
let out: string;
beforeEach(async () => {
  site = await makeSite({ keys: withOperators });
  out = mkdtempSync(join(tmpdir(), "farhand-stick-"));
});
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(site.log.join("\n"));
  await site.stop();
  rmSync(out, { recursive: true, force: true });
  putSticksAway();
});

const r1 = "ams-r1" as DeviceId;
const collect: TaskSpec = { kind: "collect", device: r1 };

function addLine(line: string): TaskSpec {
  const before = site
    .device("ams-r1")
    .lines.map((entry) => `${entry}\n`)
    .join("");
  return changeTask("ams-r1", {
    text: site.text(`${line}\n`),
    preImage: sha256(before),
    diff: site.text(JSON.stringify([{ line, op: "add", path: [] }])),
    commands: site.text(JSON.stringify([line])),
  });
}

/** What an import may have changed: the journal's words, and every file of the state folder. */
async function state(): Promise<unknown> {
  const journal = await readJournal(site.stateDir, async (tx) => ({
    bundles: [await lastBundle(tx, "in"), await lastBundle(tx, "out")],
    floor: await timeFloorMs(tx),
    lanes: await laneMarks(tx),
    work: await recentAssignments(tx, 100),
  }));
  return {
    journal,
    files: readdirSync(site.stateDir, { recursive: true }).toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
  };
}

describe("a site without a line", () => {
  it("a hold stands against the work of its own bundle; one of a hub's own making spoils nothing and holds nothing", async () => {
    const agent = await site.start(undefined, { airGapped: true });
    const hold = (device: string, signer: Signer) =>
      signEnvelope(
        "farhand-hold+jws",
        {
          type: "hold",
          v: 1,
          org: id.org,
          site: id.ams,
          device,
          owner: id.ann,
          reason: "line card swap",
          generation: 1,
          held: true,
          iat: site.org.nowSeconds,
          exp: null,
        },
        [signer],
      );
    const forged = { kind: "hold", bytes: envelopeBytes(await hold("ams-r2", site.org.hub)) } as const;
    const own = { kind: "hold", bytes: envelopeBytes(await hold("ams-r1", site.org.people.ann)) } as const;
    const [change, read] = [await site.work([addLine("ntp server 192.0.2.10")]), await site.work([collect])];
    const bundle = await makeInbound(site, { extra: [forged, own], work: [change, read] });
    const report = await agent.importBundle(bundle.path, await admit(site, bundle));
    expect(report.work).toMatchObject([{ outcome: "refused", code: "HELD" }, { code: null }]);
    const refused = site.log.filter((line) => line.startsWith("hold-refused"));
    expect(refused).toEqual([expect.stringContaining("SIGNATURE_MISSING")]);
    expect(site.device("ams-r1").applies).toBe(0);
  });

  it("work comes in as a file, runs without any hub, and its evidence leaves as a file", async () => {
    const agent = await site.start(undefined, { airGapped: true });
    const work = await site.work([addLine("ntp server 192.0.2.10")]);
    const { view, agentsDocument, hub, people } = site.org;
    const agents = await signEnvelope("farhand-agents+jws", { ...agentsDocument.document, version: 2 }, [people.kim]);
    const update = await nextUpdate(view.set, [people.kim], { agents }, Date.now());
    const at = { version: 2, expiresMs: Date.now() + 3_600_000 };
    const trust = await stampedUpdate(view.set, update, hub, at);
    const bundle = await makeInbound(site, { work: [work], trust });
    const report = await agent.importBundle(bundle.path, await admit(site, bundle));
    expect(report).toMatchObject({
      number: 1,
      missing: null,
      unacknowledged: null,
      trust: ["agents"],
    });
    expect(report.work).toMatchObject([{ outcome: "accepted", code: null }]);
    await until("the change", () => site.device("ams-r1").lines.includes("ntp server 192.0.2.10"));
    await until("its receipt", async () => receiptsHeld());
    const exported = await agent.exportBundle(join(out, "evidence.bundle"));
    expect(exported).toMatchObject({ number: 1, more: false, unacknowledged: null });
    const evidence = await openExport(site, join(out, "evidence.bundle"));
    expect(evidence.index.seen).toEqual({ number: 1, sha256: bundle.digest });
    expect(evidence.records.filter((record) => record.type === "receipt")).toHaveLength(1);
    expect(evidence.records.some((record) => record.type === "blob" && record.media === "transcript")).toBe(true);
    expect(evidence.records.some((record) => record.type === "assignment" && record.state === "SUCCEEDED")).toBe(true);
    expect(site.hub.said).toEqual([]);
  });

  it("nothing is deleted before the hub acknowledges it, and a lost stick loses nothing", async () => {
    const agent = await site.start(undefined, { airGapped: true });
    const first = await makeInbound(site, { work: [await site.work([collect])] });
    await agent.importBundle(first.path, await admit(site, first));
    await until("its receipt", async () => receiptsHeld());
    await agent.exportBundle(join(out, "lost.bundle"));
    const again = await agent.exportBundle(join(out, "second.bundle"));
    expect(again).toMatchObject({ number: 2, unacknowledged: { first: 1, last: 1 } });
    const lost = await openExport(site, join(out, "lost.bundle"));
    const second = await openExport(site, join(out, "second.bundle"));
    expect(second.records).toEqual(lost.records);
    expect(second.index.prev).toBe(lost.digest);

    const lanes = second.index.lanes.map(({ lane, last }) => ({ lane, acked: last, released: last }));
    const acks = { epoch: second.index.epoch, lanes };
    const seen = { number: 2, sha256: second.digest };
    const reply = await makeInbound(site, { after: first, over: { acks, seen } });
    expect(await agent.importBundle(reply.path, await admit(site, reply))).toMatchObject({ unacknowledged: null });
    const marks = await readJournal(site.stateDir, laneMarks);
    for (const { lane, last } of second.index.lanes)
      expect(marks.find((mark) => mark.lane === lane)).toMatchObject({ acked: last, released: last });
    const settled = await readJournal(site.stateDir, (tx) => recentAssignments(tx, 10));
    expect(settled.map(({ assignment }) => assignment.settled)).toEqual([true]);
    const empty = await agent.exportBundle(join(out, "third.bundle"));
    expect(empty).toMatchObject({ number: 3, lanes: [] });
  });

  it("what the hub does not acknowledge is named", async () => {
    const agent = await site.start(undefined, { airGapped: true });
    await agent.exportBundle(join(out, "one.bundle"));
    await agent.exportBundle(join(out, "two.bundle"));
    const bundle = await makeInbound(site);
    expect(await agent.importBundle(bundle.path, await admit(site, bundle))).toMatchObject({
      unacknowledged: { first: 1, last: 2 },
    });
    expect(site.log.some((line) => line.includes("bundle-unacknowledged"))).toBe(true);
  });

  it("a bundle that is brought while none runs waits for the start; the running agent is handed it through its folder", async () => {
    const idle = await site.start(undefined, { idle: true });
    const first = await makeInbound(site, { work: [await site.work([collect])] });
    expect((await idle.importBundle(first.path, await admit(site, first))).work).toMatchObject([
      { outcome: "accepted" },
    ]);
    await idle.stop();
    expect(site.device("ams-r1").opens).toBe(0);

    const agent = await site.start(undefined, { airGapped: true });
    await until("its receipt", async () => receiptsHeld());
    const counter = new Counter(site.stateDir, systemClock, 30_000);
    const second = await makeInbound(site, { after: first, work: [await site.work([collect])], sequence: 2 });
    const report = await counter.import(second.path, await admit(site, second));
    expect(report).toMatchObject({ number: 2, missing: null });
    await until("its receipt", async () => receiptsHeld(2));
    expect(await counter.export(join(out, "evidence.bundle"))).toMatchObject({ number: 1 });
    expect((await openExport(site, join(out, "evidence.bundle"))).index.seen?.number).toBe(2);
    await expect(counter.import(second.path, await admit(site, second))).rejects.toMatchObject({
      code: "BUNDLE_ORDER",
    });
    expect(readdirSync(join(site.stateDir, "desk"))).toEqual([]);
    await agent.stop();
  });

  it("a crash before the number is used up is cured by bringing the file again", async () => {
    const crash = new FarhandError("IO", "the power is gone");
    const first = await makeInbound(site, { work: [await site.work([collect])] });
    const dying = await site.start(
      (labels, phase) => {
        if (phase === "before-commit" && labels.includes("bundle:in")) throw crash;
      },
      { idle: true },
    );
    await expect(dying.importBundle(first.path, await admit(site, first))).rejects.toThrow("the power is gone");
    await dying.stop();
    const agent = await site.start(undefined, { airGapped: true });
    expect((await agent.importBundle(first.path, await admit(site, first))).work).toMatchObject([{ outcome: "held" }]);
    await until("its receipt", async () => receiptsHeld());
    expect(site.device("ams-r1").opens).toBe(1);
  });

  it("a site operator tells the time to a host that woke up in 1970", async () => {
    const clock = { ...systemClock, nowMs: () => 86_400_000 + Math.floor(performance.now()) };
    const agent = await site.start(undefined, { airGapped: true, clock });
    const bundle = await makeInbound(site, { work: [await site.work([collect])] });
    await expect(agent.importBundle(bundle.path, await admit(site, bundle))).rejects.toMatchObject({
      code: "NOT_YET_VALID",
    });
    const report = await agent.importBundle(bundle.path, await admit(site, bundle, { attestsTime: true }));
    expect(report).toMatchObject({ attested: site.org.nowSeconds + 30, work: [{ outcome: "accepted" }] });
    await until("its receipt", async () => receiptsHeld());
    expect(await readJournal(site.stateDir, timeFloorMs)).toBe((site.org.nowSeconds + 30) * 1000);
  });
});

async function receiptsHeld(count = 1): Promise<boolean> {
  const recent = await readJournal(site.stateDir, (tx) => recentAssignments(tx, 100));
  return recent.filter(({ assignment }) => assignment.receipt !== null).length >= count;
}

describe("T24 at the agent: refused with its code, and nothing changed", () => {
  let good: Inbound;

  async function refused(path: string, admission: Envelope | null): Promise<string> {
    const agent = await site.start(undefined, { idle: true });
    try {
      const before = await state();
      const code = await agent.importBundle(path, admission).then(() => "taken", errorCode);
      if (code !== "taken") expect(await state()).toEqual(before);
      return code;
    } finally {
      await agent.stop();
    }
  }

  async function altered(over: Partial<InboundIndex>, signer = site.org.hub): Promise<string> {
    const bundle = await makeInbound(site, { over, signer });
    const { org, site: place, agent } = bundle.index;
    return refused(bundle.path, await admit(site, bundle, { org, site: place, agent }));
  }

  beforeEach(async () => {
    good = await makeInbound(site, { work: [await site.work([collect])] });
  });

  const bytesAt = (name: string, bytes: Uint8Array): string => {
    const path = join(out, name);
    writeFileSync(path, bytes);
    return path;
  };

  it("T24: flipped, truncated, reordered, trailing", async () => {
    const admission = await admit(site, good);
    const flipped = new Uint8Array(good.bytes);
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    expect(await refused(bytesAt("flipped", flipped), admission)).toBe("BUNDLE_ENTRY");
    expect(await refused(bytesAt("cut", good.bytes.subarray(0, -1)), admission)).toBe("BUNDLE_ENTRY");
    expect(await refused(bytesAt("long", new Uint8Array([...good.bytes, 0])), admission)).toBe("BUNDLE_SHAPE");
    const [first, second] = good.index.entries;
    const tail = good.index.entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const at = good.bytes.length - tail;
    const split = at + (first?.bytes ?? 0);
    const end = split + (second?.bytes ?? 0);
    const { bytes } = good;
    const parts = [bytes.subarray(0, at), bytes.subarray(split, end), bytes.subarray(at, split), bytes.subarray(end)];
    expect(await refused(bytesAt("reordered", Buffer.concat(parts)), admission)).toBe("BUNDLE_ENTRY");
  });

  it("T24: the index of another bundle", async () => {
    const other = await makeInbound(site, { over: { number: 9 } });
    const bodies = good.index.entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const others = other.index.entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const swapped = Buffer.concat([other.bytes.subarray(0, other.bytes.length - others), good.bytes.subarray(-bodies)]);
    expect(await refused(bytesAt("swapped", swapped), await admit(site, other))).toBe("BUNDLE_SHAPE");
  });

  it("T24: another organisation, site or agent", async () => {
    expect(await altered({ org: "other" as OrgId })).toBe("WRONG_ORG");
    expect(await altered({ site: id.lon })).toBe("WRONG_SITE");
    expect(await altered({ agent: "agent-two" as AgentId })).toBe("WRONG_AGENT");
  });

  it("T24: signed by anybody but the hub", async () => {
    const { ann, kim } = site.org.people;
    for (const signer of [ann, kim]) expect(await altered({}, signer)).toBe("SIGNATURE_MISSING");
  });

  it("T24: replayed, and an older sequence", async () => {
    expect(await refused(good.path, await admit(site, good))).toBe("taken");
    expect(await refused(good.path, await admit(site, good))).toBe("BUNDLE_ORDER");
    const third = await makeInbound(site, { after: good, over: { number: 3 } });
    expect(await refused(third.path, await admit(site, third))).toBe("taken");
    const second = await makeInbound(site, { after: good });
    expect(await refused(second.path, await admit(site, second))).toBe("BUNDLE_ORDER");
  });

  it("T24: a number that never came is named when the next one does", async () => {
    const agent = await site.start(undefined, { idle: true });
    const third = await makeInbound(site, { over: { number: 3, prev: good.digest } });
    expect(await agent.importBundle(third.path, await admit(site, third))).toMatchObject({
      missing: { first: 1, last: 2 },
    });
    expect(site.log.some((line) => line.includes("bundle-missing"))).toBe(true);
  });

  it("T24: past its end, before its start, and longer than any bundle lives", async () => {
    const { nowSeconds } = site.org;
    expect(await altered({ iat: nowSeconds - 100, exp: nowSeconds - 10 })).toBe("BUNDLE_ADMISSION");
    expect(await altered({ iat: nowSeconds - 100, exp: nowSeconds + 31 })).toBe("EXPIRED");
    expect(await altered({ exp: nowSeconds + 181 * 86_400 })).toBe("LIFETIME");
  });

  it("T24: a length of 10 GiB, a symlink", async () => {
    const entry = { kind: "text" as const, sha256: sha256("nothing"), bytes: 10 * 2 ** 30 };
    const lie = await makeInbound(site);
    const index = { ...lie.index, entries: [...lie.index.entries, entry] };

    const raw = envelopeBytes(await signEnvelope("farhand-bundle+jws", index, [site.org.hub]));
    const path = bytesAt("lie", Buffer.concat([encodeHead(raw.length), raw]));
    expect(await refused(path, await admit(site, lie))).toBe("BUNDLE_ENTRY");
    const link = join(out, "link");
    symlinkSync(good.path, link);
    expect(await refused(link, await admit(site, good))).toBe("BUNDLE_SHAPE");
  });

  it("T24: what this version does not understand is not skipped", async () => {
    const bundle = await makeInbound(site, { extra: [{ kind: "records", bytes: utf8("not for an agent") }] });
    expect(await refused(bundle.path, await admit(site, bundle))).toBe("BUNDLE_SHAPE");
    const odd = await makeInbound(site, { extra: [{ kind: "trust", role: "nobody", bytes: utf8("{}") }] });
    expect(await refused(odd.path, await admit(site, odd))).toBe("BUNDLE_SHAPE");
  });

  it("T24: work whose manifest is not in it", async () => {
    const bare = await makeInbound(site);
    const { entries } = bare.index;
    expect(await altered({ work: good.index.work, entries })).toBe("BUNDLE_INCOMPLETE");
  });

  it("T24: without a site operator's admission of exactly this bundle", async () => {
    const { cyd, ann } = site.org.people;
    const other = await makeInbound(site, { over: { number: 2, prev: good.digest } });
    expect(await refused(good.path, null)).toBe("BUNDLE_ADMISSION");
    expect(await refused(good.path, await admit(site, other))).toBe("BUNDLE_ADMISSION");
    expect(await refused(good.path, await admit(site, good, { site: id.lon }))).toBe("BUNDLE_ADMISSION");
    expect(await refused(good.path, await admit(site, good, { operator: id.ann }, ann))).toBe("BUNDLE_ADMISSION");
    // An operator elsewhere, and one who signs in another's name.
    expect(await refused(good.path, await admit(site, good, {}, cyd))).toBe("BUNDLE_ADMISSION");
    expect(await refused(good.path, await admit(site, good, {}, site.org.hub))).toBe("SIGNATURE_MISSING");
    const early = { iat: good.index.iat - 3600, attestsTime: true };
    expect(await refused(good.path, await admit(site, good, early))).toBe("BUNDLE_ADMISSION");
    const late = { iat: good.index.exp, attestsTime: true };
    expect(await refused(good.path, await admit(site, good, late))).toBe("BUNDLE_ADMISSION");
  });

  it("unsigned work in a bundle that is in order touches nothing, and its refusal leaves with the evidence", async () => {
    const agent = await site.start(undefined, { airGapped: true });
    const work = await site.work([addLine("ntp server 192.0.2.66")], { signers: [site.org.people.ann] });
    const bundle = await makeInbound(site, { work: [work] });
    const report = await agent.importBundle(bundle.path, await admit(site, bundle));
    expect(report.work).toMatchObject([{ outcome: "refused", code: "THRESHOLD" }]);
    expect(site.device("ams-r1").opens).toBe(0);
    await agent.exportBundle(join(out, "evidence.bundle"));
    const { records } = await openExport(site, join(out, "evidence.bundle"));
    expect(records).toContainEqual(
      expect.objectContaining({ type: "assignment", state: "REJECTED", code: "THRESHOLD" }),
    );
  });
});

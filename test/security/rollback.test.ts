// Yesterday's copy of an agent has forgotten what was done since, and would do it again. What finds it out, and the one way back.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import type { Readmission } from "../../shared/documents/readmission.ts";
import { envelopeBytes, signEnvelope, type Envelope } from "../../shared/envelope.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import { id } from "../../shared/testing/org.ts";
import { until } from "../agent/until.ts";
import { Defended } from "./defended.ts";

const collect = { kind: "collect", device: "ams-r1" as DeviceId } as const;
const seconds = (): number => Math.floor(Date.now() / 1000);

let at: Defended;
let attic: string;
beforeEach(async () => {
  at = await Defended.start();
  attic = mkdtempSync(join(tmpdir(), "farhand-yesterday-"));
});
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(at.site.log.slice(-40).join("\n"), at.site.hub.faults);
  await at.stop();
  rmSync(attic, { recursive: true, force: true });
});

const mark = (): string => `${at.site.stateDir}.mark`;

/** A backup of the state folder; of the whole machine, with the mark in it, where that is asked for. */
async function backUp(withMark: boolean): Promise<void> {
  await at.agent.stop();
  cpSync(at.site.stateDir, join(attic, "state"), { recursive: true });
  if (withMark) cpSync(mark(), join(attic, "mark"));
  await at.restart();
}

async function restore(): Promise<void> {
  await at.agent.stop();
  rmSync(at.site.stateDir, { recursive: true });
  cpSync(join(attic, "state"), at.site.stateDir, { recursive: true });
  if (existsSync(join(attic, "mark"))) cpSync(join(attic, "mark"), mark());
  await at.restart();
}

async function done(work: Awaited<ReturnType<typeof at.site.work>>): Promise<void> {
  at.site.hub.offer(work);
  expect(await at.receiptOf(sha256(work.manifest))).toMatchObject({ outcome: "SUCCEEDED" });
}

const quarantined = () =>
  until("a hello that says so", () => {
    const hello = at.site.hub.said.findLast((said) => said.kind === "hello");
    return hello?.kind === "hello" && hello.header.quarantine ? hello.header : undefined;
  });

async function readmission(epoch: string, signer: Signer = at.site.org.people.kim, over = {}): Promise<Envelope> {
  const document: Readmission = {
    type: "readmission",
    v: 1,
    org: id.org,
    agent: id.agentAms,
    epoch,
    reason: "restored after the disk failed",
    iat: seconds(),
    exp: seconds() + 3600,
    ...over,
  };
  return signEnvelope("farhand-readmission+jws", document, [signer]);
}

/** Signed in a later second than what was readmitted, however quick the test is. */
const later = () => ({ warrant: { iat: seconds() + 1, nbf: seconds() } });

describe("T15: yesterday's copy of the agent, and yesterday's job", () => {
  it.each([
    ["the state folder alone: its mark lies elsewhere", false],
    ["the whole machine: the hub has acknowledged more", true],
  ])("T15: %s", async (_, withMark) => {
    await at.works();
    await backUp(withMark);
    const work = await at.site.work([at.change()]);
    await done(work);
    expect(at.site.device("ams-r1").applies).toBe(1);
    await restore();

    const before = at.connections;
    const hello = await quarantined();
    // Word for word what people signed, once more, and a read as well.
    const again = { ...work, over: { attempt: 1 } };
    expect(await at.refuses({ work: again, code: "STATE_ROLLBACK" })).toMatchObject({ connections: 0 });
    const read = await at.site.work([collect]);
    expect(await at.refuses({ work: read, code: "STATE_ROLLBACK" })).toMatchObject({ connections: 0 });
    await at.restart();
    expect((await quarantined()).epoch).toBe(hello.epoch);
    expect(at.connections).toBe(before);
    expect(at.site.device("ams-r1").applies).toBe(1);

    at.site.hub.send("readmission", {}, envelopeBytes(await readmission(hello.epoch)));
    await until("a hello without it", () => {
      const last = at.site.hub.said.findLast((said) => said.kind === "hello");
      return last?.kind === "hello" && last.header.quarantine === undefined;
    });
    const old = await at.site.work([at.change()]);
    expect(await at.refuses({ work: old, code: "REPLAY" })).toMatchObject({ connections: 0 });
    await done(await at.site.work([at.change()], later()));
    expect(at.site.device("ams-r1").applies).toBe(2);
  });

  it("T15: what the copy had accepted or begun is not taken up again, nor asked about", async () => {
    const waiting = await at.site.work([at.change()], {
      warrant: { waves: [{ notBefore: seconds() + 3000, manifests: [0] }] },
    });
    at.site.hub.offer(waiting);
    await until("the accept", () => at.site.hub.said.some((said) => said.kind === "accept"));
    const device = at.site.device("ams-r1");
    device.during = (operation, signal) =>
      operation === "apply"
        ? new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)))
        : Promise.resolve();
    const work = await at.site.work([at.change()]);
    at.site.hub.offer(work);
    await until("the change under way", () =>
      at.site.hub.records("task").some((record) => record.state === "APPLYING"),
    );
    await backUp(false);
    device.during = () => Promise.resolve();
    await at.receiptOf(sha256(work.manifest));
    await restore();
    await quarantined();
    const before = at.connections;
    const ends = async (manifest: Digest) =>
      until("its end", () =>
        at.site.hub.records("assignment").find((one) => one.manifest === manifest && one.code === "STATE_ROLLBACK"),
      );
    expect(await ends(sha256(waiting.manifest))).toMatchObject({ state: "FAILED" });
    expect(await ends(sha256(work.manifest))).toMatchObject({ state: "UNKNOWN_FINAL" });
    expect(at.connections).toBe(before);
  });

  it.each([
    ["a journal that was deleted", () => rmSync(join(at.site.stateDir, "journal.db"))],
    ["a mark that was written over", () => writeFileSync(mark(), "{}")],
  ])("T15: %s", async (_, tamper) => {
    await at.works();
    await at.agent.stop();
    tamper();
    rmSync(join(at.site.stateDir, "journal.db-wal"), { force: true });
    rmSync(join(at.site.stateDir, "journal.db-shm"), { force: true });
    await at.restart();
    await quarantined();
    expect(await at.refuses({ work: await at.site.work([collect]), code: "STATE_ROLLBACK" })).toMatchObject({
      connections: 0,
    });
  });

  it("T15: no other word ends it than a keyadmin's, for this agent, this quarantine and this time", async () => {
    await at.works();
    await backUp(false);
    await at.works();
    await restore();
    const { epoch } = await quarantined();
    const { ann } = at.site.org.people;
    const refused = async (envelope: Envelope, code: string) => {
      const log = at.site.log.length;
      at.site.hub.send("readmission", {}, envelopeBytes(envelope));
      await until(`the refusal as ${code}`, () =>
        at.logged(code, log).some((line) => line.includes("readmission-refused")),
      );
    };
    await refused(await readmission(epoch, ann), "FORBIDDEN");
    await refused(await readmission(epoch, at.site.org.hub), "SIGNATURE_MISSING");
    await refused(await readmission("0".repeat(32)), "STATE_ROLLBACK");
    await refused(await readmission(epoch, undefined, { agent: "agent-lon" }), "WRONG_AGENT");
    await refused(await readmission(epoch, undefined, { iat: seconds() - 7200, exp: seconds() - 3600 }), "EXPIRED");
    await refused(await readmission(epoch, undefined, { exp: seconds() + 30 * 86_400 }), "LIFETIME");
    expect(await at.refuses({ work: await at.site.work([collect]), code: "STATE_ROLLBACK" })).toMatchObject({
      connections: 0,
    });
    // The right one, which another restored copy cannot use.
    const word = await readmission(epoch);
    await at.agent.readmit(word);
    await done(await at.site.work([collect], later()));
    await restore();
    const second = await quarantined();
    expect(second.epoch).not.toBe(epoch);
    await expect(at.agent.readmit(word)).rejects.toThrow("STATE_ROLLBACK");
  });
});

describe("a mark", () => {
  it("follows what was taken, and is no obstacle to an agent that goes on", async () => {
    const counter = () => (JSON.parse(readFileSync(mark(), "utf8")) as { counter: number }).counter;
    const before = counter();
    await at.works();
    expect(counter()).toBeGreaterThan(before);
    rmSync(mark());
    await at.restart();
    await at.works();
    await at.restart();
    await at.works();
    expect(at.logged("STATE_ROLLBACK")).toEqual([]);
  });
});

// What a hub that somebody else has taken over, or another user of the agent's host, may try against a running agent.
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import type { TaskSpec } from "../../shared/documents/manifest.ts";
import { Receipt } from "../../shared/documents/receipt.ts";
import { envelopeBytes, openEnvelope } from "../../shared/envelope.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import { changeTask } from "../../shared/testing/org.ts";
import { makeSite, type Site } from "../agent/site.ts";
import { until } from "../agent/until.ts";

let site: Site;
afterEach(() => site.stop());
const r1 = "ams-r1" as DeviceId;

const receiptOf = (manifest: Digest, attempt = 1): Promise<Receipt> =>
  until("a receipt", async () => {
    const key = site.hub.agentKey;
    for (const { envelope } of site.hub.records("receipt")) {
      const receipt = Receipt.parse((await openEnvelope("farhand-receipt+jws", envelope, () => key)).value);
      if (receipt.manifest === manifest && receipt.attempt === attempt) return receipt;
    }
    return undefined;
  });
const rejected = (): Promise<string> =>
  until("a reject", () => site.hub.said.flatMap((said) => (said.kind === "reject" ? [said.header.code] : []))[0]);

function addLine(line: string, over: Parameters<typeof changeTask>[1] = {}): TaskSpec {
  const before = site
    .device("ams-r1")
    .lines.map((entry) => `${entry}\n`)
    .join("");
  return changeTask("ams-r1", {
    text: site.text(`${line}\n`),
    preImage: sha256(before),
    diff: site.text(JSON.stringify([{ line, op: "add", path: [] }])),
    commands: site.text(JSON.stringify([line])),
    ...over,
  });
}

describe("a hub that lies", () => {
  it("cannot put back, as a second attempt, a change that people have taken back since", async () => {
    site = await makeSite();
    await site.start();
    const device = site.device("ams-r1");
    const before = device.lines;
    const work = await site.work([addLine("ntp server 192.0.2.10")], { warrant: { attemptsMax: 3 } });
    site.hub.offer(work);
    expect((await receiptOf(sha256(work.manifest))).tasks[0]?.state).toBe("DONE");
    device.lines = before;
    site.hub.offer({ ...work, over: { attempt: 2 } });
    expect((await receiptOf(sha256(work.manifest), 2)).tasks[0]).toMatchObject({ state: "SKIPPED", code: "REPLAY" });
    expect(device.lines).toEqual(before);
    expect(device.applies).toBe(1);
  });

  it("cannot have a change made once more because the journal that knew of it was damaged", async () => {
    site = await makeSite();
    const agent = await site.start();
    const device = site.device("ams-r1");
    const before = device.lines;
    const work = await site.work([addLine("ntp server 192.0.2.10")]);
    site.hub.offer(work);
    await receiptOf(sha256(work.manifest));
    await agent.stop();
    for (const suffix of ["-wal", "-shm"]) rmSync(join(site.stateDir, `journal.db${suffix}`), { force: true });
    writeFileSync(join(site.stateDir, "journal.db"), "damaged ".repeat(2000));
    for (const lane of site.hub.lanes.values()) lane.length = 0;
    device.lines = before;
    await site.start();
    site.hub.offer(work);
    expect(await rejected()).toBe("REPLAY");
    expect(device.applies).toBe(1);
  });

  it("cannot make everything expired for good by dating an offer far ahead", async () => {
    site = await makeSite();
    await site.start();
    const work = await site.work([{ kind: "collect", device: r1 }]);
    site.hub.offer({ ...work, over: { iat: 4_000_000_000, exp: 4_000_000_300 } });
    await receiptOf(sha256(work.manifest));
    const next = await site.work([{ kind: "collect", device: r1 }]);
    site.hub.offer(next);
    expect((await receiptOf(sha256(next.manifest))).outcome).toBe("SUCCEEDED");
  });

  it("cannot have a driver pass for better proved than it is", async () => {
    site = await makeSite();
    await site.start();
    site.hub.offer(await site.work([addLine("ntp server 192.0.2.10", { evidence: "real" })]));
    expect(await rejected()).toBe("EVIDENCE_TOO_LOW");
    expect(site.device("ams-r1").opens).toBe(0);
  });

  it("is cut off when it sends on and on while the agent is busy", async () => {
    site = await makeSite();
    await site.start();
    await until("the link", () => site.log.some((line) => line.startsWith("link-up")));
    // A text that never comes keeps whatever stands behind it waiting.
    const missing = { sha256: "f".repeat(64) as Digest, bytes: 10 };
    site.hub.offer(await site.work([addLine("ntp server 192.0.2.10", { text: missing })]));
    await until("the agent to be asked", () => site.hub.work.length === 0);
    const body = envelopeBytes(site.org.keysEnvelope);
    const padded = new Uint8Array(250_000).fill(0x20);
    padded.set(body);
    let sent = 0;
    await until("the cut", () => {
      for (let count = 0; count < 8; count++) site.hub.send("trust", { offset: 0, total: padded.length }, padded);
      sent += 8 * padded.length;
      return site.log.some((line) => line.startsWith("link-down") && line.includes("CREDIT"));
    });
    expect(sent).toBeLessThan(512 * 1024 * 1024);
  });
});

describe("another user of the host", () => {
  it("can read nothing of the state folder", async () => {
    site = await makeSite();
    await site.start();
    const work = await site.work([{ kind: "run", device: r1, commands: ["show version"] }]);
    site.device("ams-r1").outputBytes = 500_000;
    site.hub.mute = true;
    site.hub.offer(work);
    await receiptOf(sha256(work.manifest));
    const names = readdirSync(site.stateDir, { recursive: true, encoding: "utf8" });
    expect(names.some((name) => name.startsWith("spool/"))).toBe(true);
    const open = names.filter((name) => (statSync(join(site.stateDir, name)).mode & 0o077) !== 0);
    expect(open).toEqual([]);
  });
});

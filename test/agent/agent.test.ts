import { afterEach, describe, expect, it } from "vitest";
import { jcs, sha256 } from "../../shared/bytes.ts";
import { TEXT_SOURCE, type TaskSpec } from "../../shared/documents/manifest.ts";
import { PlanReceipt, Receipt } from "../../shared/documents/receipt.ts";
import { openEnvelope, signEnvelope } from "../../shared/envelope.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import { changeTask, id, makeGrant, makeManifest } from "../../shared/testing/org.ts";
import { signerFrom } from "../../shared/keys.ts";
import { openConfiguration } from "../../shared/sealed.ts";
import { Vault } from "../../agent/vault/vault.ts";
import { vaultPath } from "../../agent/config.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

let site: Site;
afterEach(async (context) => {
  if (context.task.result?.state === "fail")
    console.error(
      site.log.join("\n"),
      site.hub.faults,
      site.hub.said.map((message) => message.kind),
    );
  await site.stop();
});
const r1 = "ams-r1" as DeviceId;
const r2 = "ams-r2" as DeviceId;

/** The receipts that are at the hub, opened with the agent's own key. */
async function receipts(): Promise<Receipt[]> {
  const key = site.hub.agentKey;
  return Promise.all(
    site.hub
      .records("receipt")
      .map(async ({ envelope }) =>
        Receipt.parse((await openEnvelope("farhand-receipt+jws", envelope, () => key)).value),
      ),
  );
}

const receiptOf = (manifest: Digest): Promise<Receipt> =>
  until("a receipt", async () => (await receipts()).find((receipt) => receipt.manifest === manifest));

/** A change that adds a line to r1, with everything in it that its plan would have said. */
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

describe("signed reads", () => {
  it("collect both forms of a configuration, and the receipts are a chain", async () => {
    site = await makeSite();
    await site.start();
    const work = await site.work([
      { kind: "collect", device: r1 },
      { kind: "collect", device: r2 },
    ]);
    site.hub.offer(work);
    const first = await receiptOf(sha256(work.manifest));
    expect(first).toMatchObject({ outcome: "SUCCEEDED", index: 1, prev: null, signers: ["ann", "bob"], persons: 2 });
    const after = first.tasks[0]?.after;
    const publicText = await until("the public form", () => site.hub.blob(after?.public.sha256 ?? ""));
    expect(new TextDecoder().decode(publicText)).toBe("hostname ams-r1\nntp server 192.0.2.9\n");
    const sealed = await until("the sealed form", () => site.hub.blob(after?.sealed ?? ""));
    const again = await site.work([{ kind: "collect", device: r1 }]);
    site.hub.offer(again);
    const second = await receiptOf(sha256(again.manifest));
    expect(second).toMatchObject({ index: 2, prev: sha256(jcs(first)) });
    expect(site.hub.faults).toEqual([]);
    expect(sealed.length).toBeGreaterThan(100);
  });

  it("run commands: live for the eye, whole as a text, and the transcript", async () => {
    site = await makeSite();
    site.device("ams-r1").outputBytes = 500_000;
    await site.start();
    const work = await site.work([{ kind: "run", device: r1, commands: ["show version"] }]);
    site.hub.offer(work);
    const receipt = await receiptOf(sha256(work.manifest));
    const output = receipt.tasks[0]?.output;
    const whole = await until("the output", () => site.hub.blob(output?.sha256 ?? ""));
    expect(whole.length).toBeGreaterThan(500_000);
    await until("the last live record", () => site.hub.records("output").find((record) => record.last));
    await until("the transcript", () => site.hub.blob(receipt.tasks[0]?.transcript?.sha256 ?? ""));
  });

  it("plan under a grant, without sending the text, in a plan signed by the agent", async () => {
    site = await makeSite();
    await site.start();
    const grant = makeGrant(site.org);
    const authority = await signEnvelope("farhand-grant+jws", grant, [site.org.people.ann]);
    const { bytes, digest } = makeManifest(site.org, {
      tasks: [
        {
          kind: "plan",
          device: r1,
          mode: "merge",
          source: TEXT_SOURCE,
          text: site.text("ntp server 192.0.2.10\n"),
          verify: [],
        },
      ],
    });
    site.hub.offer({ kind: "grant", authority, authorityDigest: sha256(jcs(grant)), manifest: bytes });
    expect(await receiptOf(digest)).toMatchObject({ outcome: "SUCCEEDED", index: 2 });
    const envelope = site.hub.records("plan")[0]?.envelope;
    if (!envelope) throw new Error("no plan");
    const plan = PlanReceipt.parse((await openEnvelope("farhand-plan+jws", envelope, () => site.hub.agentKey)).value);
    expect(plan).toMatchObject({ index: 1, devices: [{ ok: true, level: "B", platformDigest: "0".repeat(64) }] });
    expect(site.device("ams-r1").applies).toBe(0);
  });

  it("plan nothing for a text that holds a secret: its diff would tell the hub whether a guess was right", async () => {
    site = await makeSite();
    await site.start();
    const grant = makeGrant(site.org);
    const authority = await signEnvelope("farhand-grant+jws", grant, [site.org.people.ann]);
    const text = site.text("snmp-server community guess RO\n");
    const { bytes, digest } = makeManifest(site.org, {
      tasks: [{ kind: "plan", device: r1, mode: "merge", source: TEXT_SOURCE, text, verify: [] }],
    });
    site.hub.offer({ kind: "grant", authority, authorityDigest: sha256(jcs(grant)), manifest: bytes });
    const receipt = await receiptOf(digest);
    expect(receipt.tasks).toMatchObject([{ state: "FAILED", code: "TEXT_REFUSED", diff: null }]);
    expect(site.hub.records("blob").filter((record) => record.media === "diff")).toEqual([]);
  });
});

describe("a signed change", () => {
  it("is applied once, proved and saved", async () => {
    site = await makeSite();
    await site.start();
    const work = await site.work([addLine("ntp server 192.0.2.10")]);
    site.hub.offer(work);
    const receipt = await receiptOf(sha256(work.manifest));
    expect(receipt.tasks[0]).toMatchObject({ state: "DONE", code: null, applies: 1, level: "B" });
    const device = site.device("ams-r1");
    expect(device.saved).toContain("ntp server 192.0.2.10");
    expect(device.armed).toBeUndefined();
    const states = site.hub.records("task").map((record) => record.state);
    expect(states).toEqual(["PRECHECK", "APPLYING", "CONFIRM_WAIT", "DONE"]);
    expect(site.hub.blob(receipt.tasks[0]?.diff?.sha256 ?? "")).toBeDefined();
  });

  it("leaves a device alone that is not as it was reviewed", async () => {
    site = await makeSite();
    await site.start();
    const task = addLine("ntp server 192.0.2.10");
    site.device("ams-r1").lines.push("somebody was here");
    const work = await site.work([task]);
    site.hub.offer(work);
    expect((await receiptOf(sha256(work.manifest))).tasks[0]).toMatchObject({ state: "DRIFTED", applies: 0 });
    expect(site.device("ams-r1").applies).toBe(0);
  });

  it("on the way home is kept only after a fresh connection to the hub, and undone without one", async () => {
    site = await makeSite({ wayHome: [r1] });
    await site.start();
    const kept = await site.work([addLine("ntp server 192.0.2.10")]);
    site.hub.offer(kept);
    expect((await receiptOf(sha256(kept.manifest))).tasks[0]).toMatchObject({ state: "DONE" });
    expect(site.hub.wayHomes).toBe(1);
    site.hub.wayHomeOpen = false;
    const undone = await site.work([addLine("ntp server 192.0.2.11")]);
    site.hub.offer(undone);
    expect((await receiptOf(sha256(undone.manifest))).tasks[0]).toMatchObject({
      state: "ROLLED_BACK",
      code: "WAY_HOME_LOST",
      applies: 1,
    });
    expect(site.device("ams-r1").lines).not.toContain("ntp server 192.0.2.11");
  });

  it("is held by a person's cancel until it is where it is safe", async () => {
    site = await makeSite();
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    site.device("ams-r1").during = async (operation) => {
      if (operation !== "apply") return;
      reached.resolve();
      await go.promise;
    };
    await site.start();
    const work = await site.work([addLine("ntp server 192.0.2.10")]);
    const manifest = sha256(work.manifest);
    site.hub.offer(work);
    await reached.promise;
    const payload = {
      type: "cancel",
      v: 1,
      org: id.org,
      hub: "hub-1",
      agent: id.agentAms,
      manifest,
      attempt: 1,
      generation: 1,
      reason: "no",
      iat: site.org.nowSeconds,
    };
    site.hub.send("cancel", { cancel: await signEnvelope("farhand-cancel+jws", payload, [site.org.hub]) });
    await until("the answer", () =>
      site.hub.said.some((message) => message.kind === "canceled" && message.header.state === "RUNNING"),
    );
    go.resolve();
    expect((await receiptOf(manifest)).tasks[0]).toMatchObject({ state: "DONE", applies: 1 });
  });

  it.each(["arm", "apply", "confirm", "save"])(
    "that an agent's end cuts off at %s comes to a true end at the next start",
    async (at) => {
      site = await makeSite();
      const device = site.device("ams-r1");
      const reached = Promise.withResolvers<void>();
      device.during = (operation, signal) => {
        if (operation !== at) return Promise.resolve();
        reached.resolve();
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      };
      const agent = await site.start();
      const work = await site.work([addLine("ntp server 192.0.2.10")]);
      site.hub.offer(work);
      await reached.promise;
      await agent.stop();
      device.during = () => Promise.resolve();
      await site.start();
      const receipt = await receiptOf(sha256(work.manifest));
      const isApplied = device.lines.includes("ntp server 192.0.2.10");
      expect(receipt.tasks[0]?.state).toBe(isApplied ? "DONE" : "ROLLED_BACK");
      expect(receipt.tasks[0]?.applies).toBe(1);
      expect(device.applies).toBe(1);
      expect(device.armed).toBeUndefined();
    },
  );
});

describe("what people did not sign", () => {
  const rejected = (): Promise<string> =>
    until(
      "a reject",
      () => site.hub.said.flatMap((message) => (message.kind === "reject" ? [message.header.code] : []))[0],
    );

  it.each([
    ["signed by the author alone", "THRESHOLD"],
    ["altered by one byte", "MANIFEST_UNKNOWN"],
    ["with a destructive line and a smaller claim", "RISK_UNDERSTATED"],
    ["for a document that has expired", "EXPIRED"],
  ])("%s is rejected as %s and no device hears of it", async (what, code) => {
    site = await makeSite();
    await site.start();
    const past = site.org.nowSeconds - 7200;
    let work = await site.work([addLine(code === "RISK_UNDERSTATED" ? "erase startup" : "ntp server 192.0.2.10")], {
      ...(code === "THRESHOLD" ? { signers: [site.org.people.ann] } : {}),
      ...(code === "EXPIRED"
        ? { warrant: { iat: past, nbf: past, exp: past + 60, waves: [{ notBefore: past, manifests: [0] }] } }
        : {}),
    });
    if (code === "MANIFEST_UNKNOWN") {
      const manifest = work.manifest.slice();
      manifest[manifest.indexOf(0x6a)] = 0x6b;
      work = { ...work, manifest };
    }
    site.hub.offer(work);
    expect(await rejected()).toBe(code);
    expect(site.device("ams-r1").opens).toBe(0);
    expect(what).toBeTruthy();
  });

  it("offered again under another number is a replay", async () => {
    site = await makeSite();
    await site.start();
    const work = await site.work([{ kind: "collect", device: r1 }]);
    site.hub.offer(work);
    await receiptOf(sha256(work.manifest));
    const { opens } = site.device("ams-r1");
    site.hub.offer(work);
    expect(await rejected()).toBe("REPLAY");
    expect(site.device("ams-r1").opens).toBe(opens);
  });

  it("an offer that nobody vouches for is not even answered", async () => {
    site = await makeSite();
    await site.start();
    const work = await site.work([{ kind: "collect", device: r1 }]);
    site.hub.offer({ ...work, over: { nonce: "A".repeat(43) } });
    await until("the refusal in the log", () => site.log.some((line) => line.includes("NONCE")));
    expect(site.hub.said.some((message) => message.kind === "accept" || message.kind === "reject")).toBe(false);
  });
});

describe("a cancel", () => {
  it("that comes before its offer wins", async () => {
    site = await makeSite();
    await site.start();
    await until("the link", () => site.hub.connections > 0 && site.log.some((line) => line.startsWith("link-up")));
    const work = await site.work([{ kind: "collect", device: r1 }]);
    const manifest = sha256(work.manifest);
    const payload = {
      type: "cancel",
      v: 1,
      org: id.org,
      hub: "hub-1",
      agent: id.agentAms,
      manifest,
      attempt: 1,
      generation: 1,
      reason: "no",
      iat: site.org.nowSeconds,
    };
    site.hub.send("cancel", { cancel: await signEnvelope("farhand-cancel+jws", payload, [site.org.hub]) });
    await until("the answer", () => site.hub.said.some((message) => message.kind === "canceled"));
    site.hub.offer(work);
    expect(await receiptOf(manifest)).toMatchObject({ outcome: "CANCELED", code: "CANCELED" });
    expect(site.device("ams-r1").opens).toBe(0);
  });
});

describe("the link", () => {
  it("loses and doubles nothing when it is cut again and again", async () => {
    site = await makeSite();
    site.hub.creditBytes = 400_000;
    const device = site.device("ams-r1");
    device.outputBytes = 3_000_000;
    await site.start();
    const work = await site.work([{ kind: "run", device: r1, commands: ["show version"] }]);
    site.hub.offer(work);
    for (let cuts = 0; cuts < 3; cuts++) {
      const seen = [...site.hub.lanes.values()].flat().length;
      await until("more records", () => [...site.hub.lanes.values()].flat().length > seen + 3);
      site.hub.cut();
    }
    const receipt = await receiptOf(sha256(work.manifest));
    await until("the output", () => site.hub.blob(receipt.tasks[0]?.output?.sha256 ?? ""));
    expect(site.hub.faults.filter((fault) => !/terminated|closed/.test(fault))).toEqual([]);
  });

  it("does not speak to a hub that has another key", async () => {
    site = await makeSite();
    const other = await makeSite();
    const agent = await site.start();
    await until("the link", () => agent.isLive());
    await agent.stop();
    // The right certificate, the wrong hub key.
    const hello = site.hub.said.length;
    Object.assign(site.hub, { org: { ...site.org, hub: other.org.hub } });
    const again = await site.start();
    await until("the refusal", () => site.log.some((line) => line.includes("CHALLENGE")));
    expect(again.isLive()).toBe(false);
    expect(site.hub.said.slice(hello).every((message) => message.kind === "hello")).toBe(true);
    await other.stop();
  });
});

describe("one process", () => {
  it("holds a state folder", async () => {
    site = await makeSite();
    await site.start();
    await expect(site.start()).rejects.toThrow("ALREADY_RUNNING");
  });

  it("opens what it sealed", async () => {
    site = await makeSite();
    const agent = await site.start();
    const work = await site.work([{ kind: "collect", device: r1 }]);
    site.hub.offer(work);
    const receipt = await receiptOf(sha256(work.manifest));
    const sealed = await until("the sealed form", () => site.hub.blob(receipt.tasks[0]?.after?.sealed ?? ""));
    await agent.drain();
    const vault = await Vault.open({ path: vaultPath(site.stateDir), org: id.org, agent: id.agentAms }, site.key);
    const { box, sign } = await vault.identity();
    expect(await openConfiguration(sealed, { org: id.org, site: id.ams, device: r1 }, box)).toContain(
      "hostname ams-r1",
    );
    expect((await signerFrom(sign)).publicKey).toBe(site.hub.agentKey);
    await vault.close();
  });
});

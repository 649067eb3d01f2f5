import { afterEach, describe, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import { Agents } from "../../shared/documents/agents.ts";
import { Receipt } from "../../shared/documents/receipt.ts";
import { openEnvelope, peekPayload, readAs, signEnvelope } from "../../shared/envelope.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import { changeTask, id } from "../../shared/testing/org.ts";
import { nextUpdate } from "../../shared/testing/trust-set.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

let site: Site;
afterEach(() => site.stop());
const r1 = "ams-r1" as DeviceId;

async function sendBan(by: Signer): Promise<void> {
  const held = readAs(Agents, peekPayload(site.org.agentsEnvelope));
  const agents = held.agents.map((entry) =>
    entry.id === id.agentAms ? { ...entry, status: "banned" as const, reason: "jump host stolen" } : entry,
  );
  const banned = await signEnvelope("farhand-agents+jws", { ...held, version: held.version + 1, agents }, [by]);
  const { view } = site.org;
  const update = await nextUpdate(view.set, [by], { agents: banned }, Date.now());
  await site.hub.publish(update);
}
const logged = (what: string): Promise<boolean> => until(what, () => site.log.some((line) => line.includes(what)));
const receiptOf = (manifest: Digest): Promise<Receipt> =>
  until("a receipt", async () => {
    const key = site.hub.agentKey;
    for (const { envelope } of site.hub.records("receipt")) {
      const receipt = Receipt.parse((await openEnvelope("farhand-receipt+jws", envelope, () => key)).value);
      if (receipt.manifest === manifest) return receipt;
    }
    return undefined;
  });

describe("T29 an agent that learns from signed agents.json that it is banned", () => {
  it("T29: gives up a read, says why, takes nothing more, and starts nothing after a restart", async () => {
    site = await makeSite();
    const device = site.device("ams-r1");
    const reached = Promise.withResolvers<void>();
    device.during = (_operation, signal) => {
      reached.resolve();
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    };
    const agent = await site.start();
    const running = await site.work([{ kind: "collect", device: r1 }]);
    site.hub.offer(running);
    await reached.promise;
    await sendBan(site.org.people.kim);
    const receipt = await receiptOf(sha256(running.manifest));
    expect(receipt.tasks[0]).toMatchObject({ state: "FAILED", code: "AGENT_BANNED" });
    expect(site.log.join("\n")).toContain("jump host stolen");
    const opens = device.opens;

    site.hub.offer(await site.work([{ kind: "collect", device: r1 }]));
    await until("the refusal", () =>
      site.hub.said.some((message) => message.kind === "reject" && message.header.code === "AGENT_BANNED"),
    );
    await agent.stop();
    site.log.length = 0;
    await site.start();
    await logged("jump host stolen");
    expect(device.opens).toBe(opens);
  });

  it("T29: brings a change that is under way to where it is safe", async () => {
    site = await makeSite();
    const device = site.device("ams-r1");
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    device.during = async (operation) => {
      if (operation !== "apply") return;
      reached.resolve();
      await go.promise;
    };
    await site.start();
    const line = "ntp server 192.0.2.10";
    const before = device.lines.map((entry) => `${entry}\n`).join("");
    const work = await site.work([
      changeTask("ams-r1", {
        text: site.text(`${line}\n`),
        preImage: sha256(before),
        diff: site.text(JSON.stringify([{ line, op: "add", path: [] }])),
        commands: site.text(JSON.stringify([line])),
      }),
    ]);
    site.hub.offer(work);
    await reached.promise;
    await sendBan(site.org.people.kim);
    await logged("jump host stolen");
    go.resolve();
    const receipt = await receiptOf(sha256(work.manifest));
    expect(["DONE", "ROLLED_BACK"]).toContain(receipt.tasks[0]?.state);
    expect(device.armed).toBeUndefined();
  });

  it("T29: does not stop on the hub's word", async () => {
    site = await makeSite();
    await site.start();
    await until("the link", () => site.log.some((entry) => entry.startsWith("link-up")));
    await sendBan(site.org.hub);
    await logged("trust-refused");
    const work = await site.work([{ kind: "collect", device: r1 }]);
    site.hub.offer(work);
    expect((await receiptOf(sha256(work.manifest))).tasks[0]?.state).toBe("DONE");
  });
});
